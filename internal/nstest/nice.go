package nstest

import "golang.org/x/sys/unix"

// Nicer returns a nice value that is n above that of the tests, which an ordinary user may
// always have: nice(1) may have started them.
func Nicer(n int) int {
	// The system call returns 20 minus the value, see getpriority(2).
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return n
	}
	return min(20-own+n, 19)
}

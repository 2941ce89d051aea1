package siginfo

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Values of si_code for SIGCHLD and for waitid(2): what has become of a child; see sigaction(2).
const (
	Exited    = 1 + iota // CLD_EXITED
	Killed               // CLD_KILLED
	Dumped               // CLD_DUMPED: killed, and its core was dumped
	Trapped              // CLD_TRAPPED: it has asked to be traced
	Stopped              // CLD_STOPPED
	Continued            // CLD_CONTINUED
)

// ChildStatus is si_status, the exit status or the signal: after si_signo, si_errno, si_code and 4 bytes of
// padding come si_pid, si_uid and si_status of 4 bytes each.
func ChildStatus(info *unix.Siginfo) int {
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(info), 24)))
}

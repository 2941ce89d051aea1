package signals

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// queue is sigqueue(3).
func queue(t *testing.T, pid int, sig unix.Signal, value int) {
	t.Helper()
	const siQueue = -1
	// siginfo_t: si_signo, si_errno, si_code and padding, si_pid, si_uid, si_value
	info := [16]int64{int64(sig), siQueue & 0xffffffff, int64(unix.Getpid()), int64(value)}
	if _, _, e := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&info))); e != 0 {
		t.Fatal(e)
	}
}

// A real-time signal reaches the command as often as it was sent, each with its value, also if
// the launcher could not take them one by one. No shell can count them: it runs
// a trap once for all that came meanwhile.
func TestSignalsQueued(t *testing.T) {
	const sig = unix.Signal(35)
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range systest.Ways() {
			for _, count := range []int{3, 2000} {
				l := systest.StartLive(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile,
					"env", "--block-signal=RTMIN+1", nstest.Probe(t), "-queued", fmt.Sprint(count)))
				pid := l.Cmd.Process.Pid
				l.Send(unix.SIGSTOP)
				systest.Until(t, func() bool { return systest.StatField(t, pid, 0) == "T" })
				var want []string
				for n := range count {
					queue(t, pid, sig, n)
					want = append(want, fmt.Sprint(int(sig), ":", n))
				}
				l.Send(unix.SIGCONT)
				said := strings.Fields(l.Ends())
				got, status := said[:len(said)-3], strings.Join(said[len(said)-3:], " ")
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) || status != "exit status 0" {
					t.Errorf("%s: %d signals and %s; want each of %d once", w.Name, len(got), status, count)
				}
			}
		}
	})
}

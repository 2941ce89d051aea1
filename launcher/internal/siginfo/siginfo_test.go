package siginfo

import (
	"os/signal"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Each signal comes as often as it was sent, with its origin; those that are
// not received are as before.
func TestReceive(t *testing.T) {
	const first, last = syscall.Signal(34), syscall.Signal(64)
	r, err := Receive([]syscall.Signal{unix.SIGUSR1, unix.SIGTERM, first, last})
	if err != nil {
		t.Fatal(err)
	}
	var want []Info
	for range 100 {
		for _, s := range []syscall.Signal{first, last} {
			if err := unix.Kill(unix.Getpid(), s); err != nil {
				t.Fatal(err)
			}
			want = append(want, Info{Signal: s})
		}
	}
	if err := unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	const tkill = -6 // SI_TKILL
	want = append(want, Info{Signal: unix.SIGTERM, Code: tkill})
	var all []Info
	for range want {
		i, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Info{Signal: i.Signal, Code: i.Code})
	}
	order := func(a, b Info) int { return int(a.Signal - b.Signal) }
	slices.SortStableFunc(all, order)
	slices.SortStableFunc(want, order)
	more, err := unix.Poll([]unix.PollFd{{Fd: int32(r.FD()), Events: unix.POLLIN}}, 0)
	if !slices.Equal(all, want) || more != 0 || err != nil {
		t.Errorf("%d signals %v; want %d", len(all), all, len(want))
	}
	signal.Ignore(unix.SIGUSR2)
	defer signal.Reset(unix.SIGUSR2)
	if Ignored(unix.SIGUSR1) || !Ignored(unix.SIGUSR2) {
		t.Error("USR2 is ignored and USR1 is not; told otherwise")
	}
}

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
	got := make(chan Info, 1000)
	if err := Receive([]syscall.Signal{unix.SIGUSR1, unix.SIGTERM, first, last}, func(i Info) { got <- i }); err != nil {
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
		i := <-got
		all = append(all, Info{Signal: i.Signal, Code: i.Code})
	}
	order := func(a, b Info) int { return int(a.Signal - b.Signal) }
	slices.SortStableFunc(all, order)
	slices.SortStableFunc(want, order)
	if !slices.Equal(all, want) || len(got) != 0 {
		t.Errorf("%d signals %v; want %d", len(all), all, len(want))
	}
	signal.Ignore(unix.SIGUSR2)
	defer signal.Reset(unix.SIGUSR2)
	if Ignored(unix.SIGUSR1) || !Ignored(unix.SIGUSR2) {
		t.Error("USR2 is ignored and USR1 is not; told otherwise")
	}
}

package siginfo

import (
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
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

// After block no other thread takes a signal: it waits for this one.
func TestBlock(t *testing.T) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its masks
	started := make(chan bool)
	for range 4 { // more threads
		go func() { runtime.LockOSThread(); started <- true; select {} }()
	}
	for range 4 {
		<-started
	}
	var all, old unix.Sigset_t
	all.Val[0] = ^uint64(0)
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("/proc/self/task/*/status") // the runtime may start more later
	if err != nil || len(files) < 4 {
		t.Fatalf("%d threads, %v", len(files), err)
	}
	others, err := otherThreads()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(others.dir)
	if call, errno := others.block(); errno != 0 {
		t.Fatal(call, errno)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && !strings.Contains(string(text), "SigBlk:\tfffffffffffbfeff\n") {
			t.Errorf("%s: %s", file, text)
		}
	}
}

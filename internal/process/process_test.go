package process

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOwn(t *testing.T) {
	p, err := At(os.Getpid())
	if err != nil || p.Start == 0 || !p.Running() || p.Stopped() {
		t.Fatalf("%+v, %v", p, err)
	}
	fd, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// One that has the pid of another is not that one.
func TestRecycled(t *testing.T) {
	p, err := At(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.Gone() {
		t.Error("this process is gone")
	}
	p.Start--
	if p.Running() || !p.Gone() {
		t.Error("a process with another start time is taken for this one")
	}
	if _, err := p.Open(); err != unix.ESRCH {
		t.Errorf("open: %v; want ESRCH", err)
	}
}

// One that has ended is not running, reaped or not.
func TestEnded(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := At(cmd.Process.Pid)
	if err != nil || !p.Running() {
		t.Fatalf("%+v, %v", p, err)
	}
	fd, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_ = cmd.Process.Kill()
	if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != nil {
		t.Fatal(err)
	}
	if p.Running() || !p.Gone() {
		t.Error("a zombie is running")
	}
	_ = cmd.Wait()
	if _, err := At(p.PID); err != unix.ESRCH {
		t.Errorf("after its end: %v", err)
	}
	if _, err := p.Open(); err == nil {
		t.Error("one that was reaped can be opened")
	}
}

func TestParse(t *testing.T) {
	const rest = " 7 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 %d 18 4711 20 21\n"
	for _, name := range []string{"sh", "a) R 1 (b", "x y", ""} {
		got, err := parse(12, fmt.Appendf(nil, "12 (%s) S"+rest, name, 3))
		if want := (Stat{Process{12, 4711}, 7, name, 'S', 3, 11 + 12}); got != want || err != nil {
			t.Errorf("%q: %+v, %v; want %+v", name, got, err, want)
		}
	}
	for _, row := range []struct {
		state   byte
		threads int
		ended   bool
	}{{'S', 1, false}, {'Z', 1, true}, {'Z', 0, true}, {'X', 0, true}, {'Z', 2, false}} {
		s, err := parse(12, fmt.Appendf(nil, "12 (sh) %c"+rest, row.state, row.threads))
		if s.Ended() != row.ended || err != nil {
			t.Errorf("%c with %d threads: ended %v, %v", row.state, row.threads, s.Ended(), err)
		}
	}
	for _, bad := range []string{"", "12 (sh) S 1", "12 sh", "3 (a", ") (", ")" + fmt.Sprintf(rest, 1),
		"12 (sh) S x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 4711", "12 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 x 18 4711",
		"12 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 x", "12 (sh) S 1 2 3 4 5 6 7 8 9 10 x 12 13 14 15 16 1 18 4711"} {
		if s, err := parse(12, []byte(bad)); err == nil {
			t.Errorf("%q is taken for %+v", bad, s)
		}
	}
}

func TestBelow(t *testing.T) {
	of := func(pid, parent int) Stat { return Stat{Process: Process{PID: pid}, Parent: parent} }
	all := []Stat{of(1, 0), of(5, 2), of(2, 1), of(3, 1), of(4, 2), of(6, 5)}
	want := []Stat{of(5, 2), of(4, 2), of(6, 5)}
	if got := Below(all, 2); !slices.Equal(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
	all, err := All()
	if err != nil || !slices.ContainsFunc(Below(all, os.Getppid()), func(s Stat) bool { return s.PID == os.Getpid() && !s.Ended() }) {
		t.Errorf("this process is not below its parent: %v", err)
	}
}

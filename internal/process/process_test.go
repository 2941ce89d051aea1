package process

import (
	"os"
	"os/exec"
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
	p.Start--
	if p.Running() {
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
	if p.Running() {
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
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n"
	for _, name := range []string{"sh", "a) R 1 (b", "x y"} {
		start, state, err := parse([]byte("12 (" + name + ")" + rest))
		if start != 4711 || state != 'S' || err != nil {
			t.Errorf("%q: %d, %c, %v", name, start, state, err)
		}
	}
	for _, bad := range []string{"", "12 (sh) S 1", "12 sh"} {
		if _, _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

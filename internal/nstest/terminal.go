package nstest

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo-terminal with a command on it, and we are who types.
type Terminal struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File

	mu      sync.Mutex
	output  strings.Builder
	seen    int           // how much of output Expect has passed
	changed chan struct{} // output has grown, or ended
	ended   bool
}

// StartTerminal starts a command of u on a new terminal of 24 rows and 80
// columns: its standard files, and the controlling terminal of its session. If
// it still runs when the test ends it is killed.
func (u User) StartTerminal(t testing.TB, cmd *exec.Cmd) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &Terminal{t: t, cmd: cmd, master: master, changed: make(chan struct{}, 1)}
	term.Resize(24, 80)
	slave := term.peer()
	defer slave.Close()
	// As login does it: the user may open it by its name.
	if err := slave.Chown(u.UID, u.GID); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty, cmd.SysProcAttr.Ctty = true, true, 0
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = master.Close()
	})
	go term.read()
	return term
}

// peer opens the command's side, which needs no devpts where we are.
func (p *Terminal) peer() *os.File {
	p.t.Helper()
	slave := -1
	p.control(func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
		result, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, flags)
		if errno != 0 {
			return errno
		}
		slave = int(result)
		return nil
	})
	return os.NewFile(uintptr(slave), "terminal")
}

// control calls with the descriptor. File.Fd would make reads block for good.
func (p *Terminal) control(call func(fd int) error) {
	p.t.Helper()
	conn, err := p.master.SyscallConn()
	if err == nil {
		var callErr error
		if err = conn.Control(func(fd uintptr) { callErr = call(int(fd)) }); err == nil {
			err = callErr
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// read collects the output until no process has the terminal open: EIO.
func (p *Terminal) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := p.master.Read(buffer)
		p.mu.Lock()
		p.output.Write(buffer[:n])
		p.ended = err != nil
		p.mu.Unlock()
		select {
		case p.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Send types text: "\r" is Enter, "\x03" Ctrl-C, "\x1a" Ctrl-Z, "\x04" Ctrl-D.
func (p *Terminal) Send(text string) {
	p.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.t.Fatalf("typing %q: %v\n%s", text, err, p.Output())
	}
}

// Expect waits until the output has text in it, after what the last Expect has
// found, and passes over it. Mind the echo: what is sent comes back as well. And
// send to a shell only what it has prompted for, or it may lose some of it.
func (p *Terminal) Expect(text string) {
	p.t.Helper()
	timeout := time.After(limit)
	for {
		p.mu.Lock()
		at := strings.Index(p.output.String()[p.seen:], text)
		if at >= 0 {
			p.seen += at + len(text)
		}
		ended := p.ended
		p.mu.Unlock()
		switch {
		case at >= 0:
			return
		case ended:
			p.t.Fatalf("the terminal is closed, and no %q in\n%s", text, p.Output())
		}
		select {
		case <-p.changed:
		case <-timeout:
			p.t.Fatalf("no %q in\n%s", text, p.Output())
		}
	}
}

// Output is all that was written to the terminal, with its "\r\n".
func (p *Terminal) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// Resize gives the terminal another size, and its foreground a SIGWINCH.
func (p *Terminal) Resize(rows, columns int) {
	p.t.Helper()
	p.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(columns)})
	})
}

// Foreground is the process group in the foreground of the terminal.
func (p *Terminal) Foreground() int {
	p.t.Helper()
	group := 0
	p.control(func(fd int) error {
		var err error
		group, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		return err
	})
	return group
}

// Wait waits for the command's end and returns how it ended; Stdout is all
// that was written to the terminal.
func (p *Terminal) Wait() Result {
	p.t.Helper()
	return finish(p.t, p.cmd, func() (string, string) {
		for !p.closed() {
			select {
			case <-p.changed:
			case <-time.After(limit / 6):
				p.t.Fatalf("the command has ended, its terminal is still in use\n%s", p.Output())
			}
		}
		return p.Output(), ""
	})
}

func (p *Terminal) closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

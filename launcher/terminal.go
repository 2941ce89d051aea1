package launcher

import (
	"os"
	"sync"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal, for handing it to the command's
// process group and taking it back.
type terminal struct {
	own   int           // the launcher's process group
	modes *unix.Termios // as they were

	mu   sync.Mutex
	fd   int // -1 without one
	gave bool
}

// openTerminal opens the controlling terminal, if there is one.
func openTerminal(controlling bool) *terminal {
	t := &terminal{fd: -1, own: unix.Getpgrp()}
	if !controlling {
		return t
	}
	var err error
	if t.fd, err = host.OpenTTY(); err != nil {
		t.fd = -1
		return t
	}
	t.modes, _ = unix.IoctlGetTermios(t.fd, unix.TCGETS)
	return t
}

// foreground reports whether the launcher's own group has the terminal.
func (t *terminal) foreground() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.isForeground()
}

func (t *terminal) isForeground() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == t.own
}

// give makes a process group the foreground one, if the launcher's own is.
// A shell may have taken the terminal back at any time.
func (t *terminal) give(group int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isForeground() {
		return nil
	}
	err := t.set(group)
	if err == nil {
		t.gave = true
	}
	return err
}

// takeBack makes the launcher's group the foreground one again where it was
// before, unless a shell above has taken the terminal. The error is not
// told: the terminal may be gone.
func (t *terminal) takeBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gave {
		return
	}
	t.gave = false
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err == nil && group != t.own && !groupAbove(group) {
		_ = t.set(t.own)
	}
}

// restore sets the modes that the terminal had at the start, as a shell does
// after a command that was killed: it could not do so itself.
func (t *terminal) restore() {
	if t.modes != nil && t.foreground() {
		_ = unix.IoctlSetTermios(t.fd, unix.TCSETSW, t.modes)
	}
}

func (t *terminal) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fd >= 0 {
		unix.Close(t.fd)
		t.fd = -1
	}
}

// set sets the foreground process group. One who is in the background gets
// SIGTTOU for it unless that is blocked.
func (t *terminal) set(group int) error {
	return withBlocked(unix.SIGTTOU, func() error {
		return os.NewSyscallError("tcsetpgrp", unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group))
	})
}

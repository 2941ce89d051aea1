// Package tty hands the caller's terminal to the command and takes it back, or gives the command a pseudoterminal and relays
// between the two.
package tty

import (
	"os"
	"sync"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// OpenControlling opens the controlling terminal; ENXIO if the process has none.
func OpenControlling() (int, error) {
	return unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}

// Terminal is the controlling terminal, for handing it to the command's process group and taking it back.
type Terminal struct {
	mu    sync.Mutex
	fd    int // -1 without one
	state State
}

// State is what has to be known to give a terminal back. It is of fixed size.
type State struct {
	Own      int  // the launcher's process group
	Gave     bool // the command's group has it, or had it last
	HasModes bool
	Modes    unix.Termios // as they were before the launch
}

// Open opens the controlling terminal, if the process has one.
func Open(has bool) *Terminal {
	t := Resume(has, State{Own: unix.Getpgrp()})
	if t.fd >= 0 {
		if modes, err := unix.IoctlGetTermios(t.fd, unix.TCGETS); err == nil {
			t.state.HasModes, t.state.Modes = true, *modes
		}
	}
	return t
}

// Resume is [Open] for a process that goes on with what another has begun.
func Resume(has bool, s State) *Terminal {
	t := &Terminal{fd: -1, state: s}
	if !has {
		return t
	}
	if fd, err := OpenControlling(); err == nil {
		t.fd = fd
	}
	return t
}

// FD is the terminal's descriptor, -1 without one.
func (t *Terminal) FD() int { return t.fd }

// State returns what another process needs to go on.
func (t *Terminal) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// Own is the launcher's process group.
func (t *Terminal) Own() int { return t.state.Own }

// Foreground reports whether the launcher's own group has the terminal.
func (t *Terminal) Foreground() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.isForeground()
}

func (t *Terminal) isForeground() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == t.state.Own
}

// Give makes a process group the foreground one, if the launcher's own is.
// A shell may have taken the terminal back at any time.
func (t *Terminal) Give(group int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isForeground() {
		return nil
	}
	err := t.set(group)
	if err == nil {
		t.state.Gave = true
	}
	return err
}

// TakeBack makes the launcher's group the foreground one again where it was
// before, unless a shell above has taken the terminal. The error is not
// reported: the terminal may be gone.
func (t *Terminal) TakeBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.state.Gave {
		return
	}
	t.state.Gave = false
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err == nil && group != t.state.Own && !process.GroupAbove(group) {
		_ = t.set(t.state.Own)
	}
}

// Restore sets the modes that the terminal had at the start, as a shell does
// after a command that was killed: it could not do so itself.
func (t *Terminal) Restore() {
	if t.state.HasModes && t.Foreground() {
		_ = unix.IoctlSetTermios(t.fd, unix.TCSETSW, &t.state.Modes)
	}
}

// Close closes the descriptor.
func (t *Terminal) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fd >= 0 {
		unix.Close(t.fd)
		t.fd = -1
	}
}

// set sets the foreground process group. One who is in the background gets
// SIGTTOU for it unless that is blocked.
func (t *Terminal) set(group int) error {
	return siginfo.WithBlocked(siginfo.Bit(unix.SIGTTOU), func() error {
		return os.NewSyscallError("tcsetpgrp", unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group))
	})
}

package tty

import (
	"sync"

	"golang.org/x/sys/unix"
)

// rawMode is the mode of the caller's terminal in which every key is passed on. See [keyboard].
func rawMode(t unix.Termios) unix.Termios { // as cfmakeraw(3)
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return t
}

// keyboard is the caller's terminal as input. There are two ways to use it.
//
// Where the command has it to itself, it is raw as long as the command runs. Where it is shared, as by the
// programs of a pipeline, it keeps its modes: lines are read only if they are for the command's standard
// input, and only while no other program, such as a pager, has changed the modes. It is
// made to follow the command's terminal once the command changes the modes of that, as to ask for a password.
type keyboard struct {
	fd     int  // -1: there is none
	typed  bool // it is the command's standard input
	shared bool // other programs may use it

	mu    sync.Mutex
	saved *unix.Termios // the modes before, while they are ours
	ours  unix.Termios
}

// set makes a terminal that is the command's alone raw. In the background it does
// nothing: the terminal is another's.
func (k *keyboard) set() {
	if k.fd < 0 || k.shared {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.foreground() {
		return
	}
	if t, err := unix.IoctlGetTermios(k.fd, unix.TCGETS); err == nil {
		k.change(t, rawMode(*t))
	}
}

// follow gives a shared terminal the modes that fit those of the command's terminal, given those that
// the command began with.
func (k *keyboard) follow(began, now *unix.Termios) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if (began.Lflag^now.Lflag)&(unix.ICANON|unix.ECHO) == 0 {
		k.putBack()
		return
	}
	t, err := unix.IoctlGetTermios(k.fd, unix.TCGETS)
	if err != nil || !k.foreground() || k.saved != nil && *t != k.ours {
		return // another's
	}
	base := *t
	if k.saved != nil {
		base = *k.saved
	}
	want := base
	want.Lflag &^= unix.ECHO | unix.ECHONL // which the command's terminal does
	if now.Lflag&unix.ICANON == 0 {
		want = rawMode(base)
		// Keys that are signals are for the whole pipeline, unless the command wants them.
		want.Lflag |= now.Lflag & base.Lflag & unix.ISIG
	}
	if want != *t {
		k.change(t, want)
	}
}

// change sets the modes, given what they are.
func (k *keyboard) change(is *unix.Termios, want unix.Termios) {
	if k.saved == nil {
		saved := *is
		k.saved = &saved
	}
	if unix.IoctlSetTermios(k.fd, unix.TCSETSW, &want) == nil {
		k.ours = want
		if t, err := unix.IoctlGetTermios(k.fd, unix.TCGETS); err == nil {
			k.ours = *t // as the terminal understood it
		}
	}
}

// restore sets the modes as they were, unless a shell has taken the terminal
// and set its own.
func (k *keyboard) restore() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.putBack()
}

func (k *keyboard) putBack() {
	if k.saved == nil {
		return
	}
	if k.foreground() && (!k.shared || k.unchanged()) {
		_ = unix.IoctlSetTermios(k.fd, unix.TCSETSW, k.saved)
	}
	k.saved = nil
}

// unchanged reports whether the modes are those that were set here.
func (k *keyboard) unchanged() bool {
	t, err := unix.IoctlGetTermios(k.fd, unix.TCGETS)
	return err == nil && *t == k.ours
}

// foreground reports whether our process group may read and set modes. A terminal that is
// not our controlling one does not mind groups.
func (k *keyboard) foreground() bool {
	group, err := unix.IoctlGetInt(k.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// mine reports whether input is now for the command, and whether it comes by
// whole lines, which the terminal has echoed.
func (k *keyboard) mine() (mine, lines bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.foreground():
		return false, false
	case !k.shared:
		return true, false
	case k.saved != nil:
		return k.unchanged(), false
	}
	t, err := unix.IoctlGetTermios(k.fd, unix.TCGETS)
	ok := err == nil && k.typed && t.Lflag&unix.ICANON != 0
	return ok, ok
}

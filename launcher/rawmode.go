package launcher

import (
	"sync"

	"golang.org/x/sys/unix"
)

// rawMode is the mode of the caller's terminal in which every key is passed on.
type rawMode struct {
	known bool // standard input is a terminal
	fd    int

	mu    sync.Mutex
	saved *unix.Termios // the modes before, while it is raw
}

// set puts the terminal into raw mode; see cfmakeraw(3). In the background it does
// nothing: the terminal is another's.
func (m *rawMode) set() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known || !m.foreground() {
		return
	}
	t, err := unix.IoctlGetTermios(m.fd, unix.TCGETS)
	if err != nil {
		return
	}
	if m.saved == nil {
		saved := *t
		m.saved = &saved
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	_ = unix.IoctlSetTermios(m.fd, unix.TCSETSW, t)
}

// restore sets the modes as they were, unless a shell has taken the terminal
// and set its own.
func (m *rawMode) restore() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved != nil && m.foreground() {
		_ = unix.IoctlSetTermios(m.fd, unix.TCSETSW, m.saved)
	}
	m.saved = nil
}

// foreground tells whether our process group may read and set modes. What is
// not our controlling terminal minds no groups.
func (m *rawMode) foreground() bool {
	if !m.known {
		return true
	}
	group, err := unix.IoctlGetInt(m.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

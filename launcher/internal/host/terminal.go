package host

import (
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// terminalState asks how the standard streams relate to a terminal.
func terminalState() TerminalState {
	var s TerminalState
	fd, err := tty.OpenControlling()
	if err != nil {
		return s
	}
	defer unix.Close(fd)
	s.Controlling = true
	own := unix.Getpgrp()
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	s.Foreground = err == nil && group == own
	// A group that was made outside of the caller's pid namespace has number 0,
	// and no one in here can give the terminal to it.
	s.Interactive = own != 0
	for std := range 3 {
		// Only the controlling terminal answers with a group of this session.
		if _, err := unix.IoctlGetInt(std, unix.TIOCGPGRP); err != nil {
			s.Interactive = false
		}
	}
	return s
}

// StreamTerminals asks which of the standard streams are terminals.
func StreamTerminals() (is [3]bool) {
	for fd := range is {
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		is[fd] = err == nil
	}
	return is
}

package launcher

import (
	"time"

	"golang.org/x/sys/unix"
)

// forward does with a signal that reached the launcher what its sender meant for
// the command. It is sent on once, but
//   - TERM becomes the profile's stop signal, which KILL follows after the stop timeout;
//   - one of the keyboard goes to all of the command's process group, or, if
//     that is the launcher's own, nowhere: it is there already;
//   - TSTP and CONT stop and continue that group, and CONT gives the terminal back to it;
//   - WINCH sets the size of a pseudoterminal.
func (l *launch) forward(a arrival) {
	sig := a.Signal
	switch {
	case sig == unix.SIGWINCH && l.pty != nil:
		l.pty.CopySize()
		return
	case a.Keyboard:
		l.keyboard(sig)
		return
	case sig == unix.SIGTSTP:
		l.suspend()
		return
	case sig == unix.SIGCONT:
		l.resume()
		return
	case sig == unix.SIGTERM:
		l.notifier.Stopping()
		sig = l.rules.Stop
		l.killLater()
	}
	_ = l.signalWith(sig, a.queued) // one that is gone needs none
}

// killLater kills the command once it has had time to end.
func (l *launch) killLater() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.killing == nil {
		l.killing = time.AfterFunc(l.rules.StopTimeout, l.kill)
	}
}

// keyboard passes on what the terminal sent to the launcher's process group.
func (l *launch) keyboard(sig unix.Signal) {
	switch {
	case l.pty != nil && sig == unix.SIGTSTP:
		// There is no shell in there that a key could return to. The rest of a pipeline has stopped.
		l.suspend()
		return
	case l.pty != nil:
		// The terminal of the keys is shared with others, or not raw yet.
		l.pty.Signal(sig)
		return
	case l.sharesGroup():
		return
	case l.handsTerminal():
		// A shell can bring a running job to the foreground without a word.
		_ = l.terminal.Give(l.process.PID)
	}
	_ = l.signalGroup(sig)
}

// suspend stops the command as the key for that does. The kernel lets no
// keyboard stop a session's leader, which the command is unless it inherits the terminal:
// where it does not see to TSTP itself, STOP is what is left.
//
// Where nobody would continue it the kernel makes nothing of TSTP. So it is for the command alone: of
// another one of the group we would not hear that it has stopped.
func (l *launch) suspend() {
	sig := unix.SIGTSTP
	if l.orphaned() {
		_ = l.signal(sig)
		return
	}
	if !l.rules.Inherits && !handles(l.process.PID, sig) {
		sig = unix.SIGSTOP
	}
	_ = l.signalGroup(sig)
}

// ownGroup reports whether the command was started in a process group of its own.
func (l *launch) ownGroup() bool {
	t := l.rules.Terminal
	return !l.rules.Inherits || t.Interactive || !t.Controlling
}

// sharesGroup reports whether the command is in the launcher's process group,
// and so gets what is sent to that.
func (l *launch) sharesGroup() bool {
	group, err := unix.Getpgid(l.process.PID)
	return err == nil && group == l.terminal.Own()
}

// handsTerminal reports whether the command has a process group that can be
// given the terminal.
func (l *launch) handsTerminal() bool {
	return l.rules.Terminal.Interactive && l.rules.Inherits
}

// pidfdSignalProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP of Linux 6.9.
const pidfdSignalProcessGroup = 4

// signalGroup signals the command and, where it has a group of its own, all of that group.
func (l *launch) signalGroup(sig unix.Signal) error {
	if !l.ownGroup() {
		return l.signal(sig)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pidfd < 0 {
		return unix.ESRCH
	}
	err := unix.PidfdSendSignal(l.pidfd, sig, nil, pidfdSignalProcessGroup)
	if err == unix.EINVAL && unix.PidfdSendSignal(l.pidfd, 0, nil, 0) == nil {
		err = unix.Kill(-l.process.PID, sig)
	}
	return err
}

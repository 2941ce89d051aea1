package launcher

import (
	"os"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// follow waits for the command's end and does what comes with its stops.
func (l *launch) follow() (Exit, error) {
	exit, err := l.ended()
	l.mu.Lock()
	for _, t := range []*time.Timer{l.stopping, l.killing} {
		if t != nil {
			t.Stop()
		}
	}
	exit.TimedOut = l.timedOut
	l.mu.Unlock()
	l.unplace()
	l.finish()
	if exit.Signal != 0 {
		l.terminal.Restore()
	}
	l.terminal.Close()
	return exit, err
}

// ended returns once the command is gone.
func (l *launch) ended() (Exit, error) {
	first := l.children[0]
	for {
		code, status, err := l.nextState(first)
		if err == program.ErrGone {
			// Init was killed, and the command with it.
			oom := l.ranOutOfMemory()
			ws, err := l.endOfFirst(first)
			return Exit{Code: ws.ExitStatus(), Signal: signalOf(ws), OOMKilled: oom}, err
		}
		if err != nil {
			return Exit{}, err
		}
		switch code {
		case siginfo.Stopped:
			l.stopped(unix.Signal(status))
		case siginfo.Trapped:
			// It has asked to be traced, and nobody traces it. The signal was for it alone.
		case siginfo.Exited, siginfo.Killed, siginfo.Dumped:
			exit := Exit{Code: status, OOMKilled: l.ranOutOfMemory()}
			if code != siginfo.Exited {
				exit.Code, exit.Signal = 0, unix.Signal(status)
			}
			if l.parent != nil {
				return exit, nil
			}
			_, err := l.reap(first)
			return exit, err
		}
	}
}

// endOfFirst waits for the end of the sandbox's first process.
func (l *launch) endOfFirst(first int) (unix.WaitStatus, error) {
	if l.parent != nil {
		return l.parent.End()
	}
	return l.reap(first)
}

func signalOf(ws unix.WaitStatus) unix.Signal {
	if ws.Signaled() {
		return ws.Signal()
	}
	return 0
}

// nextState waits for the next change of the command's state: by init's word,
// or, without an init, of our own child.
func (l *launch) nextState(first int) (code, status int, err error) {
	if l.control >= 0 {
		m, _, err := program.Receive(l.control)
		if err != nil {
			return 0, 0, err
		}
		if m.Kind != program.MessageState {
			return siginfo.Continued, 0, nil
		}
		return int(m.A), int(m.B), nil
	}
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, first, &info, unix.WEXITED|unix.WSTOPPED|unix.WCONTINUED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, 0, os.NewSyscallError("waitid", err)
		}
		// Taken, so that it is not reported again; an end is left for reap. Only what
		// was reported: since then the process may have stopped once more, or ended.
		switch info.Code {
		case siginfo.Stopped, siginfo.Trapped:
			_ = unix.Waitid(unix.P_PID, first, nil, unix.WSTOPPED|unix.WNOHANG, nil)
		case siginfo.Continued:
			_ = unix.Waitid(unix.P_PID, first, nil, unix.WCONTINUED|unix.WNOHANG, nil)
		}
		return int(info.Code), siginfo.ChildStatus(&info), nil
	}
}

// finish gives back what the launch had.
func (l *launch) finish() {
	l.locks.all()
	l.locks = nil
	if l.pty != nil {
		l.pty.Finish()
	}
	l.notifier.Finish()
	for _, fd := range l.lent {
		unix.Close(fd)
	}
	l.lent = nil
	l.terminal.TakeBack()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fd := range []*int{&l.sync, &l.control, &l.pidfd} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

// abandon ends a launch that failed: nothing of it is left when it returns.
func (l *launch) abandon() {
	l.kill()
	if l.sync >= 0 {
		// A process that is not known yet says who it is, hears nothing, and exits.
		_ = unix.Shutdown(l.sync, unix.SHUT_WR)
		for err := error(nil); err != program.ErrGone; {
			var pid int
			if _, pid, err = program.Receive(l.sync); pid > 0 {
				l.adopt(pid)
			}
		}
	}
	l.adoptSilent()
	l.kill()
	for len(l.children) > 0 {
		_, _ = l.reap(l.children[0])
	}
	l.unplace()
	l.unmake()
	l.finish()
	l.terminal.Close()
}

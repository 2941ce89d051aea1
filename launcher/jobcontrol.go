package launcher

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// stopped stops this process as the command was, so that the shell sees it.
// A process that continues this one makes CONT arrive, and that resumes the command.
func (l *launch) stopped(sig unix.Signal) {
	if !l.rules.JobControl || !stops(sig) {
		return
	}
	wantsTerminal := sig == unix.SIGTTIN || sig == unix.SIGTTOU
	switch {
	case wantsTerminal && l.handsTerminal() && l.terminal.Foreground():
		// A shell can bring a running job to the foreground without a word.
		l.resume()
		return
	case sig != unix.SIGSTOP && siginfo.Ignored(sig):
		return
	case l.orphaned():
		// No shell would continue us. The kernel then lets no terminal stop a process;
		// where the command wants to be in the foreground it hangs up.
		if wantsTerminal && l.rules.Terminal.Controlling {
			_ = l.signalGroup(unix.SIGHUP)
		}
		if sig != unix.SIGSTOP {
			l.resume()
		}
		return
	}
	if !l.staysStopped() {
		return
	}
	if l.pty != nil {
		l.pty.Suspend()
	}
	l.terminal.TakeBack()
	// Where the command has a group of its own, the rest of ours would have been stopped with it.
	l.mu.Lock()
	defer l.mu.Unlock()
	group := l.handsTerminal() && sig != unix.SIGSTOP
	if l.parent != nil {
		l.parent.Stop(sig, group)
		return
	}
	l.continued = siginfo.Stop(sig, group)
}

// stops reports whether a signal is one that stops. This process sends itself no other because of what the command does.
func stops(sig unix.Signal) bool {
	return sig == unix.SIGSTOP || sig == unix.SIGTSTP || sig == unix.SIGTTIN || sig == unix.SIGTTOU
}

// staysStopped reports whether the command is stopped still, after a moment in which a CONT that was
// sent as soon as it stopped gets through: of what comes before this process stops, nothing
// would be heard any more.
func (l *launch) staysStopped() bool {
	for range 10 {
		time.Sleep(time.Millisecond)
		if s := process.State(l.process.PID); s != 'T' && s != 't' && s != 0 {
			return false
		}
	}
	return true
}

// resume continues the command, in the foreground if this process is there.
func (l *launch) resume() {
	l.mu.Lock()
	continued := l.continued
	l.continued = nil
	l.mu.Unlock()
	if continued != nil {
		continued()
	}
	switch {
	case l.pty != nil:
		l.pty.Resume()
	case l.handsTerminal():
		_ = l.terminal.Give(l.process.PID)
	case l.sharesGroup() && process.State(l.process.PID) != 'T':
		return // continued with us
	}
	_ = l.signalGroup(unix.SIGCONT)
}

// orphaned reports whether this process's group is an orphaned one: nobody above
// it in the session can do job control; see setpgid(2). Where /proc does not show which process is
// above, as for a container's first process, a terminal is what speaks for a shell.
func (l *launch) orphaned() bool {
	session, err := unix.Getsid(0)
	own, pid := unix.Getpgrp(), unix.Getppid()
	if l.parent != nil {
		own, pid = l.terminal.Own(), process.Parent(l.parent.PID)
	}
	for err == nil {
		var s, group int
		if s, err = unix.Getsid(pid); err != nil || s != session {
			return true
		}
		if group, err = unix.Getpgid(pid); err == nil && group != own {
			return false
		}
		if pid = process.Parent(pid); pid == 0 {
			return !l.rules.Terminal.Controlling
		}
	}
	return true
}

// handles reports whether a process catches or ignores a signal.
func handles(pid int, sig unix.Signal) bool {
	text, _ := host.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, name := range []string{"SigCgt", "SigIgn"} {
		set, _ := strconv.ParseUint(host.StatusLine(text, name), 16, 64)
		if set>>(sig-1)&1 == 1 {
			return true
		}
	}
	return false
}

package launcher

import (
	"time"

	"github.com/nslaunch/nslaunch/internal/runtimehook"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/resident"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// Resident says how the calling process is replaced while the command runs: by a program of a
// few pages, which is the same process, waits for the command, forwards signals, and exits as the command
// did, with the status that shells give that. For what it cannot do itself it starts this program again, as its
// child, which has to call [Resumed] first in main, and exits as that does. It is for a program that is one command of a shell. Where the
// launch needs more than that all the time, as with a pseudoterminal, nothing is replaced.
type Resident struct {
	// Exits: the process may exit with the command, with nothing to do for this program.
	Exits bool
	// Descriptors are kept open for this program.
	Descriptors []int
	// End, if not nil, is asked how the process records its end; nil: not at all.
	End func() *EndRecord
}

// EndRecord is where the end of a process is recorded: the exit status is written to each of its Descriptors, between the texts
// Before and After. The descriptors stay open until then, and with them their locks. If Remove is not "", the file of that name
// is removed after that.
type EndRecord = resident.EndRecord

// moment is how long the command is waited for before this process is replaced, which takes longer than many a command.
const moment = 20 * time.Millisecond

// mayReside reports whether this process can be replaced: nothing needs it all the time.
func (l *launch) mayReside() bool {
	r := l.options.Resident
	return runtimehook.Linked && r != nil && l.plan.Host.Portable == "" && l.pty == nil && !l.notifier.Active() && l.placed.Unit == "" &&
		len(r.Descriptors) <= resident.MaxDescriptors && l.options.Signals != nil
}

// outlives reports whether the command runs on for a time, or until its deadline, and forwards what comes meanwhile.
func (l *launch) outlives(t time.Duration) bool {
	end := time.Now().Add(t)
	if !l.deadline.IsZero() && l.deadline.Before(end) {
		end = l.deadline
	}
	fds := [2]unix.PollFd{{Fd: int32(l.control), Events: unix.POLLIN}, {Fd: int32(l.options.Signals.receiver.FD()), Events: unix.POLLIN}}
	if l.control < 0 {
		fds[0].Fd = int32(l.pidfd)
	}
	for left := time.Until(end); left > 0; left = time.Until(end) {
		if n, _ := unix.Poll(fds[:], int(left/time.Millisecond)+1); n <= 0 {
			continue
		}
		if fds[1].Revents != 0 {
			a, err := l.options.Signals.next()
			if err != nil {
				return true
			}
			l.forward(a)
		}
		if fds[0].Revents != 0 {
			return l.control >= 0 && !l.saysEnd()
		}
	}
	return true
}

// saysEnd reports whether the next message of init is of the command's end, or its last.
func (l *launch) saysEnd() bool {
	var buf [program.MessageSize]byte
	n, _, err := unix.Recvfrom(l.control, buf[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	m, ok := program.DecodeMessage(buf[:max(n, 0)])
	return err != nil || !ok || m.A == siginfo.Exited || m.A == siginfo.Killed || m.A == siginfo.Dumped
}

// reside replaces this process, and does not return if that can be done.
func (l *launch) reside() {
	l.mu.Lock()
	stopping := l.stopping != nil || l.killing != nil
	l.mu.Unlock()
	if stopping { // by this program, which has a timer
		return
	}
	r, signals := l.options.Resident, l.options.Signals
	(&resident.Launch{
		Rules: l.rules, First: l.children[0], PID: l.process.PID, PIDFD: l.pidfd, Control: l.control,
		Receiver: signals.receiver, Signals: signals.set, Terminal: l.terminal.State(), Deadline: l.deadline,
		KeysToAssistant: !l.ownGroup() || l.handsTerminal(), Exits: r.Exits, Descriptors: r.Descriptors, Keep: l.locks, Record: r.End,
	}).Replace()
}

// Resumption is a sandbox whose launcher is the resident that has started this process.
type Resumption struct {
	// Descriptors are those of [Resident.Descriptors].
	Descriptors []int
	state       *resident.State
}

// Resumed returns the sandbox that this process was started for, by a resident; else nil. It
// goes first in main.
func Resumed() *Resumption {
	s := resident.Resumed()
	if s == nil {
		return nil
	}
	return &Resumption{s.Kept(), s}
}

// Wait waits for the command's end, as [Run] would have done.
func (r *Resumption) Wait() (Exit, error) {
	s := r.state
	// This process is in no foreground group, and sets the terminal all the same.
	if err := siginfo.Ignore(unix.SIGTTOU); err != nil {
		return Exit{}, err
	}
	l := &launch{
		options: Options{Signals: &Signals{receiver: siginfo.From(s.Signals)}}, rules: s.Rules, sync: -1, control: s.Control, pidfd: s.PIDFD,
		process: Process{PID: s.PID}, children: []int{s.First}, released: true, deadline: s.End(),
		terminal: tty.Resume(s.Rules.Terminal.Controlling, s.Terminal),
		parent:   &resident.Parent{PID: unix.Getppid(), States: s.States, Requests: s.Requests},
	}
	if l.control < 0 {
		l.control = s.States
	}
	sandbox := &Sandbox{l: l, done: make(chan struct{})}
	sandbox.follow()
	return sandbox.exit, sandbox.err
}

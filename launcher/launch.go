package launcher

import (
	"context"
	"sync"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/notice"
	"github.com/nslaunch/nslaunch/launcher/internal/resident"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// launch is the launcher's side of one sandbox.
type launch struct {
	ctx     context.Context // of the set-up
	early   []arrival       // for the command, from before anybody forwards
	plan    *Plan           // nil once the process was resumed
	options Options
	rules   resident.Rules

	sync, control int // the launcher's ends of the sockets; -1: none
	terminal      *tty.Terminal
	pty           *tty.PTY
	notifier      notice.Notifier

	loader    int      // the process that starts the stage, until it was waited for; 0: none
	pid       int      // the process that waits for a word of ours
	lent      []int    // descriptors to send to it with the word
	made      []string // directories of the host that the launch made
	locks     closer   // directories of overlays
	process   Process
	deadline  time.Time // of the command; zero: none
	placed    Placed
	parent    *resident.Parent // that this process assists; nil if it is the launcher itself
	oomKills  int              // of the unit's control group, before the sandbox was in it
	others    []int            // children of the launch's thread that are none of its
	interrupt unix.Signal      // that ended the set-up

	mu        sync.Mutex
	unplacing func() // ends the placing in a unit; nil while there is none
	children  []int  // started and not yet reaped; the last is the sandbox's first process
	pidfd     int    // of the command, once it has reported
	released  bool   // the command has been let go
	cancelled bool
	killed    bool
	timedOut  bool
	stopping  *time.Timer // at the deadline, and once it is over, before the kill
	killing   *time.Timer // after a TERM
	continued func()      // undoes what was done to stop this process; nil if it is not stopped
}

// setUp does the launcher's steps in the plan's order and waits where the
// children say that they have done theirs.
func (l *launch) setUp() error {
	l.others = threadChildren()
	for i, s := range l.plan.Steps {
		var err error
		switch a := s.Action.(type) {
		case step.StartStage:
			if err = l.spawn(); err == nil {
				err = l.takeSignals()
			}
		case step.WaitForLauncher:
			err = l.await(a.At)
		case step.Launcher:
			err = a.Apply(l)
		default: // a child's
			continue
		}
		if err != nil {
			return l.stepError(i, l.cause(err))
		}
	}
	if err := l.awaitExec(); err != nil {
		return l.stepError(len(l.plan.Steps)-1, l.cause(err))
	}
	l.started()
	return nil
}

// takeSignals has this process receive signals, while the stage is at work.
func (l *launch) takeSignals() error {
	if l.options.Signals == nil {
		return nil
	}
	return l.options.Signals.receive()
}

// cancel ends the launch unless the command runs already, which awaitExec
// finds out once the command was released.
func (l *launch) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancelled = true
	if l.unplacing != nil {
		l.unplacing()
	}
	if !l.released {
		l.killAll()
	}
}

// started is what follows the successful execve.
func (l *launch) started() {
	if t := l.plan.Source.Limits.Timeout; t > 0 {
		l.deadline = time.Now().Add(t)
	}
	if l.pty != nil {
		l.pty.Start()
	}
	l.notifier.Start()
	if l.wantsProcess() {
		l.readNamespaces()
	}
	l.pass(l.options.Started)
	if !l.mayReside() {
		l.pass(l.options.Lasting)
	}
}

// wantsProcess reports whether a caller asked for the command's process.
func (l *launch) wantsProcess() bool { return l.options.Started != nil || l.options.Lasting != nil }

// pass gives the command's process to a function.
func (l *launch) pass(f func(Process)) {
	if f == nil {
		return
	}
	if l.process.Target.Namespaces == nil {
		l.completeNamespaces()
		l.process.Target = l.target()
	}
	f(l.process)
}

// stop sends the stop signal now and SIGKILL later.
func (l *launch) stop() {
	l.notifier.Stopping()
	_ = l.signal(l.rules.Stop) // gone is as good
	_ = l.signal(unix.SIGCONT) // one that is stopped does not see it
	l.mu.Lock()
	l.stopping = time.AfterFunc(l.rules.StopTimeout, l.kill)
	l.mu.Unlock()
}

// signal sends a signal to the command.
func (l *launch) signal(sig unix.Signal) error { return l.signalWith(sig, nil) }

// signalWith sends a signal with what came with it to the launcher, if that is not nil.
func (l *launch) signalWith(sig unix.Signal, info *unix.Siginfo) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pidfd < 0 {
		return unix.ESRCH
	}
	if info != nil {
		info.Signo = int32(sig) // another one, where the profile says so
	}
	return unix.PidfdSendSignal(l.pidfd, sig, info, 0)
}

// kill kills every process that was started and not yet reaped; the kernel kills
// what a pid namespace still holds.
func (l *launch) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killAll()
}

func (l *launch) killAll() {
	l.killed = true
	for _, pid := range l.children {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	if l.pidfd >= 0 {
		_ = unix.PidfdSendSignal(l.pidfd, unix.SIGKILL, nil, 0)
	}
}

// timeOut ends the command at its deadline.
func (l *launch) timeOut() {
	l.mu.Lock()
	l.timedOut = true
	l.mu.Unlock()
	l.stop()
}

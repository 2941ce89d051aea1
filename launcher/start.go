package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// Child runs the set-up of a sandbox if this process was started for that,
// and then never returns. A program that starts sandboxes calls it first in
// main: the launcher executes the program's own binary again.
func Child() { stage.Main() }

// Options are what a launch depends on besides its plan.
type Options struct {
	// The command's standard streams; nil is os.Stdin, os.Stdout or os.Stderr.
	Stdin, Stdout, Stderr *os.File

	// Started is called, if not nil, as soon as the command's program runs.
	Started func(Process)

	// Lasting is called, if not nil, once the command has run for some 20 ms, and never if that ends sooner, where
	// [Options.Resident] may replace this process; elsewhere as Started is. With [Start] that may be after it has returned.
	Lasting func(Process)

	// Signals, if not nil, are what this process receives: during the set-up they end the
	// launch, with an [*InterruptError], and from then on they are forwarded to the command.
	Signals *Signals

	// Resident, if not nil, has the calling process be replaced while the command runs; see [Resident].
	Resident *Resident

	// Place puts the sandbox's first process into a unit of systemd, where the profile asks for
	// that. Its error may be a [*PlaceError]. ctx ends with the launch.
	Place func(ctx context.Context, p Placement) (Placed, error)

	// Notify tells the service manager at an address, as $NOTIFY_SOCKET has it, what the
	// command says to its own, or that the command runs: a message of sd_notify(3), and the
	// descriptors that came with it, which are closed afterwards. It must return in bounded time.
	Notify func(address string, message []byte, descriptors []int)

	// JobControl makes the caller's process stop when the command is stopped, and hands the terminal
	// to and fro. For a program that is one command of a shell.
	JobControl bool
}

// Process is the command as seen by the launcher.
type Process struct {
	PID        int                             // in the launcher's pid namespace
	Namespaces map[config.NamespaceKind]uint64 // inode numbers, of those that can be read
	Unit       string                          // of systemd; "" if none was asked for
	Target     Target                          // for who enters it; set once it runs
}

// Exit is how a command ended.
type Exit struct {
	Code     int         // exit status, if Signal is 0
	Signal   unix.Signal // what killed it
	TimedOut bool        // limits.timeout ended it
	// OOMKilled: the kernel killed it, or another process of its control
	// group, for want of memory. It is known of sandboxes with a unit.
	OOMKilled bool
}

// Status is the exit status that stands for e, as shells have it: 128+n for
// signal n, 124 for a timeout.
func (e Exit) Status() int {
	switch {
	case e.TimedOut:
		return 124
	case e.Signal != 0:
		return 128 + int(e.Signal)
	}
	return e.Code
}

// Sandbox is a running command.
type Sandbox struct {
	l    *launch
	done chan struct{}
	exit Exit
	err  error
}

// InterruptError tells that a signal ended a launch during the set-up.
type InterruptError struct{ Signal unix.Signal }

func (e *InterruptError) Error() string {
	return fmt.Sprintf("interrupted by signal %d during the set-up", int(e.Signal))
}

// Start carries the plan out up to the point where the command's program runs. Where a
// step fails, its error is a [*StepError] and nothing of the sandbox is left.
// Ending ctx before that ends the launch; afterwards it has no effect.
func Start(ctx context.Context, p *Plan, o Options) (*Sandbox, error) {
	s, err := newSandbox(ctx, p, o)
	if err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go func() {
		// The kernel kills the children when the thread that made them ends.
		runtime.LockOSThread()
		err := s.start(ctx)
		started <- err
		if err == nil {
			s.follow()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// Run is Start and Wait, on the calling goroutine's thread.
func Run(ctx context.Context, p *Plan, o Options) (Exit, error) {
	s, err := newSandbox(ctx, p, o)
	if err != nil {
		return Exit{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := s.start(ctx); err != nil {
		return Exit{}, err
	}
	s.follow()
	return s.exit, s.err
}

func newSandbox(ctx context.Context, p *Plan, o Options) (*Sandbox, error) {
	if os.Args[0] == stage.Argv0 {
		return nil, errors.New("this process is the child of a launch, and its main did not call launcher.Child first")
	}
	l := &launch{ctx: ctx, plan: p, options: o, rules: newRules(p, &o), terminal: openTerminal(p.Host.Terminal.Controlling), sync: -1, control: -1, pidfd: -1}
	return &Sandbox{l: l, done: make(chan struct{})}, nil
}

// start sets up, on the thread whose children the sandbox's processes are to be.
func (s *Sandbox) start(ctx context.Context) error {
	l := s.l
	if ctx.Done() != nil { // one that can end
		stop := context.AfterFunc(ctx, l.cancel)
		defer stop()
	}
	err := l.setUp()
	if err == nil {
		return nil
	}
	l.abandon()
	switch {
	case l.interrupt != 0:
		return &InterruptError{l.interrupt}
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// follow waits for the command's end, on the same thread.
func (s *Sandbox) follow() {
	defer close(s.done)
	l := s.l
	for _, a := range l.early {
		l.forward(a)
	}
	l.early = nil
	if l.resident == nil && l.mayReside() {
		if !l.outlives(moment) {
			s.exit, s.err = l.follow()
			return
		}
		l.tell(l.options.Lasting)
		l.reside()
	}
	if !l.deadline.IsZero() {
		l.mu.Lock()
		l.stopping = time.AfterFunc(time.Until(l.deadline), l.timeOut)
		l.mu.Unlock()
	}
	if signals := l.options.Signals; signals != nil {
		go func() {
			for a, err := signals.next(); err == nil; a, err = signals.next() {
				l.forward(a)
			}
		}()
	}
	s.exit, s.err = l.follow()
}

// timeOut ends the command at its deadline.
func (l *launch) timeOut() {
	l.mu.Lock()
	l.timedOut = true
	l.mu.Unlock()
	l.stop()
}

// PID is the command's process id.
func (s *Sandbox) PID() int { return s.l.process.PID }

// Wait waits until the command has ended, and with it, where it has a pid
// namespace of its own, every process of the sandbox. It may be called more than once.
func (s *Sandbox) Wait() (Exit, error) {
	<-s.done
	return s.exit, s.err
}

// Signal sends a signal to the command. One that has ended gives ESRCH.
func (s *Sandbox) Signal(sig unix.Signal) error { return s.l.signal(sig) }

// Stop asks the command to end, by its stop signal, and kills it when
// that did not help in time.
func (s *Sandbox) Stop() { s.l.stop() }

// launch is the launcher's side of one sandbox.
type launch struct {
	ctx     context.Context // of the set-up
	early   []arrival       // for the command, from before anybody forwards
	plan    *Plan           // nil once the process was resumed
	options Options
	rules   rules

	sync, control int // the launcher's ends of the sockets; -1: none
	terminal      *terminal
	pty           *pty
	notifier      notifier

	loader    int      // the process that starts the stage, until it was waited for; 0: none
	pid       int      // the process that waits for a word of ours
	lent      []int    // descriptors to send to it with the word
	made      []string // directories of the host that the launch made
	locks     closer   // directories of overlays
	process   Process
	deadline  time.Time // of the command; zero: none
	placed    Placed
	resident  *resident   // that this process assists; nil if it is the launcher itself
	oomKills  int         // of the unit's control group, before the sandbox was in it
	others    []int       // children of the launch's thread that are none of its
	interrupt unix.Signal // that ended the set-up

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
		l.pty.start()
	}
	l.notifier.start()
	if l.told() {
		l.readNamespaces()
	}
	l.tell(l.options.Started)
	if !l.mayReside() {
		l.tell(l.options.Lasting)
	}
}

// told reports whether anybody wants to be told of the command's process.
func (l *launch) told() bool { return l.options.Started != nil || l.options.Lasting != nil }

// tell tells a function of the command's process.
func (l *launch) tell(f func(Process)) {
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
	l.notifier.stop()
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

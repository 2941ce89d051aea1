package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// Child runs the set-up of a sandbox if this process was started for that,
// and then never returns. A program that starts sandboxes calls it first in
// main: the launcher executes the program's own binary again.
func Child() { stage.Main() }

// Process is the command as seen by the launcher.
type Process struct {
	PID        int                             // in the launcher's pid namespace
	Namespaces map[config.NamespaceKind]uint64 // inode numbers, of those that can be read
	Unit       string                          // of systemd; "" if none was asked for
	Target     Target                          // for a process that enters it; set once it runs
}

// Exit is how a command ended.
type Exit struct {
	Code     int         // exit status, if Signal is 0
	Signal   unix.Signal // what killed it
	TimedOut bool        // limits.timeout ended it
	// OOMKilled: the kernel killed it, or another process of its control
	// group, because memory ran out. It is known for sandboxes with a unit.
	OOMKilled bool
}

// Status is the exit status for e, as in shells: 128+n for
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

// InterruptError says that a signal ended a launch during the set-up.
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
	l := &launch{ctx: ctx, plan: p, options: o, rules: newRules(p, &o), terminal: tty.Open(p.Host.Terminal.Controlling), sync: -1, control: -1, pidfd: -1}
	return &Sandbox{l: l, done: make(chan struct{})}, nil
}

// start sets up, on the thread whose children the sandbox's processes become.
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
	if l.parent == nil && l.mayReside() {
		if !l.outlives(moment) {
			s.exit, s.err = l.follow()
			return
		}
		l.pass(l.options.Lasting)
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

package launcher

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// ErrUnconfined says that a rehearsal could not suspend the command, so it was not executed: the
// kernel has no notifications of seccomp(2), or a filter around this process has them already.
var ErrUnconfined = errors.New("the command cannot be suspended")

// Rehearse carries the plan out as [Run] does, and also executes the command, which then does nothing. The command
// may only execute another program, which is held in the same way, or end. All other system calls are suspended. So a
// command that is missing, or whose loader is missing, gives the error of a real launch. Nothing remains afterwards.
// It needs Linux 5.0; see seccomp_unotify(2).
func Rehearse(ctx context.Context, p *Plan, o Options) error {
	last := len(p.Steps) - 1
	if !step.CanConfine() {
		return ErrUnconfined
	}
	r := *p
	r.Steps = slices.Insert(slices.Clone(p.Steps), last, plan.Step{By: plan.ByCommand, Action: step.Confine{}, Origin: p.Steps[last].Origin})
	var err error
	if r.Program, err = step.Assemble(&r, p.Program.CloneFlags); err != nil {
		return err
	}
	s, err := Start(ctx, &r, o)
	var step *plan.StepError
	switch {
	case err == nil:
		err = s.curtain()
		s.l.unmake()
	case !errors.As(err, &step):
	case step.Index == last:
		return errors.Join(ErrUnconfined, step.Err)
	case step.Index > last:
		step.Index = last // which it is in the caller's plan
	}
	return err
}

// curtain ends a command that is held, or says that it was killed as it was executed: then the kernel cannot say why.
func (s *Sandbox) curtain() error {
	// One that loops before its first system call is never held: it has run for a second, which on a machine with much to do
	// may take long. One that is held sleeps for good, and one that the kernel is executing may do so for a moment.
	const lasting, second, longest = 30, 100, 30 * time.Second
	began, _ := process.Look(s.l.process.PID) // which may have set the sandbox up
	for asleep, end := 0, time.Now().Add(longest); asleep < lasting && time.Now().Before(end); time.Sleep(time.Millisecond) {
		switch p, _ := process.Look(s.l.process.PID); {
		case p.CPU >= began.CPU+second:
			asleep = lasting
		case p.State == 'R', p.State == 'D':
			asleep = 0
		case p.State == 'S':
			asleep++
		default:
			asleep = lasting // it has ended
		}
	}
	s.l.kill()
	exit, err := s.Wait()
	if err != nil || exit.Signal == 0 || exit.Signal == unix.SIGKILL && !exit.OOMKilled || exit.TimedOut {
		return err
	}
	p, last := s.l.plan, len(s.l.plan.Steps)-1
	e := &plan.StepError{Index: last - 1, Step: p.Steps[last], Call: "execve", Err: errors.New("killed by " + unix.SignalName(exit.Signal)),
		Cause: "the program ends before its first system call: it is damaged, or a limit leaves it too little memory", Cure: "reinstall it, or raise limits.rlimits",
		NotExecutable: true}
	e.Step.Origin = plan.Place(p.Source, e.Step.Origin)
	return e
}

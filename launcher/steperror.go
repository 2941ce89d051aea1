package launcher

import (
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/diagnose"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// stepError makes the error of what failed while the launcher was at step i.
// A child reports which of its own steps it was.
func (l *launch) stepError(i int, err error) error {
	e := &plan.StepError{Index: i, Err: err}
	f := &diagnose.Failure{Plan: l.plan}
	var child *childError
	var call *os.SyscallError
	switch {
	case errors.As(err, &child):
		l.failedOp(e, f, child)
	case err == program.ErrGone:
		l.lost(e, f)
	case errors.As(err, &call):
		e.Call = call.Syscall
	}
	e.Step = l.plan.Steps[e.Index]
	f.Errno, _ = diagnose.AsErrno(e.Err)
	f.Call = e.Call
	a := f.Explain(e.Step.Action, e.Err)
	e.Advice, e.Cause, e.Cure = a, a.Cause, a.Cure.In(l.plan.Source)
	if a.Key != "" {
		e.Step.Origin = l.plan.Source.Origin(a.Key)
	}
	e.Step.Origin = plan.Place(l.plan.Source, e.Step.Origin)
	if _, ok := e.Step.Action.(step.Execute); ok && child != nil && f.Errno != 0 {
		e.Missing = !f.Interpreter && (f.Errno == unix.ENOENT || f.Errno == unix.ENOTDIR)
		e.NotExecutable = !e.Missing
		if e.Step.Origin.Key == "command" && l.plan.CommandFromWords() {
			e.Step.Origin.Pos = config.Pos{File: "command line"}
		}
	}
	return e
}

// failedOp finds the step of an op that failed in a child.
func (l *launch) failedOp(e *plan.StepError, f *diagnose.Failure, c *childError) {
	e.Err, e.Said = c.errno, saidWords(c.said)
	f.Said = e.Said
	if c.op == program.OpStart {
		e.Index, e.Call = l.plan.Start, "clone"
		return
	}
	p := l.plan.Program
	if c.op >= len(p.Ops) {
		return
	}
	op := &p.Ops[c.op]
	e.Index, e.Call = int(op.Step), op.Name()
	switch op.Nr {
	case unix.SYS_EXECVE:
		f.File = text(p, op.Args[0])
	case unix.SYS_FACCESSAT:
		// The file is there, and execve did not find it, so it was its interpreter.
		f.File, f.Interpreter = text(p, op.Args[1]), true
		e.Err, e.Call = unix.ENOENT, "execve"
	}
}

// text is the string that an operand points to.
func text(p *program.Program, o program.Operand) string {
	if o.Kind != program.KindData || o.Value >= uint64(len(p.Data)) {
		return ""
	}
	return unix.ByteSliceToString(p.Data[o.Value:])
}

// lost says what became of a child that ended without a word.
func (l *launch) lost(e *plan.StepError, f *diagnose.Failure) {
	f.Ended = "the child ended unexpectedly"
	l.adoptSilent()
	l.mu.Lock()
	children := slices.Clone(l.children)
	l.mu.Unlock()
	for _, pid := range children {
		switch code, status := endOf(pid); {
		case code == siginfo.Killed || code == siginfo.Dumped:
			f.Signal, f.Unborn = unix.Signal(status), false
			f.Ended = "the child was killed by " + unix.SignalName(f.Signal)
		case code == siginfo.Exited && l.pid == 0:
			// Nothing of the program has run.
			f.Unborn, f.GoFatal = true, status == goFatal
			f.Ended = "the child could not start"
		}
	}
	if f.Unborn {
		e.Index = l.plan.Start
	}
	e.Err = errors.New(f.Ended)
}

// goFatal is the exit status of a Go program whose runtime gives up.
const goFatal = 2

// endOf reports how a child ended, and leaves it to be reaped. Its sockets are
// closed a little before its end can be seen.
func endOf(pid int) (code, status int) {
	for range 1000 {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != nil && err != unix.EINTR {
			return 0, 0
		}
		if info.Code != 0 {
			return int(info.Code), siginfo.ChildStatus(&info)
		}
		time.Sleep(time.Millisecond)
	}
	return 0, 0
}

// saidWords are the words in a message of fsopen(2)'s descriptor, such as
// "e overlay: No changes allowed in reconfigure\n".
func saidWords(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if len(line) > 2 && line[1] == ' ' {
			line = line[2:] // e, w or i: how grave it is
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

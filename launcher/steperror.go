package launcher

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// StepError says which step of a plan failed and why. It unwraps to the
// errno.
type StepError struct {
	Index int // of the step, from 0
	// Step is the step. Its Origin is where to look in the profile: for a
	// default, at what implies it.
	Step Step
	Call string // the system call that failed; "" where the launcher does not know
	Err  error
	Said string // by the kernel, beyond the errno

	// Advice is what is known of it, and Cause and Cure the same in words for who wrote the profile; ""
	// where nothing is known beyond the errno.
	Advice      Advice
	Cause, Cure string

	// Missing tells that the command was not found, NotExecutable that it was but cannot be executed.
	Missing, NotExecutable bool
}

func (e *StepError) Unwrap() error { return e.Err }

// Error gives the place in the profile, the step and the errno, then the cause and
// the cure on lines of their own.
func (e *StepError) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Step.Origin.Pos.String(), e.Step.Origin.Key} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	b.WriteString(e.What())
	if e.Said != "" {
		b.WriteString("\n  the kernel says: " + quote.Line(e.Said))
	}
	if e.Cause != "" {
		b.WriteString("\n  " + quote.Line(e.Cause))
	}
	if e.Cure != "" {
		b.WriteString("\n  try: " + quote.Line(e.Cure))
	}
	return b.String()
}

// What gives the step and the errno: "step 7, set the host name "x": EPERM".
func (e *StepError) What() string {
	return fmt.Sprintf("step %d, %s: %s", e.Index+1, shortened(e.Step.brief()), quote.Line(tree.Reason(e.Err)))
}

// shortened keeps a line readable whose step names a long list or word.
func shortened(text string) string {
	const most = 240
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// stepError makes the error of what failed while the launcher was at step i.
// A child tells which of its own steps it was.
func (l *launch) stepError(i int, err error) error {
	e := &StepError{Index: i, Err: err}
	f := &failure{plan: l.plan}
	var child *childError
	var call *os.SyscallError
	switch {
	case errors.As(err, &child):
		l.failedOp(e, f, child)
	case err == errGone:
		l.lost(e, f)
	case errors.As(err, &call):
		e.Call = call.Syscall
	}
	e.Step = l.plan.Steps[e.Index]
	f.errno, _ = asErrno(e.Err)
	f.call = e.Call
	a := f.explain(e.Step.Action, e.Err)
	e.Advice, e.Cause, e.Cure = a, a.Cause, a.Cure.In(l.plan.profile)
	if a.Key != "" {
		e.Step.Origin = l.plan.profile.Origin(a.Key)
	}
	e.Step.Origin = place(l.plan.profile, e.Step.Origin)
	if _, ok := e.Step.Action.(execute); ok && child != nil && f.errno != 0 {
		e.Missing = !f.interpreter && (f.errno == unix.ENOENT || f.errno == unix.ENOTDIR)
		e.NotExecutable = !e.Missing
		if e.Step.Origin.Key == "command" && l.plan.commandFromWords() {
			e.Step.Origin.Pos = config.Pos{File: "command line"}
		}
	}
	return e
}

// commandFromWords tells whether the command is not the profile's own.
func (p *Plan) commandFromWords() bool {
	argv := p.profile.Command.Argv
	return len(argv) == 0 || !slices.Equal(p.Command[:min(len(argv), len(p.Command))], argv)
}

// failedOp finds the step of an op that failed in a child.
func (l *launch) failedOp(e *StepError, f *failure, c *childError) {
	e.Err, e.Said = c.errno, saidWords(c.said)
	f.said = e.Said
	if c.op == program.OpStart {
		e.Index, e.Call = l.plan.start, "clone"
		return
	}
	p := l.plan.program
	if c.op >= len(p.Ops) {
		return
	}
	op := &p.Ops[c.op]
	e.Index, e.Call = int(op.Step), op.Name()
	switch op.Nr {
	case unix.SYS_EXECVE:
		f.file = text(p, op.Args[0])
	case unix.SYS_FACCESSAT:
		// The file is there, and execve did not find it, so it was its interpreter.
		f.file, f.interpreter = text(p, op.Args[1]), true
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
func (l *launch) lost(e *StepError, f *failure) {
	f.ended = "the child ended unexpectedly"
	l.adoptSilent()
	l.mu.Lock()
	children := slices.Clone(l.children)
	l.mu.Unlock()
	for _, pid := range children {
		switch code, status := endOf(pid); {
		case code == cldKilled || code == cldDumped:
			f.signal, f.unborn = unix.Signal(status), false
			f.ended = "the child was killed by " + unix.SignalName(f.signal)
		case code == cldExited && l.pid == 0:
			// Nothing of the program has run.
			f.unborn, f.goFatal = true, status == goFatal
			f.ended = "the child could not start"
		}
	}
	if f.unborn {
		e.Index = l.plan.start
	}
	e.Err = errors.New(f.ended)
}

// goFatal is the exit status of a Go program whose runtime gives up.
const goFatal = 2

// endOf tells how a child ended, and leaves it to be reaped. Its sockets are
// closed a little before its end can be seen.
func endOf(pid int) (code, status int) {
	for range 1000 {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != nil && err != unix.EINTR {
			return 0, 0
		}
		if info.Code != 0 {
			return int(info.Code), childStatus(&info)
		}
		time.Sleep(time.Millisecond)
	}
	return 0, 0
}

// saidWords are the words of a message of fsopen(2)'s descriptor, such as
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

// Package plan defines what a launch does: an ordered list of steps, each with the place in the profile that asks for it. It prints
// and encodes a plan, and has the error of a step that failed. Package step implements the steps.
package plan

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// Plan is all that a launch does, in order. It is a pure function of a
// profile and a [host.Host], and what it prints is what runs.
type Plan struct {
	Name    string
	Command []string
	Steps   []Step
	// Notes say where the profile may not do what its author thinks.
	Notes []Note

	Start   int              // the step that starts the stage, from 0
	Layout  Layout           // the descriptors that the child is started with
	Source  *config.Profile  // what the plan was made from
	Host    *host.Host       // likewise
	Program *program.Program // what the steps of the children come to
	Console program.Operand  // the room for the pseudoterminal's name; none if Kind is 0
}

// Sockets are the descriptors of the sockets that a service manager passed to this process
// and the command gets. Once it runs nobody else needs them.
func (p *Plan) Sockets() []int {
	if !p.Source.Service.ListenFDs {
		return nil
	}
	return p.Host.Sockets()
}

// Profile is the profile that the plan was made from.
func (p *Plan) Profile() *config.Profile { return p.Source }

// Step is one thing that is done, by one process, for one reason.
type Step struct {
	By     Actor
	Action Action
	Origin config.Origin // the place in the profile that asks for it
}

// Note is a remark about a value of the profile that is not an error.
type Note struct {
	Origin config.Origin
	Text   string
	// Degraded: something that the profile asks for is not done on this host.
	Degraded bool
	// AtRun: the launch shows it too, because the command most likely fails.
	AtRun bool
}

func (n Note) String() string { return n.Origin.String() + ": " + quote.Line(n.Text) }

// Actor is the process that does a step.
type Actor string

const (
	ByLauncher Actor = "launcher" // the caller's process
	ByStage    Actor = "stage"    // the child that enters and makes namespaces
	ByInit     Actor = "init"     // process 1 of a new pid namespace
	ByCommand  Actor = "command"  // what becomes the command
)

// Action is what a step does; its text is in the imperative: "mount proc on
// /proc". What it does is in package step.
type Action interface {
	fmt.Stringer
}

// Lasting is an action that does to the command what has to be done to who enters the sandbox, too: Leave notes it.
type Lasting interface {
	Leave(*Target)
}

// Layout has the descriptors that the child is started with.
type Layout struct {
	Program, Sync, Control int // control is -1 without an init
	Terminal               int // the command's own; -1 without one
	Keep                   []int
}

// NewLayout gives the child's own descriptors the lowest numbers that are
// free. Small numbers spare the kernel growing the table of descriptors.
func NewLayout(keep []int, withInit, withTerminal bool) Layout {
	l := Layout{Control: -1, Terminal: -1, Keep: keep}
	next := 3
	take := func() int {
		for contains(keep, next) {
			next++
		}
		next++
		return next - 1
	}
	l.Program, l.Sync = take(), take()
	if withInit {
		l.Control = take()
	}
	if withTerminal {
		l.Terminal = take()
	}
	return l
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

// String returns one line a step: its number, who does it, the place of the
// profile that asks for it, and what it is.
func (p *Plan) String() string {
	var b strings.Builder
	width := 0
	for _, s := range p.Steps {
		width = max(width, len(s.place()))
	}
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%2d  %-8s  %-*s  %s\n", i+1, s.By, width, s.place(), s.text())
	}
	return b.String()
}

// text is what the step does, on one line.
func (s Step) text() string { return quote.Line(s.Action.String()) }

// Brief is text for an error, where what the step does may have a shorter one.
func (s Step) Brief() string {
	if a, ok := s.Action.(interface{ Brief() string }); ok {
		return quote.Line(a.Brief())
	}
	return s.text()
}

func (s Step) place() string {
	if s.Origin.Pos.IsZero() {
		return "default"
	}
	return s.Origin.Pos.String()
}

// Syscalls returns the program of the children, a line for each system call,
// in the notation of strace(1); see [program.Program.Format].
func (p *Plan) Syscalls() string {
	var b strings.Builder
	head := func(i int) { fmt.Fprintf(&b, "# %d %s: %s\n", i+1, p.Steps[i].By, p.Steps[i].text()) }
	head(p.Start)
	fmt.Fprintf(&b, "%s\n", p.Program.FormatStart())
	step := -1
	for i := range p.Program.Ops {
		if s := int(p.Program.Ops[i].Step); s != step {
			step = s
			head(s)
		}
		for _, line := range p.Program.Format(i) {
			fmt.Fprintf(&b, "%s\n", line)
		}
	}
	return b.String()
}

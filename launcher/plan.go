package launcher

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// Plan is all that a launch does, in order. It is a pure function of a
// profile and a [Host], and what it prints is what runs.
type Plan struct {
	Name    string
	Command []string
	Steps   []Step
	// Notes say where the profile may not do what its author thinks.
	Notes []Note

	start   int // the step that starts the stage
	layout  layout
	profile *config.Profile
	host    *host.Host
	program *program.Program
	console program.Operand // the room for the pseudoterminal's name; none if Kind is 0
}

// Profile is the profile that the plan was made from.
func (p *Plan) Profile() *config.Profile { return p.profile }

// Step is one thing that is done, by one process, for one reason.
type Step struct {
	By     Actor
	Action Action
	Origin config.Origin // the place in the profile that asks for it
}

// Note is a remark on a value of the profile that is no error.
type Note struct {
	Origin config.Origin
	Text   string
	// Degraded: something that the profile asks for is not done on this host.
	Degraded bool
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
// /proc". An action of the launcher implements [launcherAction], one of a child
// [childAction].
type Action interface {
	fmt.Stringer
}

// childAction adds its system calls to the program.
type childAction interface {
	emit(*assembler)
}

// launcherAction is done in the launcher while the child waits.
type launcherAction interface {
	apply(launching) error
}

// lasting is an action that does to the command what has to be done to who enters the sandbox, too: leave notes it.
type lasting interface {
	leave(*Target)
}

// launching is what an action of the launcher can do to the launch that it is a part of.
type launching interface {
	PID() int            // of the process that waits
	Lend(fd int)         // to that process, with the word to go on; it is closed then
	Hold(fd int)         // until the sandbox has ended
	Made(dirs ...string) // on the host: they are removed if the launch fails
	WasMade(dir string) bool
	Release(command bool) error // lets the process go on, which may become the command then
	AwaitInit() error           // until init has dropped all that it had for the set-up
	OpenPTY() error
	GiveTerminal() error // to the process group of the process that waits
	Place(Placement) error
	Listen(socket *os.File)                           // for the command's notifications
	Notify(address string, every time.Duration) error // of the command, once it runs
}

// layout has the descriptors that the child is started with.
type layout struct {
	program, sync, control int // control is -1 without an init
	terminal               int // the command's own; -1 without one
	keep                   []int
}

// newLayout gives the child's own descriptors the lowest numbers that are
// free. Small numbers spare the kernel growing the table of descriptors.
func newLayout(keep []int, withInit, withTerminal bool) layout {
	l := layout{control: -1, terminal: -1, keep: keep}
	next := 3
	take := func() int {
		for contains(keep, next) {
			next++
		}
		next++
		return next - 1
	}
	l.program, l.sync = take(), take()
	if withInit {
		l.control = take()
	}
	if withTerminal {
		l.terminal = take()
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

// brief is text for an error, where what the step does may have a shorter one.
func (s Step) brief() string {
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
	head(p.start)
	fmt.Fprintf(&b, "%s\n", p.program.FormatStart())
	step := -1
	for i := range p.program.Ops {
		if s := int(p.program.Ops[i].Step); s != step {
			step = s
			head(s)
		}
		for _, line := range p.program.Format(i) {
			fmt.Fprintf(&b, "%s\n", line)
		}
	}
	return b.String()
}

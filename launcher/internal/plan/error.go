package plan

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
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

	// Advice is the diagnosis of it, and Cause and Cure are the same as text for the author of the profile; ""
	// where nothing is known beyond the errno.
	Advice      Advice
	Cause, Cure string

	// Missing says that the command was not found, NotExecutable that it was but cannot be executed.
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
	return fmt.Sprintf("step %d, %s: %s", e.Index+1, Shortened(e.Step.Brief()), quote.Line(tree.Reason(e.Err)))
}

// Shortened keeps a line readable whose step names a long list or word.
func Shortened(text string) string {
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

// CommandFromWords reports whether the command is not the profile's own.
func (p *Plan) CommandFromWords() bool {
	argv := p.Source.Command.Argv
	return len(argv) == 0 || !slices.Equal(p.Command[:min(len(argv), len(p.Command))], argv)
}

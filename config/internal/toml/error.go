package toml

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Pos is a place in a profile. Line and Col count from 1, Col in bytes as
// editors do for ASCII text; both are 0 where the value came from a flag, which File
// then names, as in "--new".
type Pos struct {
	File      string
	Line, Col int

	src *Source // for [Pos.Excerpt]; nil for a flag
}

// String returns file:line:col, or the flag.
func (p Pos) String() string {
	if p.Line == 0 {
		return quote.Line(p.File)
	}
	return fmt.Sprintf("%s:%d:%d", quote.Word(p.File), p.Line, p.Col)
}

// IsZero reports whether nobody wrote the value: it is a default.
func (p Pos) IsZero() bool { return p == Pos{} }

// Flags whose problems name the key that they were given with.
const (
	FromSet = "--set"
	FromVar = "--var"
)

// Error is one problem of a profile, at the place that has to be changed.
type Error struct {
	Pos Pos    // of the bad value, or of a key that is wrong where it stands
	Key string // its path: idmap.uid[0].inside; "" for a problem of the text itself
	Msg string
	Via []Pos // for a file that others extend: where that is written, the nearest first

	More int // how many problems the message counts, which are not among the others
}

// Error prints the problem as file:line:col: key: msg, and after that the files
// that led to this one. A flag that names its key is followed by it, as on the
// command line: --set limits.memory: msg.
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Pos.String(), quote.Line(e.Key)} {
		if s == "" {
			continue
		}
		b.WriteString(s)
		if e.Key != "" && (s == FromSet || s == FromVar) {
			b.WriteByte(' ')
			continue
		}
		b.WriteString(": ")
	}
	b.WriteString(quote.Line(e.Msg))
	for i, pos := range e.Via {
		if i == 0 {
			b.WriteString(" (extended from ")
		} else {
			b.WriteString(", from ")
		}
		b.WriteString(pos.String())
	}
	if len(e.Via) > 0 {
		b.WriteByte(')')
	}
	return b.String()
}

// Errors are the problems of a profile, all of them, in source order: those of
// a file that is extended before those of the files that extend it.
type Errors []*Error

// Error prints one problem a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes each problem known to errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

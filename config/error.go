package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Error is one problem of a profile, at the place that has to be changed.
type Error struct {
	Pos Pos    // of the bad value, or of a key that is wrong where it stands
	Key string // its path: idmap.uid[0].inside; "" for a problem of the text itself
	Msg string
	Via []Pos // for a file that others extend: where that is written, the nearest first

	layer int
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
		if e.Key != "" && (s == FromSet || s == fromVar) {
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

// sorted returns the problems in source order as an error, nil where there
// are none. Those of one place, as all of a flag's are, stay as they were found.
func (p *Profile) sorted(e Errors) error {
	if len(e) == 0 {
		return nil
	}
	for _, err := range e {
		if src := p.sources[err.Pos.File]; src != nil {
			err.layer, err.Via = src.layer, src.via()
		}
	}
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(a.layer-b.layer, a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return e
}

// words lists what is allowed: "a, b or c".
func words[T ~string](all []T) string {
	var b strings.Builder
	for i, w := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// didYouMean returns ` (did you mean "x"?)` where one of known is close to
// got, else "".
func didYouMean[T ~string](got string, known []T) string {
	if s := suggest(got, known); s != "" {
		return fmt.Sprintf(" (did you mean %q?)", string(s))
	}
	return ""
}

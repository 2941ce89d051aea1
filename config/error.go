package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// What is wrong with a profile, and where.
type (
	// Error is one problem of a profile, at the place that has to be changed.
	Error = toml.Error
	// Errors are the problems of a profile, all of them, in source order: those of
	// a file that is extended before those of the files that extend it.
	Errors = toml.Errors
	// Pos is a place in a profile.
	Pos = toml.Pos
)

// sorted returns the problems in source order as an error, nil where there
// are none. Those of one place, as all of a flag's are, stay as they were found.
func (p *Profile) sorted(e Errors) error {
	if len(e) == 0 {
		return nil
	}
	for _, err := range e {
		if src := p.sources[err.Pos.File]; src != nil {
			err.Via = src.Via()
		}
	}
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(p.layerOf(a)-p.layerOf(b), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return e
}

// layerOf returns the layer that a problem is in, 0 where there is one source.
func (p *Profile) layerOf(err *Error) int {
	if src := p.sources[err.Pos.File]; src != nil {
		return src.Layer
	}
	return 0
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

package config

import (
	"cmp"
	"fmt"
	"slices"

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

// andMore adds to a profile's problems how many others there are.
func (p *Profile) andMore(err error, more int) error {
	if errs, ok := err.(Errors); ok && more > 0 {
		return append(errs, &Error{Pos: Pos{File: p.File}, Msg: fmt.Sprintf("%d more problems, not shown", more), More: more})
	}
	return err
}

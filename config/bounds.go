package config

import (
	"fmt"
	"slices"
)

// maxProblems is how many problems are told of a profile's values, and how many of settings that do not fit each other.
// Others are counted: the place and the words of one may cost as much as the rest of the profile.
const maxProblems = 100

// counted reports whether there are enough problems, so that one more is counted and not told.
func (d *decoder) counted() bool {
	if d.asked() || len(d.errs) < maxProblems {
		return false
	}
	d.more++
	return true
}

func (c *checker) counted() bool {
	if len(c.errs) < maxProblems {
		return false
	}
	c.more++
	return true
}

// problems is how many there are.
func (d *decoder) problems() int { return len(d.errs) + d.more }

// andMore adds to a profile's problems how many others there are.
func (p *Profile) andMore(err error, more int) error {
	if errs, ok := err.(Errors); ok && more > 0 {
		return append(errs, &Error{Pos: Pos{File: p.File}, Msg: fmt.Sprintf("%d more problems, not shown", more)})
	}
	return err
}

// once collects values, each of them once.
type once[T comparable] struct {
	all   []T
	index map[T]struct{} // of all; nil while they are few, as they nearly always are
}

// fewValues are found sooner without an index.
const fewValues = 64

// add reports whether a value is new.
func (o *once[T]) add(t T) bool {
	if o.index == nil {
		if slices.Contains(o.all, t) {
			return false
		}
	} else if _, there := o.index[t]; there {
		return false
	}
	o.all = append(o.all, t)
	switch {
	case o.index != nil:
		o.index[t] = struct{}{}
	case len(o.all) > fewValues:
		o.index = make(map[T]struct{}, 2*len(o.all))
		for _, t := range o.all {
			o.index[t] = struct{}{}
		}
	}
	return true
}

package config

import (
	"fmt"
	"slices"
)

func (c *checker) counted() bool {
	if len(c.errs) < maxProblems {
		return false
	}
	c.more++
	return true
}

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

package lang

import (
	"slices"
)

// Once collects values, each of them once.
type Once[T comparable] struct {
	All   []T
	index map[T]struct{} // of all; nil while they are few, as they nearly always are
}

// fewValues are found sooner without an index.
const fewValues = 64

// Add reports whether a value is new.
func (o *Once[T]) Add(t T) bool {
	if o.index == nil {
		if slices.Contains(o.All, t) {
			return false
		}
	} else if _, there := o.index[t]; there {
		return false
	}
	o.All = append(o.All, t)
	switch {
	case o.index != nil:
		o.index[t] = struct{}{}
	case len(o.All) > fewValues:
		o.index = make(map[T]struct{}, 2*len(o.All))
		for _, t := range o.All {
			o.index[t] = struct{}{}
		}
	}
	return true
}

package lang

import (
	"fmt"
)

// indexed is a list on its way to another, with the places of what is in it: to look through all of it
// for each element of a long one would take the square of its length.
type indexed struct {
	all    []element
	gone   []bool           // of the elements of all
	places map[string][]int // of equal elements that are there, in order
}

func newIndexed(all []element) *indexed {
	x := &indexed{all: make([]element, 0, len(all)), gone: make([]bool, 0, len(all)), places: make(map[string][]int, len(all))}
	for _, e := range all {
		x.add(e)
	}
	return x
}

// identity is the same for values that are equal.
func identity(raw any) string { return fmt.Sprintf("%#v", raw) }

func (x *indexed) add(e element) {
	id := identity(e.raw)
	x.places[id] = append(x.places[id], len(x.all))
	x.all = append(x.all, e)
	x.gone = append(x.gone, false)
}

// has reports whether an equal element is there.
func (x *indexed) has(raw any) bool { return len(x.places[identity(raw)]) > 0 }

// find returns the place of the first element that is the one to be removed, which may lack the "-" of an
// optional path; -1 if there is none.
func (x *indexed) find(raw any) int {
	first := -1
	for _, id := range []string{identity(raw), identity("-" + fmt.Sprint(raw))} {
		if at := x.places[id]; len(at) > 0 && (first < 0 || at[0] < first) {
			first = at[0]
		}
	}
	return first
}

// remove takes out what [indexed.find] has found.
func (x *indexed) remove(i int) {
	x.gone[i] = true
	id := identity(x.all[i].raw)
	x.places[id] = x.places[id][1:]
}

// rest returns what is there.
func (x *indexed) rest() []element {
	rest := make([]element, 0, len(x.all))
	for i, e := range x.all {
		if !x.gone[i] {
			rest = append(rest, e)
		}
	}
	return rest
}

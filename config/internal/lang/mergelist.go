package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// mergeList returns the list that a layer makes of the one below: what
// { add, remove } does to it, or, where those of several sources are summed up, that with the layer's own after it.
func (d *Decoder) mergeList(f Field, key string, l *Layer, raw, old any) any {
	changes, ok := f.changes(raw)
	var after []element
	switch {
	case ok:
		if after, ok = d.changed(f, key, l, changes, old); !ok {
			if old == nil {
				d.Marks[key] = l.At(key)
				return f.empty()
			}
			return old
		}
	case toml.IsList(raw) && (old == nil || toml.IsList(old)):
		after = append(elements(key, old, &Layer{Marks: d.Marks}), elements(key, raw, l)...)
	default: // a type that is a problem
		d.Marks.Forget(key, old)
		d.Marks[key] = l.At(key)
		return raw
	}
	d.Marks.Forget(key, old)
	m := l.At(key)
	m.Kind = toml.MarkTable // what is in it has places of its own
	d.Marks[key] = m
	return d.put(key, after)
}

// changes reports whether a value is not a list, but { add, remove } for one.
func (f Field) changes(raw any) (map[string]any, bool) {
	table, ok := raw.(map[string]any)
	if !ok || f.Many == NotMany {
		return nil, false
	}
	return table, table["add"] != nil || table["remove"] != nil
}

// changedAlone returns the list that { add, remove } makes of the initial one,
// in a profile of one source.
func (d *Decoder) changedAlone(f Field, v Value, changes map[string]any) any {
	after, ok := d.changed(f, v.Key, &Layer{Marks: d.Marks}, changes, nil)
	if !ok {
		return f.empty()
	}
	return d.put(v.Key, after)
}

// empty returns a value for a list that is not known: its own, or one without elements.
func (f Field) empty() any {
	if f.Initial != nil {
		return f.Initial
	}
	return []any{}
}

// elements returns those of the list v at the path key, with their marks; those
// of a default have none.
func elements(key string, v any, l *Layer) []element {
	list := toml.List(v)
	all := make([]element, len(list))
	for i, raw := range list {
		path := toml.IndexKey(key, i)
		all[i] = element{raw, path, toml.Marks{}}
		all[i].marks.Copy(path, raw, l.Marks, path)
	}
	return all
}

// put returns the list of the elements, which are marked as those of the list at key.
func (d *Decoder) put(key string, all []element) []any {
	list := make([]any, len(all))
	for i, e := range all {
		list[i] = e.raw
		d.Marks.Copy(toml.IndexKey(key, i), e.raw, e.marks, e.path)
	}
	return list
}

// changed returns what the table { add, remove } of a layer makes of the list
// old, or, where there is none, of the initial one. What is removed has to be
// there, and goes first; an element of add that is there already stays as it is.
func (d *Decoder) changed(f Field, key string, l *Layer, changes map[string]any, old any) ([]element, bool) {
	before := elements(key, old, &Layer{Marks: d.Marks})
	if old == nil && f.Initial != nil {
		old = f.Initial
		for _, raw := range toml.List(old) {
			before = append(before, element{raw: raw})
		}
	}
	good := true
	note := func(key, format string, args ...any) {
		d.ProblemIn(l, key, format, args...)
		good = false
	}
	if old != nil && !toml.IsList(old) && (f.None == "" || old != f.None) {
		note(key, "there is no list to change, it is %s", Quoted(old))
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		path := toml.JoinKey(key, name)
		switch raw := changes[name]; {
		case name != "add" && name != "remove":
			note(path, "unknown key %q, want add and remove alone, or a list", name)
		case !toml.IsList(raw):
			note(path, "want an array, got %s", TypeName(raw))
		}
	}
	if !good {
		return nil, false
	}
	list := newIndexed(before)
	for _, e := range elements(toml.JoinKey(key, "remove"), changes["remove"], l) {
		i := list.find(e.raw)
		switch {
		case i < 0 && d.counted():
			good = false
		case i < 0:
			note(e.path, "%s is not in the list%s", Quoted(e.raw), listHint(e.raw, list.rest()))
		default:
			d.Overrode(key, Overridden{Key: key, Value: before[i].raw, Pos: before[i].pos()})
			list.remove(i)
		}
	}
	for _, e := range elements(toml.JoinKey(key, "add"), changes["add"], l) {
		if f.Many == AsWords || !list.has(e.raw) {
			list.add(e)
		}
	}
	return list.rest(), true
}

func (e element) pos() toml.Pos {
	if m, ok := e.marks[e.path]; ok {
		return m.KeyPos()
	}
	return toml.Pos{}
}

// listHint returns what is in a list, or which of it may have been meant.
func listHint(raw any, all []element) string {
	switch {
	case len(all) == 0:
		return ", which is empty"
	case len(all) > MaxProblems: // nobody reads them
		return fmt.Sprintf(", which has %d elements", len(all))
	}
	var words []string
	for _, e := range all {
		words = append(words, fmt.Sprint(e.raw))
	}
	if hint := DidYouMean(fmt.Sprint(raw), words); hint != "" {
		return hint
	}
	return fmt.Sprintf(" (%s)", strings.Join(words, ", "))
}

// ProblemIn notes what is wrong with a value of a layer, at the value.
func (d *Decoder) ProblemIn(l *Layer, key, format string, args ...any) {
	if d.counted() {
		return
	}
	d.Errs = append(d.Errs, &toml.Error{Pos: l.Marks.ValuePos(key), Key: key, Msg: fmt.Sprintf(format, args...)})
	d.Spoilt[key] = true
}

package config

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Type is what a key takes.
type Type interface {
	// Read reads a value into what the type is bound to, and notes what is wrong with it.
	Read(d *decoder, v value)
	// Shapes are the ways to write a value.
	Shapes() []*Shape
}

// field is one key of a table.
type field struct {
	name string
	typ  Type

	// many tells that the value is a list, which name.add and name.remove change.
	many many
	// sums tells that the lists of several sources are one.
	sums bool
	// initial is the value where none is written, for a list that is not empty then.
	initial any
	// none is the word that is written for a list without elements.
	none string

	// off is "" for a key that false takes away, asRead for one whose type reads false, and else
	// what is written instead, as the key restricts.
	off string
	// free tells that the field stands for every key that no other field of its table is for. Of several
	// sources the last one's value counts as a whole. Its name is how messages show such a key.
	free bool
}

// anyPath is the name of a key that is free, in the path of a key.
const anyPath = "/path"

// many says what add does to a list.
type many uint8

const (
	notMany many = iota
	asSet        // what is there already is not added again
	asWords      // order and number mean something
)

// holder is a type that has keys, in one of the ways to write it.
type holder interface{ fields() []field }

// below are the fields of a table; none of anything else.
func (f field) below() []field {
	if h, ok := f.typ.(holder); ok {
		return h.fields()
	}
	return nil
}

// main is the key of a table that a bare value stands for; "" where there is none.
func (f field) main() string {
	if t, ok := f.typ.(table); ok {
		return t.main
	}
	return ""
}

// fieldNamed returns the field of that name; the zero one where there is none.
func fieldNamed(fields []field, name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

// fieldFor is fieldNamed for what may be one of the keys that are free.
func fieldFor(fields []field, name string) field {
	if f, ok := fieldNamed(fields, name); ok {
		return f
	}
	i := slices.IndexFunc(fields, func(f field) bool { return f.free })
	if i < 0 {
		return field{}
	}
	return fields[i]
}

func hasField(fields []field, name string) bool {
	_, ok := fieldNamed(fields, name)
	return ok
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// field reads the value of one known key.
func (d *decoder) field(f field, v value) {
	if v.raw == false && f.off != asRead {
		d.away(f, v)
		return
	}
	if changes, ok := f.changes(v.raw); ok {
		v.raw = d.changedAlone(f, v, changes)
	}
	f.typ.Read(d, v)
}

// shape is what the value of the key may look like.
func (f field) shape() *Shape {
	all := f.typ.Shapes()
	if f.many != notMany {
		changes := closed(map[string]*Shape{"add": anyOf(f.typ.Shapes()), "remove": anyOf(f.typ.Shapes())})
		changes.FewestKeys = 1
		all = append(all, changes)
	}
	if f.goes() {
		all = append(all, &Shape{Const: false})
	}
	return anyOf(all)
}

// table is the type of a table: of has its fields. A bare value is one of the main key, if there is one.
type table struct {
	main     string
	of       func() []field
	required []string
	others   func(name string) string // the name of the key that is meant by another word
}

func (t table) fields() []field { return t.of() }

// Read reads the keys of a table; any other key is a problem.
func (t table) Read(d *decoder, v value) {
	members, ok := v.raw.(map[string]any)
	fields := t.of()
	switch {
	case !ok && t.main != "":
		m, _ := fieldNamed(fields, t.main)
		v.short = true
		m.typ.Read(d, v)
		return
	case !ok:
		d.wrongType(v, "a table")
		return
	}
	known := 0
	for _, f := range fields {
		if raw, ok := members[f.name]; ok {
			known++
			d.field(f, v.member(f.name, raw))
		}
	}
	if known < len(members) {
		for _, name := range names(members) {
			if !hasField(fields, name) {
				d.unknown(v, name, fields, t.others)
			}
		}
	}
	for _, name := range t.required {
		d.require(v, name)
	}
}

func (t table) Shapes() []*Shape {
	fields := t.of()
	var all []*Shape
	if t.main != "" {
		m, _ := fieldNamed(fields, t.main)
		all = m.typ.Shapes()
	}
	s := closed(make(map[string]*Shape, len(fields)))
	for _, f := range fields {
		s.Keys[f.name] = f.shape()
	}
	s.Required = slices.Sorted(slices.Values(t.required))
	return append(all, s)
}

// free is the type of a table whose keys are free. They are like the pattern, which one checks.
type free struct {
	pattern string
	one     func(d *decoder, name string, v value)
	shapes  func() []*Shape // of a value
}

func (t free) Read(d *decoder, v value) {
	members, ok := v.raw.(map[string]any)
	if !ok {
		d.wrongType(v, "a table")
		return
	}
	for _, name := range names(members) {
		t.one(d, name, v.member(name, members[name]))
	}
}

func (t free) Shapes() []*Shape {
	s := &Shape{Type: "object", Others: new(bool)}
	s.KeysLike = map[string]*Shape{t.pattern: anyOf(t.shapes())}
	return []*Shape{s}
}

// names returns the keys of a table, sorted.
func names(table map[string]any) []string {
	all := make([]string, 0, len(table))
	for name := range table {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// member returns the value of a key in the table v.
func (v value) member(name string, raw any) value {
	return value{key: toml.JoinKey(v.key, name), raw: raw}
}

package lang

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Type is the type of a key's value.
type Type interface {
	// Read reads a value into what the type is bound to, and notes what is wrong with it.
	Read(d *Decoder, v Value)
	// Shapes are the ways to write a value.
	Shapes() []*Shape
}

// Field is one key of a table.
type Field struct {
	Name string
	Type Type

	// Many says that the value is a list, which name.add and name.remove change.
	Many Many
	// Sums says that the lists of several sources are one.
	Sums bool
	// Initial is the value where none is written, for a list that is not empty then.
	Initial any
	// None is the word that is written for a list without elements.
	None string

	// Off is "" for a key that false takes away, [AsRead] for one whose type reads false, and else
	// what is written instead, as the key restricts.
	Off string
	// Free says that the field is used for every key without a field of its own. Of several
	// sources the last one's value counts as a whole. Its name is how messages show such a key.
	Free bool
}

// AnyPath is the name of a key that is free, in the path of a key.
const AnyPath = "/path"

// Many says what add does to a list.
type Many uint8

const (
	NotMany Many = iota
	AsSet        // what is there already is not added again
	AsWords      // order and number mean something
)

// Holder is a Type that has keys, in one of the ways to write a value.
type Holder interface {
	Type
	Fields() []Field
}

// Below are the fields of a table; none of anything else.
func (f Field) Below() []Field {
	if h, ok := f.Type.(Holder); ok {
		return h.Fields()
	}
	return nil
}

// Main is the key of a table that a bare value sets; "" if there is none.
func (f Field) Main() string {
	if t, ok := f.Type.(Table); ok {
		return t.Main
	}
	return ""
}

// FieldNamed returns the field of that name; the zero one where there is none.
func FieldNamed(fields []Field, name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// FieldFor is [FieldNamed] for what may be one of the keys that are free.
func FieldFor(fields []Field, name string) Field {
	if f, ok := FieldNamed(fields, name); ok {
		return f
	}
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Free })
	if i < 0 {
		return Field{}
	}
	return fields[i]
}

// HasField reports whether there is a field of that name.
func HasField(fields []Field, name string) bool {
	_, ok := FieldNamed(fields, name)
	return ok
}

// FieldNames returns the names of fields.
func FieldNames(fields []Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// Field reads the value of one known key.
func (d *Decoder) Field(f Field, v Value) {
	if v.Raw == false && f.Off != AsRead {
		d.away(f, v)
		return
	}
	if changes, ok := f.changes(v.Raw); ok {
		v.Raw = d.changedAlone(f, v, changes)
	}
	f.Type.Read(d, v)
}

// Shape is what the value of the key may look like.
func (f Field) Shape() *Shape {
	all := f.Type.Shapes()
	if f.Many != NotMany {
		changes := Closed(map[string]*Shape{"add": AnyOf(f.Type.Shapes()), "remove": AnyOf(f.Type.Shapes())})
		changes.FewestKeys = 1
		all = append(all, changes)
	}
	if f.Goes() {
		all = append(all, &Shape{Const: false})
	}
	return AnyOf(all)
}

// Table is the type of a table: of has its fields. A bare value sets the main key, if there is one.
type Table struct {
	Main     string
	Of       func() []Field
	Required []string
	Others   func(name string) string // the name of the key that is meant by another word
}

// Fields returns the keys.
func (t Table) Fields() []Field { return t.Of() }

// Read reads the keys of a table; any other key is a problem.
func (t Table) Read(d *Decoder, v Value) {
	members, ok := v.Raw.(map[string]any)
	fields := t.Of()
	switch {
	case !ok && t.Main != "":
		m, _ := FieldNamed(fields, t.Main)
		v.short = true
		m.Type.Read(d, v)
		return
	case !ok:
		d.WrongType(v, "a table")
		return
	}
	known := 0
	for _, f := range fields {
		if raw, ok := members[f.Name]; ok {
			known++
			d.Field(f, v.Member(f.Name, raw))
		}
	}
	if known < len(members) {
		for _, name := range SortedKeys(members) {
			if !HasField(fields, name) {
				d.Unknown(v, name, fields, t.Others)
			}
		}
	}
	for _, name := range t.Required {
		d.Require(v, name, "")
	}
}

// Shapes returns those of the main key, and that of the table.
func (t Table) Shapes() []*Shape {
	fields := t.Of()
	var all []*Shape
	if t.Main != "" {
		m, _ := FieldNamed(fields, t.Main)
		all = m.Type.Shapes()
	}
	s := Closed(make(map[string]*Shape, len(fields)))
	for _, f := range fields {
		s.Keys[f.Name] = f.Shape()
	}
	s.Required = slices.Sorted(slices.Values(t.Required))
	return append(all, s)
}

// FreeKeys is the type of a table whose keys are free. They are like the pattern, which one checks; shapes
// are those of a value.
func FreeKeys(pattern string, one func(d *Decoder, name string, v Value), shapes func() []*Shape) Type {
	return free{pattern, one, shapes}
}

type free struct {
	pattern string
	one     func(d *Decoder, name string, v Value)
	shapes  func() []*Shape
}

func (t free) Read(d *Decoder, v Value) {
	members, ok := v.Raw.(map[string]any)
	if !ok {
		d.WrongType(v, "a table")
		return
	}
	for _, name := range SortedKeys(members) {
		t.one(d, name, v.Member(name, members[name]))
	}
}

func (t free) Shapes() []*Shape {
	s := &Shape{Type: "object", Others: new(bool)}
	s.KeysLike = map[string]*Shape{t.pattern: AnyOf(t.shapes())}
	return []*Shape{s}
}

// SortedKeys returns the keys of a table, sorted.
func SortedKeys(table map[string]any) []string {
	all := make([]string, 0, len(table))
	for name := range table {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Member returns the value of a key in the table v.
func (v Value) Member(name string, raw any) Value {
	return Value{Key: toml.JoinKey(v.Key, name), Raw: raw}
}

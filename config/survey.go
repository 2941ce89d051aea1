package config

import (
	"maps"
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// survey is what the readers of the keys take, as they tell it themselves: a decoder that has one
// reads nothing. It calls each reader with a sample of every type, and what that would take is noted
// by the functions that else read it.
type survey struct {
	taken    map[string][]*Shape // by key; of the elements of an array the index is empty
	required map[string][]string // by the key of the table
	sets     map[string]bool     // arrays that have each element once
	filled   map[string]bool     // arrays that have one at least
}

// samples are a value of each type that matters, of which the strings come first.
func samples() []any {
	return []any{"", int64(0), 0.5, false, []any{}, map[string]any{}}
}

// asked tells whether the decoder is asked for what it takes.
func (d *decoder) asked() bool { return d.survey != nil }

// takes notes what the value v may be, if the decoder is asked for that, and tells whether it is.
func (d *decoder) takes(v value, shapes ...*Shape) bool {
	if d.survey == nil {
		return false
	}
	d.survey.taken[v.key] = append(d.survey.taken[v.key], shapes...)
	return true
}

// takesTable is takes for a table with these keys.
func (d *decoder) takesTable(v value, fields []field) {
	keys := map[string]*Shape{}
	for _, f := range fields {
		keys[f.name] = nil
		d.ask(v.member(f.name, nil), func(v value) { d.field(f, v) })
		if f.many != notMany {
			d.takesChanges(v.member(f.name, nil), f)
		}
		if f.goes() {
			d.takes(v.member(f.name, nil), &Shape{Const: false})
		}
	}
	d.takes(v, closed(keys))
}

// takesChanges is takes for what changes a list.
func (d *decoder) takesChanges(v value, f field) {
	for _, name := range []string{"add", "remove"} {
		d.field(f, v.member(name, []any{}))
	}
	shape := closed(map[string]*Shape{"add": nil, "remove": nil})
	shape.FewestKeys = 1
	d.takes(v, shape)
}

// ask calls a reader with each sample.
func (d *decoder) ask(v value, read func(v value)) {
	for _, raw := range samples() {
		v.raw, v.short = raw, false
		read(v)
	}
}

// takesElements is takes for an array, and returns its elements: a sample of each type.
func (d *decoder) takesElements(v value) []value {
	if _, ok := v.raw.([]any); !ok {
		return nil
	}
	d.takes(v, &Shape{Type: "array"})
	var elements []value
	for _, raw := range samples() {
		elements = append(elements, value{key: v.key + "[]", raw: raw})
	}
	return elements
}

// shapeAt builds the shape of a key from what was noted of it and of what is below it.
func (s *survey) shapeAt(key string, describe func(key string) string) *Shape {
	var all []*Shape
	for _, shape := range s.taken[key] {
		complete := *shape
		switch complete.Type {
		case "array":
			if complete.Items == nil {
				complete.Items = s.shapeAt(key+"[]", describe)
				complete.Unique = s.sets[key]
				if s.filled[key] {
					complete.Fewest = 1
				}
			}
		case "object":
			complete.Keys = map[string]*Shape{}
			for name := range shape.Keys {
				complete.Keys[name] = s.shapeAt(toml.JoinKey(key, name), describe)
			}
			for pattern := range shape.KeysLike {
				complete.KeysLike = map[string]*Shape{pattern: s.shapeAt(toml.JoinKey(key, anyPath), describe)}
			}
			complete.Required = slices.Compact(slices.Sorted(slices.Values(s.required[key])))
		}
		all = append(all, &complete)
	}
	shape := anyOf(all)
	if text := describe(key); text != "" {
		described := *shape
		described.Description = text
		shape = &described
	}
	return shape
}

// Schema returns the JSON Schema of profiles: what the readers of the keys take, one by one. How keys
// relate to each other and to a machine is beyond it. describe returns the words on a key, which is written
// as in errors, but for the target of a mount, "/path", and for indexes, which are empty; "" for none.
func Schema(describe func(key string) string) *Shape {
	d := newDecoder("", Vars{})
	d.survey = &survey{map[string][]*Shape{}, map[string][]string{}, map[string]bool{}, map[string]bool{}}
	d.takesTable(value{}, topFields())
	d.survey.required[""] = []string{"version"}
	s := d.survey.shapeAt("", describe)
	s.Schema, s.Title = "http://json-schema.org/draft-07/schema#", "nslaunch profile"
	return s
}

// Words returns the strings that the shape names: what may be offered to complete one. The false that takes
// a key away is none.
func (s *Shape) Words() []string {
	if s == nil {
		return nil
	}
	words := slices.Clone(s.Enum)
	if s.Type == "boolean" {
		words = append(words, "true", "false")
	}
	for _, o := range s.AnyOf {
		words = append(words, o.Words()...)
	}
	return words
}

// Each calls visit for every key that has a shape of its own, by its path, in order.
func (s *Shape) Each(path string, visit func(path string, s *Shape)) {
	if s == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keys)) {
		key := toml.JoinKey(path, name)
		visit(key, s.Keys[name])
		s.Keys[name].Each(key, visit)
	}
	for _, o := range s.AnyOf {
		o.Each(path, visit)
	}
}

package lang

import (
	"maps"
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Set puts a value at the key parts below the table at path, whose keys are
// fields. A bare value of a section goes to its main key, so that a flag for
// another key of that section may come before or after it.
func (l *Layer) Set(table map[string]any, path string, parts []string, v any, src *toml.Source, fields []Field) {
	name := parts[0]
	key := toml.JoinKey(path, name)
	f, _ := FieldNamed(fields, name)
	subfields := f.Below()
	if subfields == nil && f.Many != NotMany {
		subfields = []Field{{Name: "add", Many: AsWords}, {Name: "remove", Many: AsWords}}
	}
	sub, isTable := v.(map[string]any)
	below, hasTable := table[name].(map[string]any)
	if len(parts) == 1 && !isTable {
		if f.Main() == "" || v == false {
			if list, ok := v.([]any); ok && f.Many == AsWords && f.Type == nil {
				v = append(slices.Clone(toml.List(table[name])), list...)
			}
			table[name] = v
			l.Mark(key, v, src)
			return
		}
		parts = []string{name, f.Main()}
		defer func() { // once it is there
			m := l.Marks[toml.JoinKey(key, f.Main())]
			m.As = key
			l.Marks[toml.JoinKey(key, f.Main())] = m
		}()
	}
	if !hasTable {
		if table[name] == false {
			l.cleared = append(l.cleared, key)
		}
		below = map[string]any{}
		table[name] = below
	}
	if _, ok := l.Marks[key]; !ok {
		l.Marks[key] = toml.Mark{Src: src, Kind: toml.MarkTable}
	}
	if len(parts) > 1 {
		l.Set(below, key, parts[1:], v, src, subfields)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(sub)) {
		l.Set(below, key, []string{k}, sub[k], src, subfields)
	}
}

// Mark marks a value, and what is in it, unless it has a mark already.
func (l *Layer) Mark(key string, v any, src *toml.Source) {
	l.Marks[key] = toml.Mark{Src: src}
	if table, ok := v.(map[string]any); ok {
		l.Marks[key] = toml.Mark{Src: src, Kind: toml.MarkMember}
		for name, e := range table {
			l.Mark(toml.JoinKey(key, name), e, src)
		}
	}
	for i, e := range toml.List(v) {
		if element := toml.IndexKey(key, i); l.Marks[element].Src == nil {
			l.Mark(element, e, src)
		}
	}
}

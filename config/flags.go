package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Setting is one key of a profile that is given by a flag.
type Setting struct {
	Key   string // dotted, as in TOML: namespaces.net
	Value any    // Text, string, int, int64, float64, bool, []string, []any or map[string]any
	From  string // the flag, for errors: "--new"
}

// New decodes and checks a profile that is made of flags: one of the current
// version, with no file. Of two settings of one key the later wins; a table is
// merged key by key. Paths are relative to the working directory.
// The error is an [Errors].
func New(settings []Setting, vars Vars) (*Profile, error) {
	return newReading("", vars).compose(nil, settings)
}

// flagLayer returns what all settings say, as one source would: of two of one
// key the later wins, but what one adds to a list or removes comes to that of the others.
func (r *reading) flagLayer(settings []Setting) *layer {
	l := &layer{src: &toml.Source{Dir: r.facts.cwd()}, tree: map[string]any{}, marks: toml.Marks{}}
	for _, s := range settings {
		src := &toml.Source{Name: s.From, Dir: l.src.Dir}
		parts, ok := toml.SplitKey(s.Key)
		if !ok {
			r.errs = append(r.errs, &Error{Pos: src.Pos(0), Msg: "not a key: " + quoted(s.Key) + keyHint(s.Key)})
			continue
		}
		v := generic(s.Value)
		if text, ok := v.(Text); ok {
			var problem *Error
			if v, problem = r.meant(parts, text, src); problem != nil {
				r.errs = append(r.errs, &Error{Pos: src.Pos(0), Key: s.Key, Msg: problem.Msg})
				r.spoilt[s.Key] = true
				continue
			}
		}
		l.set(l.tree, "", parts, v, src, r.top)
	}
	return l
}

// set puts a value at the key parts below the table at path, whose keys are
// fields. A bare value of a section goes to its main key, so that a flag for
// another key of that section may come before or after it.
func (l *layer) set(table map[string]any, path string, parts []string, v any, src *toml.Source, fields []field) {
	name := parts[0]
	key := toml.JoinKey(path, name)
	f, _ := fieldNamed(fields, name)
	subfields := f.below()
	if subfields == nil && f.many != notMany {
		subfields = []field{{name: "add", many: asWords}, {name: "remove", many: asWords}}
	}
	sub, isTable := v.(map[string]any)
	below, hasTable := table[name].(map[string]any)
	if len(parts) == 1 && !isTable {
		if f.main() == "" || v == false {
			if list, ok := v.([]any); ok && f.many == asWords && f.typ == nil {
				v = append(slices.Clone(toml.List(table[name])), list...)
			}
			table[name] = v
			l.mark(key, v, src)
			return
		}
		parts = []string{name, f.main()}
		defer func() { // once it is there
			m := l.marks[toml.JoinKey(key, f.main())]
			m.As = key
			l.marks[toml.JoinKey(key, f.main())] = m
		}()
	}
	if !hasTable {
		if table[name] == false {
			l.cleared = append(l.cleared, key)
		}
		below = map[string]any{}
		table[name] = below
	}
	if _, ok := l.marks[key]; !ok {
		l.marks[key] = toml.Mark{Src: src, Kind: toml.MarkTable}
	}
	if len(parts) > 1 {
		l.set(below, key, parts[1:], v, src, subfields)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(sub)) {
		l.set(below, key, []string{k}, sub[k], src, subfields)
	}
}

// mark marks a value, and what is in it, unless it has a mark already.
func (l *layer) mark(key string, v any, src *toml.Source) {
	l.marks[key] = toml.Mark{Src: src}
	if table, ok := v.(map[string]any); ok {
		l.marks[key] = toml.Mark{Src: src, Kind: toml.MarkMember}
		for name, e := range table {
			l.mark(toml.JoinKey(key, name), e, src)
		}
	}
	for i, e := range toml.List(v) {
		if element := toml.IndexKey(key, i); l.marks[element].Src == nil {
			l.mark(element, e, src)
		}
	}
}

// keyHint tells how to write a key with a path.
func keyHint(key string) string {
	if section, path, ok := strings.Cut(key, "./"); ok && !strings.Contains(path, `"`) {
		return " (did you mean " + section + `."/` + path + `"?)`
	}
	return ""
}

// generic returns a value in the types that the TOML parser gives.
func generic(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = generic(e)
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for k, e := range v {
			table[k] = generic(e)
		}
		return table
	}
	return v
}

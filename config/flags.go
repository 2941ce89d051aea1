package config

import (
	"maps"
	"slices"
)

// Setting is one key of a profile that is given by a flag.
type Setting struct {
	Key   string // dotted, as in TOML: namespaces.net
	Value any    // string, int, int64, float64, bool, []string, []any or map[string]any
	From  string // the flag, for errors: "--new"
}

// New decodes and checks a profile that is made of flags: one of the current
// version, with no file. Of two settings of one key the later wins; a table is
// merged key by key. Paths are relative to the working directory.
// The error is an [Errors].
func New(settings []Setting, vars Vars) (*Profile, error) {
	d := newDecoder("", vars)
	tree := map[string]any{}
	for _, s := range settings {
		src := &source{name: s.From}
		parts, ok := splitKey(s.Key)
		if !ok {
			d.errs = append(d.errs, &Error{Pos: src.pos(0), Msg: "not a key: " + quoted(s.Key)})
			continue
		}
		d.merge(tree, "", parts, generic(s.Value), src, topFields())
	}
	return d.profile(tree, nil)
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

// merge puts a value at the key parts below the table at path, whose keys are
// fields. A bare value of a section goes to its main key, so that a flag for
// another key of that section may come before or after it.
func (d *decoder) merge(table map[string]any, path string, parts []string, v any, src *source, fields []field) {
	name := parts[0]
	key := joinKey(path, name)
	var f field
	if i := slices.IndexFunc(fields, func(f field) bool { return f.name == name }); i >= 0 {
		f = fields[i]
	}
	var subfields []field
	if f.fields != nil {
		subfields = f.fields()
	}
	sub, isTable := v.(map[string]any)
	below, hasTable := table[name].(map[string]any)
	if len(parts) == 1 && !isTable {
		if f.main == "" {
			table[name] = v
			d.p.origins[key] = mark{src: src}
			return
		}
		parts = []string{name, f.main}
	}
	if !hasTable {
		below = map[string]any{}
		table[name] = below
	}
	if _, ok := d.p.origins[key]; !ok {
		d.p.origins[key] = mark{src: src, kind: markTable}
	}
	if len(parts) > 1 {
		d.merge(below, key, parts[1:], v, src, subfields)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(sub)) {
		d.merge(below, key, []string{k}, sub[k], src, subfields)
	}
}

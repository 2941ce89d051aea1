package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Resolved is a profile with all that it extends and all settings as one tree:
// variables are replaced, paths absolute, bare values as they were written.
type Resolved struct {
	Profile *Profile
	Values  []ResolvedValue // in the order of the language's keys
	Removed []ResolvedValue // what was taken away; their Value is false
}

// ResolvedValue is a value other than a table, or an entry of [mounts] as a whole.
type ResolvedValue struct {
	Key       string   // dotted: limits.memory, mounts."/tmp"
	Parts     []string // of the key
	Value     any      // string, int64, float64, bool, []any or map[string]any
	Pos       Pos      // zero for a default
	Elements  []Pos    // of a list that several sources have made: the place of each element
	Overrides []Overridden
}

// Overridden is a value that another source's value has replaced: its Key and Value as they were
// written, and their Pos, which is zero for a default.
type Overridden = lang.Overridden

// Resolve is [Load], and also returns where the parts of the profile come from. With the path ""
// it is [New].
func Resolve(path string, vars Vars, settings ...Setting) (*Resolved, error) {
	r := newReading(path, vars)
	r.Record = lang.NewRecord()
	var p *Profile
	var err error
	if path == "" {
		p, err = r.compose(nil, settings)
	} else {
		var data []byte
		if data, err = readProfile(path); err != nil {
			return nil, err
		}
		p, err = r.parse(data, settings)
	}
	if err != nil {
		return nil, err
	}
	whole := &Resolved{Profile: p}
	if err := r.resolved(whole); err != nil {
		return nil, err
	}
	return whole, nil
}

// resolved fills in what the profile is made of, from the tree and what became of its values.
func (r *reading) resolved(whole *Resolved) error {
	tree := r.Record.Tree
	delete(r.Record.Over, "version") // every file has it
	if tree["version"] == nil {
		tree["version"] = int64(Version) // of flags
	}
	if name, ok := tree["name"].(map[string]any); !ok || name["base"] == nil || name["base"] == false {
		tree["name"] = map[string]any{"base": r.p.Name, "taken": string(r.p.Taken)} // it is that of the file
		delete(r.Record.Gone, "name")
		delete(r.Record.Gone, "name.base")
		delete(r.Record.Gone, "name.taken")
	}
	r.resolveTable(whole, nil, "", tree, r.Top)
	for _, v := range whole.Values {
		bad := ""
		lang.EachString(v.Value, func(s string) {
			if !utf8.ValidString(s) {
				bad = s
			}
		})
		if bad != "" {
			return &Error{Pos: v.Pos, Key: v.Key, Msg: fmt.Sprintf("%q is not UTF-8, which TOML needs", bad)}
		}
	}
	return nil
}

// resolveTable adds the values of a table in the order of its fields, those of
// tables in it after the others.
func (r *reading) resolveTable(whole *Resolved, parts []string, path string, table map[string]any, fields []lang.Field) {
	order := func(name string) int {
		i := slices.IndexFunc(fields, func(f lang.Field) bool { return f.Name == name })
		if i < 0 {
			i = len(fields)
		}
		if _, isTable := table[name].(map[string]any); isTable && path == "" {
			i += len(fields) + 1
		}
		return i
	}
	names := slices.SortedFunc(maps.Keys(table), func(a, b string) int { return cmp.Or(order(a)-order(b), cmp.Compare(a, b)) })
	for _, name := range names {
		key, raw := toml.JoinKey(path, name), table[name]
		f := lang.FieldFor(fields, name)
		here := append(slices.Clone(parts), name)
		sub, isTable := raw.(map[string]any)
		switch {
		case raw == false && r.Record.Gone[key]:
			whole.Removed = append(whole.Removed, ResolvedValue{Key: key, Parts: here, Value: raw, Pos: r.Record.Away[key], Overrides: r.Record.Over[key]})
		case r.Record.Gone[key]:
		case isTable && !f.Free && !f.Sums:
			r.resolveTable(whole, here, key, sub, f.Below())
		default:
			r.resolveValue(whole, here, key, raw)
		}
	}
}

// resolveValue adds one value, unless it is a list of which nothing is left.
func (r *reading) resolveValue(whole *Resolved, parts []string, key string, raw any) {
	v := ResolvedValue{Key: key, Parts: parts, Value: r.final(key, raw), Overrides: r.Record.Over[key]}
	if target, ok := r.Record.Values[key].(string); ok && len(parts) == 2 && parts[0] == "mounts" {
		v.Parts = []string{"mounts", target}
		v.Key = toml.JoinKey("mounts", target)
	}
	if m, ok := r.Marks[key]; ok {
		v.Pos = m.KeyPos()
	}
	var marks []toml.Mark
	mixed := false
	for i := range toml.List(raw) {
		here := toml.IndexKey(key, i)
		if r.Record.Gone[here] {
			continue
		}
		m := r.Marks[here] // none for a default
		marks = append(marks, m)
		mixed = mixed || m.Src != marks[0].Src
		v.Overrides = append(v.Overrides, r.Record.Over[here]...)
	}
	if mixed || len(marks) > 0 && marks[0].Src == nil {
		for _, m := range marks {
			pos := Pos{}
			if m.Src != nil {
				pos = m.KeyPos()
			}
			v.Elements = append(v.Elements, pos)
		}
	}
	if toml.IsList(raw) && len(marks) == 0 && len(toml.List(raw)) > 0 {
		return
	}
	whole.Values = append(whole.Values, v)
}

// final returns what became of a value: a copy with what was resolved in it.
func (r *reading) final(key string, raw any) any {
	if table, ok := raw.(map[string]any); ok {
		copied := map[string]any{}
		for name, e := range table {
			copied[name] = r.final(toml.JoinKey(key, name), e)
		}
		return copied
	}
	if toml.IsList(raw) {
		copied := []any{}
		for i, e := range toml.List(raw) {
			if here := toml.IndexKey(key, i); !r.Record.Gone[here] {
				copied = append(copied, r.final(here, e))
			}
		}
		return copied
	}
	if v, ok := r.Record.Values[key]; ok {
		return v
	}
	return raw
}

// Tree returns the values as nested tables, those at and below the key of the
// parts given; ok is false where there are none.
func (r *Resolved) Tree(parts ...string) (tree any, ok bool) {
	all := map[string]any{}
	for _, v := range r.Values {
		if len(v.Parts) < len(parts) || !slices.Equal(v.Parts[:len(parts)], parts) {
			continue
		}
		rest := v.Parts[len(parts):]
		if len(rest) == 0 {
			return v.Value, true
		}
		table := all
		for _, part := range rest[:len(rest)-1] {
			sub, ok := table[part].(map[string]any)
			if !ok {
				sub = map[string]any{}
				table[part] = sub
			}
			table = sub
		}
		table[rest[len(rest)-1]] = v.Value
	}
	return all, len(all) > 0
}

// At returns what of the profile is at and below a dotted key, as TOML writes one;
// the error says that the language has no such key. Nothing in it is a key
// whose default holds.
func (r *Resolved) At(key string) (*Resolved, []string, error) {
	parts, ok := toml.SplitKey(key)
	if !ok {
		return nil, nil, fmt.Errorf("not a key: %q%s", key, keyHint(key))
	}
	if parts[0] == "extends" {
		return nil, nil, errors.New("the merged profile has no extends: it contains the extended profiles (--origin shows the place of each value)")
	}
	part := &Resolved{Profile: r.Profile}
	for _, v := range r.Values {
		if len(v.Parts) >= len(parts) && slices.Equal(v.Parts[:len(parts)], parts) {
			part.Values = append(part.Values, v)
		}
	}
	if len(part.Values) == 0 {
		// The reader knows its keys.
		try := newReading("", Vars{})
		try.Read(nested(parts, int64(0)))
		for _, e := range try.Errs {
			if e.Key != joinAll(parts) || strings.HasPrefix(e.Msg, "unknown key") {
				return nil, nil, e
			}
		}
	}
	return part, parts, nil
}

func joinAll(parts []string) string {
	key := ""
	for _, part := range parts {
		key = toml.JoinKey(key, part)
	}
	return key
}

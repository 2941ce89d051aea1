package config

import (
	"maps"
	"slices"
	"strings"
)

// layer is what one source says.
type layer struct {
	src   *source
	tree  map[string]any
	marks origins

	extends any // the value of that key, which is not in the tree any more

	cleared []string // tables that a flag takes away before a later flag fills them
}

// element is one of a list.
type element struct {
	raw   any
	path  string  // where the marks have it
	marks origins // its own, and of what is in it
}

// merge puts what a layer says over the tree of all that lie below it. The
// marks of the whole are the profile's.
func (d *decoder) merge(tree map[string]any, l *layer) {
	l = d.spelt(l)
	for _, f := range rivals() {
		if _, ok := l.marks[f[0]]; ok {
			d.yield(tree, f[1:])
		}
	}
	d.mergeTable(tree, "", l, l.tree, topFields())
}

// rivals are keys of which the first, where a layer has it, takes the place of
// the others in all layers below.
func rivals() [][]string {
	all := []string{"namespaces.all"} // it stands for every kind
	for _, k := range Kinds() {
		all = append(all, joinKey("namespaces", string(k)))
	}
	return [][]string{
		all,
		{"idmap.mode", "idmap.uid", "idmap.gid"},
		{"idmap.uid", "idmap.mode"},
		{"idmap.gid", "idmap.mode"},
		{"propagation", "root.propagation"},
		{"root.propagation", "propagation"},
	}
}

// yield takes keys of one or two parts out of the tree.
func (d *decoder) yield(tree map[string]any, keys []string) {
	for _, key := range keys {
		table, name := tree, key
		if section, rest, ok := strings.Cut(key, "."); ok {
			table, _ = tree[section].(map[string]any)
			name = rest
		}
		if old, ok := table[name]; ok {
			d.forget(key, old)
			delete(table, name)
		}
	}
}

// spelt returns a layer with each bare value of a section at the section's main key.
func (d *decoder) spelt(l *layer) *layer {
	long := &layer{src: l.src, tree: maps.Clone(l.tree), marks: l.marks, cleared: l.cleared}
	for _, f := range topFields() {
		raw, ok := l.tree[f.name]
		if _, isTable := raw.(map[string]any); !ok || isTable || f.main == "" || raw == false {
			continue
		}
		key := joinKey(f.name, f.main)
		copyMarks(l.marks, key, raw, l.marks, f.name)
		m := l.marks[f.name]
		m.kind = markTable
		l.marks[f.name] = m
		long.tree[f.name] = map[string]any{f.main: raw}
	}
	return long
}

func (d *decoder) mergeTable(below map[string]any, path string, l *layer, above map[string]any, fields []field) {
	for _, name := range slices.Sorted(maps.Keys(above)) {
		key, raw := joinKey(path, name), above[name]
		f, _ := fieldNamed(fields, name)
		_, changes := f.changes(raw)
		sub, isTable := raw.(map[string]any)
		old, had := below[name]
		if old == false && f.many != notMany {
			old = nil // the list is what it is at first
		}
		oldTable, hadTable := old.(map[string]any)
		switch {
		case changes || f.many != notMany && path == "mounts":
			below[name] = d.mergeList(f, key, l, raw, old)
		case path == "mounts":
			if had && raw == false {
				d.took[key] = true
			}
			d.replace(below, name, key, raw, l)
		case isTable && (hadTable || !had):
			if hadTable && slices.Contains(l.cleared, key) {
				d.overrode(key, d.forget(key, old))
				hadTable = false
			}
			if !hadTable {
				oldTable = map[string]any{}
				below[name] = oldTable
			}
			d.p.origins[key] = l.at(key)
			d.mergeTable(oldTable, key, l, sub, f.below())
		default:
			d.replace(below, name, key, raw, l)
		}
	}
}

// at returns the mark of a key; of one without a mark of its own, that of what is around it.
func (l *layer) at(key string) mark {
	m, ok := l.marks.near(key)
	if !ok {
		m.src = l.src
	}
	return m
}

// replace puts a value of a layer in the place of what is there.
func (d *decoder) replace(table map[string]any, name, key string, raw any, l *layer) {
	if old, had := table[name]; had {
		if was := d.forget(key, old); key != "version" {
			d.overrode(key, was)
		}
	}
	table[name] = raw
	d.p.origins[key] = l.at(key)
	copyMarks(d.p.origins, key, raw, l.marks, key)
}

// copyMarks gives v, which is at the path key, the marks that it has in from
// at the path fromKey.
func copyMarks(to origins, key string, v any, from origins, fromKey string) {
	if m, ok := from[fromKey]; ok {
		if m.as == "" && key != fromKey {
			m.as = fromKey
		}
		to[key] = m
	}
	if table, ok := v.(map[string]any); ok {
		for name, e := range table {
			copyMarks(to, joinKey(key, name), e, from, joinKey(fromKey, name))
		}
		return
	}
	for i, e := range listOf(v) {
		copyMarks(to, indexKey(key, i), e, from, indexKey(fromKey, i))
	}
}

// forget takes away the marks of v, which is at the path key, and returns what it was.
func (d *decoder) forget(key string, v any) Overridden {
	was := Overridden{Key: d.p.written(key), Value: v, Pos: d.p.origins.keyPos(key)}
	d.unmark(key, v)
	return was
}

func (d *decoder) unmark(key string, v any) {
	delete(d.p.origins, key)
	if table, ok := v.(map[string]any); ok {
		for name, e := range table {
			d.unmark(joinKey(key, name), e)
		}
		return
	}
	for i, e := range listOf(v) {
		d.unmark(indexKey(key, i), e)
	}
}

// listOf returns the elements of an array of TOML; nil for anything else.
func listOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []map[string]any: // [[key]]
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = m
		}
		return list
	}
	return nil
}

// isList tells whether v is an array of TOML.
func isList(v any) bool {
	switch v.(type) {
	case []any, []map[string]any:
		return true
	}
	return false
}

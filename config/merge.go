package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// layer is what one source says.
type layer struct {
	src   *toml.Source
	tree  map[string]any
	marks toml.Marks

	extends any // the value of that key, which is not in the tree any more

	cleared []string // tables that a flag takes away before a later flag fills them
}

// element is one of a list.
type element struct {
	raw   any
	path  string     // where the marks have it
	marks toml.Marks // its own, and of what is in it
}

// merge puts what a layer says over the tree of all that lie below it. The
// marks of the whole are the profile's.
//
// Of the keys of rivals the first, where the layer has it, takes the place of the others in all layers below.
func (d *decoder) merge(tree map[string]any, l *layer, rivals [][]string) {
	l = d.spelt(l)
	for _, f := range rivals {
		if _, ok := l.marks[f[0]]; ok {
			d.yield(tree, f[1:])
		}
	}
	d.mergeTable(tree, "", l, l.tree, d.top)
}

// rivals are keys of which the first takes the place of the others.
func rivals() [][]string {
	all := []string{"namespaces.all"} // it stands for every kind
	for _, k := range Kinds() {
		all = append(all, toml.JoinKey("namespaces", string(k)))
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
	for _, f := range d.top {
		raw, ok := l.tree[f.name]
		if _, isTable := raw.(map[string]any); !ok || isTable || f.main() == "" || raw == false {
			continue
		}
		key := toml.JoinKey(f.name, f.main())
		l.marks.Copy(key, raw, l.marks, f.name)
		m := l.marks[f.name]
		m.Kind = toml.MarkTable
		l.marks[f.name] = m
		long.tree[f.name] = map[string]any{f.main(): raw}
	}
	return long
}

func (d *decoder) mergeTable(below map[string]any, path string, l *layer, above map[string]any, fields []field) {
	for _, name := range slices.Sorted(maps.Keys(above)) {
		key, raw := toml.JoinKey(path, name), above[name]
		f := fieldFor(fields, name)
		_, changes := f.changes(raw)
		sub, isTable := raw.(map[string]any)
		old, had := below[name]
		if old == false && f.many != notMany {
			old = nil // the list is what it is at first
		}
		oldTable, hadTable := old.(map[string]any)
		switch {
		case changes || f.sums:
			below[name] = d.mergeList(f, key, l, raw, old)
		case f.free:
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
			d.marks[key] = l.at(key)
			d.mergeTable(oldTable, key, l, sub, f.below())
		default:
			d.replace(below, name, key, raw, l)
		}
	}
}

// at returns the mark of a key; of one without a mark of its own, that of what is around it.
func (l *layer) at(key string) toml.Mark {
	m, ok := l.marks.Near(key)
	if !ok {
		m.Src = l.src
	}
	return m
}

// replace puts a value of a layer in the place of what is there.
func (d *decoder) replace(table map[string]any, name, key string, raw any, l *layer) {
	if old, had := table[name]; had {
		d.overrode(key, d.forget(key, old))
	}
	table[name] = raw
	d.marks[key] = l.at(key)
	d.marks.Copy(key, raw, l.marks, key)
}

// forget takes away the marks of v, which is at the path key, and returns what it was.
func (d *decoder) forget(key string, v any) Overridden {
	was := Overridden{Key: d.marks.Written(key), Value: v, Pos: d.marks.KeyPos(key)}
	d.marks.Forget(key, v)
	return was
}

package lang

import (
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Layer is what one source says.
type Layer struct {
	Src   *toml.Source
	Tree  map[string]any
	Marks toml.Marks

	Extends any // the value of that key, which is not in the tree any more

	cleared []string // tables that a flag takes away before a later flag fills them
}

// element is one of a list.
type element struct {
	raw   any
	path  string     // where the marks have it
	marks toml.Marks // its own, and of what is in it
}

// Merge puts what a layer says over the tree of all that lie below it. The
// marks of the whole are the profile's.
//
// Of the keys of rivals the first, where the layer has it, takes the place of the others in all layers below.
func (d *Decoder) Merge(tree map[string]any, l *Layer, rivals [][]string) {
	l = d.spelt(l)
	for _, f := range rivals {
		if _, ok := l.Marks[f[0]]; ok {
			d.yield(tree, f[1:])
		}
	}
	d.mergeTable(tree, "", l, l.Tree, d.Top)
}

// yield takes keys of one or two parts out of the tree.
func (d *Decoder) yield(tree map[string]any, keys []string) {
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
func (d *Decoder) spelt(l *Layer) *Layer {
	long := &Layer{Src: l.Src, Tree: maps.Clone(l.Tree), Marks: l.Marks, cleared: l.cleared}
	for _, f := range d.Top {
		raw, ok := l.Tree[f.Name]
		if _, isTable := raw.(map[string]any); !ok || isTable || f.Main() == "" || raw == false {
			continue
		}
		key := toml.JoinKey(f.Name, f.Main())
		l.Marks.Copy(key, raw, l.Marks, f.Name)
		m := l.Marks[f.Name]
		m.Kind = toml.MarkTable
		l.Marks[f.Name] = m
		long.Tree[f.Name] = map[string]any{f.Main(): raw}
	}
	return long
}

func (d *Decoder) mergeTable(below map[string]any, path string, l *Layer, above map[string]any, fields []Field) {
	for _, name := range slices.Sorted(maps.Keys(above)) {
		key, raw := toml.JoinKey(path, name), above[name]
		f := FieldFor(fields, name)
		_, changes := f.changes(raw)
		sub, isTable := raw.(map[string]any)
		old, had := below[name]
		if old == false && f.Many != NotMany {
			old = nil // the list is what it is at first
		}
		oldTable, hadTable := old.(map[string]any)
		switch {
		case changes || f.Sums:
			below[name] = d.mergeList(f, key, l, raw, old)
		case f.Free:
			if had && raw == false {
				d.Took[key] = true
			}
			d.replace(below, name, key, raw, l)
		case isTable && (hadTable || !had):
			if hadTable && slices.Contains(l.cleared, key) {
				d.Overrode(key, d.forget(key, old))
				hadTable = false
			}
			if !hadTable {
				oldTable = map[string]any{}
				below[name] = oldTable
			}
			d.Marks[key] = l.At(key)
			d.mergeTable(oldTable, key, l, sub, f.Below())
		default:
			d.replace(below, name, key, raw, l)
		}
	}
}

// At returns the mark of a key; of one without a mark of its own, that of what is around it.
func (l *Layer) At(key string) toml.Mark {
	m, ok := l.Marks.Near(key)
	if !ok {
		m.Src = l.Src
	}
	return m
}

// replace puts a value of a layer in the place of what is there.
func (d *Decoder) replace(table map[string]any, name, key string, raw any, l *Layer) {
	if old, had := table[name]; had {
		d.Overrode(key, d.forget(key, old))
	}
	table[name] = raw
	d.Marks[key] = l.At(key)
	d.Marks.Copy(key, raw, l.Marks, key)
}

// forget takes away the marks of v, which is at the path key, and returns what it was.
func (d *Decoder) forget(key string, v any) Overridden {
	was := Overridden{Key: d.Marks.Written(key), Value: v, Pos: d.Marks.KeyPos(key)}
	d.Marks.Forget(key, v)
	return was
}

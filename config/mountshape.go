package config

import (
	"slices"
)

// takesMounts notes what readMounts takes: the lists, and the tables of targets.
func (d *decoder) takesMounts(v value) {
	if _, ok := v.raw.(map[string]any); !ok {
		return
	}
	lists := map[string]*Shape{}
	for _, f := range mountsFields() {
		if f.read != nil {
			lists[f.name] = nil
			d.ask(v.member(f.name, nil), func(v value) { f.read(d, v) })
			d.takesChanges(v.member(f.name, nil), f)
		}
	}
	shape := closed(lists)
	shape.KeysLike = map[string]*Shape{`^(` + component + `)+$|` + hasVariable: nil}
	d.takes(v, shape)
	d.takesMount(v.member(anyPath, nil))
	d.takes(v.member(anyPath, nil), &Shape{Const: false}) // takes an earlier one away
}

// takesMount notes what mountTable takes.
func (d *decoder) takesMount(v value) {
	shape := closed(map[string]*Shape{})
	shape.With = map[string]*Shape{}
	for _, k := range mountKeys() {
		shape.Keys[k.name] = nil
		d.ask(v.member(k.name, nil), func(v value) { k.read(d, v, &MountEntry{}) })
		if k.of == nil {
			shape.OneOf = append(shape.OneOf, having(k.name))
		} else {
			shape.With[k.name] = takersShape(k)
		}
	}
	created := &Shape{Keys: map[string]*Shape{"create": {Const: true}}, Required: []string{"create"}}
	shape.AllOf = []*Shape{
		{If: ofType(MountOverlay), Then: having("lower")},
		{If: ofType(MountSymlink), Then: having("to")},
		{If: ofType(MountFile), Then: &Shape{OneOf: []*Shape{having("content"), having("source")}}},
		{If: created, Then: having("dir")},
		{If: &Shape{Required: []string{"dir", "uid"}}, Then: created},
		{If: &Shape{Required: []string{"dir", "gid"}}, Then: created},
	}
	d.takes(v, shape)
}

// takersShape is a table of one of the types that take a key.
func takersShape(k mountKey) *Shape {
	var all []*Shape
	var types []MountType
	for _, t := range k.of {
		switch t {
		case MountBind:
			all = append(all, having("ro"), having("rw"))
		case MountMasked:
			all = append(all, having("masked"))
		default:
			types = append(types, t)
		}
	}
	if types != nil {
		all = append(all, ofType(types...))
	}
	return anyOf(slices.Clip(all))
}

// ofType is a table whose type is one of these.
func ofType(types ...MountType) *Shape {
	return &Shape{Keys: map[string]*Shape{"type": oneWord(types...)}, Required: []string{"type"}}
}

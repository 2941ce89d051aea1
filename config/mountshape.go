package config

import (
	"slices"
)

func (t *targetType) Shapes() []*Shape {
	shape := closed(map[string]*Shape{})
	shape.With = map[string]*Shape{}
	for _, k := range t.mountKeys() {
		shape.Keys[k.name] = anyOf(k.typ.Shapes())
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
	return []*Shape{shape}
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

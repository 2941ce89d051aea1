package config

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func (t *targetType) Shapes() []*Shape {
	shape := lang.Closed(map[string]*Shape{})
	shape.With = map[string]*Shape{}
	for _, k := range t.mountKeys() {
		shape.Keys[k.Name] = lang.AnyOf(k.Type.Shapes())
		if k.of == nil {
			shape.OneOf = append(shape.OneOf, lang.Having(k.Name))
		} else {
			shape.With[k.Name] = takersShape(k)
		}
	}
	created := &Shape{Keys: map[string]*Shape{"create": {Const: true}}, Required: []string{"create"}}
	shape.AllOf = []*Shape{
		{If: ofType(MountOverlay), Then: lang.Having("lower")},
		{If: ofType(MountSymlink), Then: lang.Having("to")},
		{If: ofType(MountFile), Then: &Shape{OneOf: []*Shape{lang.Having("content"), lang.Having("source")}}},
		{If: created, Then: lang.Having("dir")},
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
			all = append(all, lang.Having("ro"), lang.Having("rw"))
		case MountMasked:
			all = append(all, lang.Having("masked"))
		default:
			types = append(types, t)
		}
	}
	if types != nil {
		all = append(all, ofType(types...))
	}
	return lang.AnyOf(slices.Clip(all))
}

// ofType is a table whose type is one of these.
func ofType(types ...MountType) *Shape {
	return &Shape{Keys: map[string]*Shape{"type": lang.OneWord(types...)}, Required: []string{"type"}}
}

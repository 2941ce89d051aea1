package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

func rootFields(p *Profile) []field {
	return []field{
		{name: "path", off: `"host"`, typ: rootPathType(&p.Root)},
		{name: "readonly", off: asRead, typ: boolean(&p.Root.Readonly)},
		{name: "overlay", typ: rootOverlayType{&p.Root.Overlay}},
		{name: "propagation", typ: rootPropagationType(p)},
		{name: "options", typ: mountOptionsType{&p.Root.Options}, many: asSet, off: "[]"},
	}
}

func devFields(dev *Dev) []field {
	return []field{
		{name: "mode", typ: enum(&dev.Mode, DevMinimal, DevHost)},
		{name: "exec", off: asRead, typ: boolean(&dev.Exec)},
	}
}

// rootPathType is "host", "tmpfs" or the path of a directory.
func rootPathType(r *Root) Type {
	return by(func(d *decoder, v value) {
		s, ok := d.str(v)
		switch {
		case !ok:
		case s == string(RootHost) || s == string(RootTmpfs):
			r.Mode = RootMode(s)
		case isPath(s):
			dir, ok := d.cleanPath(v, s)
			if ok && dir == "/" {
				d.problem(v, "the host's root is written %q, got %q", RootHost, s)
			} else if ok {
				r.Mode, r.Path = RootPath, dir
			}
		default:
			d.problem(v, "unknown value %q, want host, tmpfs or %s%s", s, wantPath, pathHint(s, RootHost, RootTmpfs))
		}
	}, func() []*Shape { return []*Shape{oneWord(RootHost, RootTmpfs), like(hostPathPattern)} })
}

// rootOverlayType is "tmpfs", or a table for a directory.
type rootOverlayType struct{ *Overlay }

func (o rootOverlayType) table() table {
	return table{of: func() []field {
		return []field{
			{name: "dir", off: asRead, typ: to(&o.Dir, hostFile())},
			{name: "create", off: asRead, typ: boolean(&o.Create)},
		}
	}, required: []string{"dir"}}
}

func (o rootOverlayType) fields() []field { return o.table().of() }

func (o rootOverlayType) Read(d *decoder, v value) {
	if _, isTable := v.raw.(map[string]any); isTable {
		o.Mode = OverlayDir
		o.table().Read(d, v)
		createsBelowState(d, v, o.Dir, o.Create)
		return
	}
	if d.word(v, string(OverlayTmpfs), "{ dir = … }") {
		o.Mode = OverlayTmpfs
	}
}

func (o rootOverlayType) Shapes() []*Shape {
	return append([]*Shape{oneWord(OverlayTmpfs)}, o.table().Shapes()...)
}

// rootPropagationType is that of what may as well be written as `propagation`.
func rootPropagationType(p *Profile) Type {
	kinds := mountprop.All()
	return by(func(d *decoder, v value) {
		kind := readEnum(d, v, kinds)
		if _, ok := d.marks["propagation"]; ok {
			d.misplaced(v.key, "propagation is given already, at %s", d.marks.KeyPos("propagation"))
			return
		}
		p.Propagation = kind
	}, func() []*Shape { return []*Shape{oneWord(kinds...)} })
}

// propagationKey returns the one of two keys that the propagation is written at.
func (p *Profile) propagationKey() string {
	const top, below = "propagation", "root.propagation"
	if _, ok := p.origins[top]; !ok {
		if _, ok := p.origins[below]; ok {
			return below
		}
	}
	return top
}

// createsBelowState notes a table whose `create` would make a directory in a
// place that is not ours.
func createsBelowState(d *decoder, v value, dir string, create bool) {
	if !create || dir == "" {
		return
	}
	key := toml.JoinKey(v.key, "create")
	switch state := d.facts.state(); {
	case state == "":
		d.misplaced(key, "needs a dir below ${state}, which is not known here")
	case !strings.HasPrefix(dir, strings.TrimRight(state, "/")+"/"):
		d.misplaced(key, "needs a dir below ${state}, which is %q (it is %q)", state, dir)
	}
}

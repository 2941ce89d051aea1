package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

func rootFields(p *Profile) []lang.Field {
	return []lang.Field{
		{Name: "path", Off: `"host"`, Type: rootPathType(&p.Root)},
		{Name: "readonly", Off: lang.AsRead, Type: lang.Bool(&p.Root.Readonly)},
		{Name: "overlay", Type: rootOverlayType{&p.Root.Overlay}},
		{Name: "propagation", Type: rootPropagationType(p)},
		{Name: "options", Type: mountOptionsType{&p.Root.Options}, Many: lang.AsSet, Off: "[]"},
	}
}

func devFields(dev *Dev) []lang.Field {
	return []lang.Field{
		{Name: "mode", Type: lang.Enum(&dev.Mode, DevMinimal, DevHost)},
		{Name: "exec", Off: lang.AsRead, Type: lang.Bool(&dev.Exec)},
	}
}

// rootPathType is "host", "tmpfs" or the path of a directory.
func rootPathType(r *Root) lang.Type {
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		s, ok := d.FilledText(v)
		switch {
		case !ok:
		case s == string(RootHost) || s == string(RootTmpfs):
			r.Mode = RootMode(s)
		case lang.IsPath(s):
			dir, ok := d.CleanPath(v, s)
			if ok && dir == "/" {
				d.Problem(v, "write the host's root as %q, got %q", RootHost, s)
			} else if ok {
				r.Mode, r.Path = RootPath, dir
			}
		default:
			d.Problem(v, "unknown value %q, want host, tmpfs or %s%s", s, lang.WantPath, lang.PathHint(s, RootHost, RootTmpfs))
		}
	}, func() []*Shape {
		return []*Shape{lang.OneWord(RootHost, RootTmpfs), lang.Like(lang.HostPathPattern)}
	})
}

// rootOverlayType is "tmpfs", or a table for a directory.
type rootOverlayType struct{ *Overlay }

func (o rootOverlayType) table() lang.Table {
	return lang.Table{Of: func() []lang.Field {
		return []lang.Field{
			{Name: "dir", Off: lang.AsRead, Type: lang.To(&o.Dir, lang.HostFile())},
			{Name: "create", Off: lang.AsRead, Type: lang.Bool(&o.Create)},
		}
	}, Required: []string{"dir"}}
}

func (o rootOverlayType) Fields() []lang.Field { return o.table().Of() }

func (o rootOverlayType) Read(d *lang.Decoder, v lang.Value) {
	if _, isTable := v.Raw.(map[string]any); isTable {
		o.Mode = OverlayDir
		o.table().Read(d, v)
		createsBelowState(d, v, o.Dir, o.Create)
		return
	}
	if d.Word(v, string(OverlayTmpfs), `{ dir = "/path" }`) {
		o.Mode = OverlayTmpfs
	}
}

func (o rootOverlayType) Shapes() []*Shape {
	return append([]*Shape{lang.OneWord(OverlayTmpfs)}, o.table().Shapes()...)
}

// rootPropagationType is that of what may as well be written as `propagation`.
func rootPropagationType(p *Profile) lang.Type {
	kinds := mountprop.All()
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		kind := lang.ReadEnum(d, v, kinds)
		if _, ok := d.Marks["propagation"]; ok {
			d.Misplaced(v.Key, "propagation is given already, at %s", d.Marks.KeyPos("propagation"))
			return
		}
		p.Propagation = kind
	}, func() []*Shape { return []*Shape{lang.OneWord(kinds...)} })
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
func createsBelowState(d *lang.Decoder, v lang.Value, dir string, create bool) {
	if !create || dir == "" {
		return
	}
	key := toml.JoinKey(v.Key, "create")
	switch state := d.Facts.State(); {
	case state == "":
		d.Misplaced(key, "needs a dir below ${state}, which is not known here")
	case !strings.HasPrefix(dir, strings.TrimRight(state, "/")+"/"):
		d.Misplaced(key, "needs a dir below ${state}, which is %q (it is %q)", state, dir)
	}
}

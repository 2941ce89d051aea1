package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

func rootFields() []field {
	return []field{
		{name: "path", off: `"host"`, read: readRootPath},
		{name: "readonly", off: asRead, read: func(d *decoder, v value) { d.boolean(v, &d.p.Root.Readonly) }},
		{name: "overlay", read: readRootOverlay, fields: func() []field { return overlayFields(new(Overlay)) }},
		{name: "propagation", read: readRootPropagation},
		{name: "options", read: func(d *decoder, v value) { d.p.Root.Options = readMountOptions(d, v) }, many: asSet, off: "[]"},
	}
}

func devFields() []field {
	return []field{
		{name: "mode", read: func(d *decoder, v value) { d.p.Dev.Mode = enum(d, v, DevMinimal, DevHost) }},
		{name: "exec", off: asRead, read: func(d *decoder, v value) { d.boolean(v, &d.p.Dev.Exec) }},
	}
}

// readRootPath reads "host", "tmpfs" or the path of a directory.
func readRootPath(d *decoder, v value) {
	d.takes(v, oneWord(RootHost, RootTmpfs), like(hostPathPattern))
	s, ok := d.str(v)
	switch {
	case !ok:
	case s == string(RootHost) || s == string(RootTmpfs):
		d.p.Root.Mode = RootMode(s)
	case isPath(s):
		dir, ok := d.cleanPath(v, s)
		if ok && dir == "/" {
			d.problem(v, "the host's root is written %q, got %q", RootHost, s)
		} else if ok {
			d.p.Root.Mode, d.p.Root.Path = RootPath, dir
		}
	default:
		d.problem(v, "unknown value %q, want host, tmpfs or %s%s", s, wantPath, pathHint(s, RootHost, RootTmpfs))
	}
}

// readRootOverlay reads "tmpfs", or a table for a directory.
func readRootOverlay(d *decoder, v value) {
	o := &d.p.Root.Overlay
	if _, isTable := v.raw.(map[string]any); isTable {
		o.Mode = OverlayDir
		d.table(v, overlayFields(o))
		d.require(v, "dir")
		d.createsBelowState(v, o.Dir, o.Create)
		return
	}
	if d.word(v, string(OverlayTmpfs), "{ dir = … }") {
		o.Mode = OverlayTmpfs
	}
}

func overlayFields(o *Overlay) []field {
	return []field{
		{name: "dir", off: asRead, read: func(d *decoder, v value) { o.Dir, _ = d.hostFile(v) }},
		{name: "create", off: asRead, read: func(d *decoder, v value) { d.boolean(v, &o.Create) }},
	}
}

// readRootPropagation reads what may as well be written as `propagation`.
func readRootPropagation(d *decoder, v value) {
	kind := readPropagation(d, v)
	if _, ok := d.p.origins["propagation"]; ok {
		d.misplaced(v.key, "propagation is given already, at %s", d.p.origins.KeyPos("propagation"))
		return
	}
	d.p.Propagation = kind
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
func (d *decoder) createsBelowState(v value, dir string, create bool) {
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

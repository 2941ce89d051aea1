package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// placed is an entry of [mounts] before it is read.
type placed struct {
	key   string
	layer int
	raw   any
}

// place finds the targets of all entries where several sources make the
// profile: of two entries of one target the later source's is what counts, however
// they are written. What is wrong with a target is told when it is read.
func (d *decoder) place(table value) {
	members, ok := table.raw.(map[string]any)
	if d.p.sources == nil || !ok {
		return
	}
	quiet := &decoder{p: d.p, facts: d.facts, spoilt: map[string]bool{}}
	d.mounted = map[string][]placed{}
	add := func(v value, target string, ok bool) {
		if m, marked := d.p.origins.Near(v.key); ok && marked {
			d.mounted[target] = append(d.mounted[target], placed{v.key, m.Src.Layer, v.raw})
		}
	}
	lists := mountsFields()
	for name, raw := range members {
		v := table.member(name, raw)
		if name == anyPath || !hasField(lists, name) {
			target, ok := quiet.target(v, name)
			add(v, target, ok)
			continue
		}
		for i, raw := range toml.List(raw) {
			e := value{key: toml.IndexKey(v.key, i), raw: raw}
			if s, ok := raw.(string); ok {
				pattern, ok := quiet.globPath(value{key: e.key, raw: strings.TrimPrefix(s, "-")})
				target := GlobText(pattern)
				if IsGlob(pattern) {
					target = globKey(pattern)
				}
				add(e, target, ok)
			}
		}
	}
}

// below returns the entries of a target that are of earlier sources than v, and
// tells whether a later one has an entry, too.
func (d *decoder) below(v value, target string) (earlier []placed, replaced bool) {
	m, _ := d.p.origins.Near(v.key)
	if m.Src == nil {
		return nil, false
	}
	for _, p := range d.mounted[target] {
		switch {
		case p.layer < m.Src.Layer:
			earlier = append(earlier, p)
		case p.layer > m.Src.Layer:
			replaced = true
		}
	}
	return earlier, replaced
}

// replaced tells whether an entry is replaced or taken away by a later source.
func (d *decoder) replaced(v value, target string) bool {
	earlier, replaced := d.below(v, target)
	if replaced {
		d.leftOut(v.key)
		return true
	}
	for _, p := range earlier {
		d.overrode(v.key, Overridden{Key: d.p.origins.Written(p.key), Value: p.raw, Pos: d.p.origins.KeyPos(p.key)})
	}
	return false
}

// takeAway reads the value false of a target.
func (d *decoder) takeAway(v value, target string) {
	earlier, _ := d.below(v, target)
	if len(earlier) == 0 && !d.took[v.key] && !d.trial {
		d.problem(v, "nothing to take away: what the profile extends has no entry %q", target)
	}
	for _, p := range earlier {
		d.overrode(v.key, Overridden{Key: d.p.origins.Written(p.key), Value: p.raw, Pos: d.p.origins.KeyPos(p.key)})
	}
	d.tookAway(v.key)
}

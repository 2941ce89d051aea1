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
func (r *mountReader) place(table value, members map[string]any, fields []field) {
	if r.p.sources == nil {
		return
	}
	quiet := &mountReader{decoder: &decoder{marks: r.marks, facts: r.facts, spoilt: map[string]bool{}}}
	r.mounted = map[string][]placed{}
	add := func(v value, target string, ok bool) {
		if m, marked := r.marks.Near(v.key); ok && marked {
			r.mounted[target] = append(r.mounted[target], placed{v.key, m.Src.Layer, v.raw})
		}
	}
	for name, raw := range members {
		v := table.member(name, raw)
		if fieldFor(fields, name).free {
			target, ok := quiet.target(v, name)
			add(v, target, ok)
			continue
		}
		for i, raw := range toml.List(raw) {
			e := value{key: toml.IndexKey(v.key, i), raw: raw}
			if s, ok := raw.(string); ok {
				pattern, ok := globPath(quiet.decoder, value{key: e.key, raw: strings.TrimPrefix(s, "-")})
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
func (r *mountReader) below(v value, target string) (earlier []placed, replaced bool) {
	m, _ := r.marks.Near(v.key)
	if m.Src == nil {
		return nil, false
	}
	for _, p := range r.mounted[target] {
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
func (r *mountReader) replaced(v value, target string) bool {
	earlier, replaced := r.below(v, target)
	if replaced {
		r.leftOut(v.key)
		return true
	}
	for _, p := range earlier {
		r.overrode(v.key, Overridden{Key: r.marks.Written(p.key), Value: p.raw, Pos: r.marks.KeyPos(p.key)})
	}
	return false
}

// takeAway reads the value false of a target.
func (r *mountReader) takeAway(v value, target string) {
	earlier, _ := r.below(v, target)
	if len(earlier) == 0 && !r.took[v.key] {
		r.problem(v, "nothing to take away: what the profile extends has no entry %q", target)
	}
	for _, p := range earlier {
		r.overrode(v.key, Overridden{Key: r.marks.Written(p.key), Value: p.raw, Pos: r.marks.KeyPos(p.key)})
	}
	r.tookAway(v.key)
}

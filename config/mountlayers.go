package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
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
// they are written. What is wrong with a target is reported when it is read.
func (r *mountReader) place(table lang.Value, members map[string]any, fields []lang.Field) {
	if r.p.sources == nil {
		return
	}
	quiet := &mountReader{Decoder: &lang.Decoder{Marks: r.Marks, Facts: r.Facts, Spoilt: map[string]bool{}}}
	r.mounted = map[string][]placed{}
	add := func(v lang.Value, target string, ok bool) {
		if m, marked := r.Marks.Near(v.Key); ok && marked {
			r.mounted[target] = append(r.mounted[target], placed{v.Key, m.Src.Layer, v.Raw})
		}
	}
	for _, name := range lang.SortedKeys(members) {
		raw := members[name]
		v := table.Member(name, raw)
		if lang.FieldFor(fields, name).Free {
			target, ok := quiet.target(v, name)
			add(v, target, ok)
			continue
		}
		for i, raw := range toml.List(raw) {
			e := lang.Value{Key: toml.IndexKey(v.Key, i), Raw: raw}
			if s, ok := raw.(string); ok {
				pattern, ok := globPath(quiet.Decoder, lang.Value{Key: e.Key, Raw: strings.TrimPrefix(s, "-")})
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
// reports whether a later one has an entry, too.
func (r *mountReader) below(v lang.Value, target string) (earlier []placed, replaced bool) {
	m, _ := r.Marks.Near(v.Key)
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

// replaced reports whether an entry is replaced or taken away by a later source.
func (r *mountReader) replaced(v lang.Value, target string) bool {
	earlier, replaced := r.below(v, target)
	if replaced {
		r.LeftOut(v.Key)
		return true
	}
	for _, p := range earlier {
		r.Overrode(v.Key, Overridden{Key: r.Marks.Written(p.key), Value: p.raw, Pos: r.Marks.KeyPos(p.key)})
	}
	return false
}

// takeAway reads the value false of a target.
func (r *mountReader) takeAway(v lang.Value, target string) {
	earlier, _ := r.below(v, target)
	if len(earlier) == 0 && !r.Took[v.Key] {
		r.Problem(v, "nothing to remove: no extended profile has an entry %q", target)
	}
	for _, p := range earlier {
		r.Overrode(v.Key, Overridden{Key: r.Marks.Written(p.key), Value: p.raw, Pos: r.Marks.KeyPos(p.key)})
	}
	r.TookAway(v.Key)
}

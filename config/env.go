package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func envFields(e *Env) []lang.Field {
	return []lang.Field{
		{Name: "inherit", Type: lang.SetOf(&e.Inherit, "an array of strings", envPattern()), Many: lang.AsSet, Initial: generic(DefaultInherit())},
		{Name: "set", Type: lang.FreeKeys(bareName, e.readVariable, func() []*Shape { return []*Shape{{Type: "string"}, {Const: false}} })},
	}
}

// replacedInherit is an env.inherit that takes the place of another one.
type replacedInherit struct {
	at            Origin
	base          string // what it is that of
	before, after []string
}

// replacesInherit notes that a layer replaces the env.inherit of those below it. It does not note what a preset does, nor an empty list.
func (r *reading) replacesInherit(l *lang.Layer, below map[string]any, extends bool) {
	const key = "env.inherit"
	env, _ := l.Tree["env"].(map[string]any)
	list, replaces := env["inherit"].([]any)
	if !replaces {
		return
	}
	r.p.inherit = nil
	if len(list) == 0 || !extends || IsPreset(l.Src.Name) {
		return
	}
	before := DefaultInherit()
	env, _ = below["env"].(map[string]any)
	if list, ok := env["inherit"].([]any); ok {
		before = slices.Collect(stringsOf(list))
	}
	base := "what the profile extends"
	switch names, _ := l.Extends.([]any); {
	case l.Marks.KeyPos(key).File == FromSet:
		base = r.p.File
	case len(names) == 1:
		base, _ = names[0].(string)
	}
	r.p.inherit = &replacedInherit{Origin{key, l.Marks.KeyPos(key)}, base, before, slices.Collect(stringsOf(list))}
}

// LostInherit reports whether an env.inherit replaces that of what the profile extends, so that the command inherits less: the place, and a
// text with a cure.
func (p *Profile) LostInherit() (at Origin, text string, ok bool) {
	if p.inherit == nil {
		return Origin{}, "", false
	}
	var lost []string
	for _, name := range p.inherit.before {
		_, set := p.Env.Set[name]
		if !set && !slices.Contains(p.Env.Unset, name) && !slices.ContainsFunc(p.Env.Inherit, func(o string) bool { return coversPattern(o, name) }) {
			lost = append(lost, name)
		}
	}
	if len(lost) == 0 {
		return Origin{}, "", false
	}
	text = fmt.Sprintf("replaces the list of %s, so the command does not inherit %s", p.inherit.base, strings.Join(lost, ", "))
	var added []any
	for _, name := range p.inherit.after {
		if !slices.Contains(p.inherit.before, name) {
			added = append(added, name)
		}
	}
	add := Setting{Key: "env.inherit.add", Value: added}
	switch {
	case len(added) == 0:
	case p.inherit.at.Pos.File == FromSet:
		text += " (to keep them, write " + asSetFlag(add) + ")"
	default:
		text += " (to keep them, write inherit.add = " + TOMLValue(added) + ")"
	}
	return p.inherit.at, text, true
}

// coversPattern reports whether an element of env.inherit has all variables of another one.
func coversPattern(all, name string) bool {
	prefix, many := strings.CutSuffix(all, "*")
	return all == name || many && strings.HasPrefix(name, prefix)
}

// bareName is a regular expression for the name of an environment variable.
const bareName = `^[A-Za-z_][A-Za-z0-9_]*$`

// envPattern is a name, or the beginning of names with a "*" after it.
func envPattern() lang.Kind[string] {
	return lang.KindOf(readEnvPattern, func() []*Shape { return []*Shape{lang.Like(`^(\*|[A-Za-z_][A-Za-z0-9_]*\*?)$`)} })
}

func readEnvPattern(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	if ok && s != "*" && !lang.EnvName(strings.TrimSuffix(s, "*")) {
		d.Problem(v, "want the name of an environment variable, a \"*\" only at its end, got %q", s)
		return "", false
	}
	return s, ok
}

// readVariable reads one key of env.set: a string, or false to have it unset.
func (e *Env) readVariable(d *lang.Decoder, name string, v lang.Value) {
	if !lang.EnvName(name) {
		d.Misplaced(v.Key, "%q is not the name of an environment variable, want letters, digits and \"_\", no digit first", name)
		return
	}
	switch raw := v.Raw.(type) {
	case bool:
		if raw {
			d.Problem(v, `want a string, or false to unset it, got true (write "true")`)
			return
		}
		e.Unset = append(e.Unset, name)
		return
	case int64, float64:
		d.WrongType(v, "a string")
		return
	}
	if s, ok := d.TextOf(v, "a string or false"); ok {
		e.Set[name] = s
	}
}

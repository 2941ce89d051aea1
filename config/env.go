package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func envFields(e *Env) []lang.Field {
	return []lang.Field{
		{Name: "inherit", Type: lang.SetOf(&e.Inherit, "an array of strings", envPattern()), Many: lang.AsSet, Initial: generic(DefaultInherit())},
		{Name: "set", Type: lang.FreeKeys(bareName, e.readVariable, func() []*Shape { return []*Shape{{Type: "string"}, {Const: false}} })},
	}
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

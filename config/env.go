package config

import (
	"strings"
)

func envFields() []field {
	return []field{
		{name: "inherit", read: func(d *decoder, v value) {
			d.p.Env.Inherit = list(d, v, "an array of strings", d.envPattern)
		}, many: asSet, initial: generic(DefaultInherit())},
		{name: "set", read: func(d *decoder, v value) { d.each(v, bareName, d.readVariable) }},
	}
}

// envName tells whether s can be an environment variable of a shell's.
func envName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		allBytes(s, func(c byte) bool { return letterOrDigit(c) || c == '_' })
}

// envPattern reads a name, or the beginning of names with a "*" after it.
func (d *decoder) envPattern(v value) (string, bool) {
	d.takes(v, like(`^(\*|[A-Za-z_][A-Za-z0-9_]*\*?)$`))
	s, ok := d.str(v)
	if ok && s != "*" && !envName(strings.TrimSuffix(s, "*")) {
		d.problem(v, "want the name of an environment variable, a \"*\" only at its end, got %q", s)
		return "", false
	}
	return s, ok
}

// readVariable reads one key of env.set: a string, or false to have it unset.
func (d *decoder) readVariable(name string, v value) {
	if !envName(name) {
		d.misplaced(v.key, "%q is not the name of an environment variable, want letters, digits and \"_\", no digit first", name)
		return
	}
	if d.takes(v, &Shape{Type: "string"}, &Shape{Const: false}) {
		return
	}
	switch raw := v.raw.(type) {
	case bool:
		if raw {
			d.problem(v, `want a string, or false to unset it, got true (write "true" for the word)`)
			return
		}
		d.p.Env.Unset = append(d.p.Env.Unset, name)
		return
	case int64, float64:
		d.problem(v, "want a string, got %s (put it in quotes)", typeName(raw))
		return
	}
	if s, ok := d.textOf(v, "a string or false"); ok {
		d.p.Env.Set[name] = s
	}
}

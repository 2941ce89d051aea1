package config

import (
	"strings"
)

func envFields(e *Env) []field {
	return []field{
		{name: "inherit", typ: setOf(&e.Inherit, "an array of strings", envPattern()), many: asSet, initial: generic(DefaultInherit())},
		{name: "set", typ: free{bareName, e.readVariable, func() []*Shape { return []*Shape{{Type: "string"}, {Const: false}} }}},
	}
}

// envName tells whether s can be an environment variable of a shell's.
func envName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		allBytes(s, func(c byte) bool { return letterOrDigit(c) || c == '_' })
}

// envPattern is a name, or the beginning of names with a "*" after it.
func envPattern() kind[string] {
	return kind[string]{readEnvPattern, func() []*Shape { return []*Shape{like(`^(\*|[A-Za-z_][A-Za-z0-9_]*\*?)$`)} }}
}

func readEnvPattern(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	if ok && s != "*" && !envName(strings.TrimSuffix(s, "*")) {
		d.problem(v, "want the name of an environment variable, a \"*\" only at its end, got %q", s)
		return "", false
	}
	return s, ok
}

// readVariable reads one key of env.set: a string, or false to have it unset.
func (e *Env) readVariable(d *decoder, name string, v value) {
	if !envName(name) {
		d.misplaced(v.key, "%q is not the name of an environment variable, want letters, digits and \"_\", no digit first", name)
		return
	}
	switch raw := v.raw.(type) {
	case bool:
		if raw {
			d.problem(v, `want a string, or false to unset it, got true (write "true" for the word)`)
			return
		}
		e.Unset = append(e.Unset, name)
		return
	case int64, float64:
		d.problem(v, "want a string, got %s (put it in quotes)", typeName(raw))
		return
	}
	if s, ok := d.textOf(v, "a string or false"); ok {
		e.Set[name] = s
	}
}

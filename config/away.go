package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// asRead is the field.off of a key whose type reads false itself: a boolean, or what cannot be taken away.
const asRead = "as it is read"

// away reads false, which takes away what a profile that is extended says. It is as if the key were
// not written at all. That would lift a restriction in silence where the key is one, so there
// it is a problem that names what says so.
func (d *decoder) away(f field, v value) {
	if instead := f.instead(); instead != "" {
		d.problem(v, "false does not take away a restriction, want %s", instead)
		return
	}
	if keys := restricting(v.key, f.below()); keys != nil {
		d.problem(v, "false does not take away a section with restrictions (%s): take away its other keys one by one", strings.Join(keys, ", "))
		return
	}
	d.tookAway(v.key)
	d.marks.Forget(v.key, v.raw)
}

// instead returns what is written to lift the restriction that a key is; "" where false does that.
func (f field) instead() string {
	if main := f.main(); f.off == "" && main != "" {
		m, _ := fieldNamed(f.below(), main)
		return m.instead()
	}
	return strings.TrimPrefix(f.off, asRead)
}

// restricting returns the keys below path that false does not take away.
func restricting(path string, fields []field) []string {
	var keys []string
	for _, f := range fields {
		key := toml.JoinKey(path, f.name)
		if f.instead() != "" {
			keys = append(keys, key)
		} else {
			keys = append(keys, restricting(key, f.below())...)
		}
	}
	return keys
}

// goes reports whether false takes the key away.
func (f field) goes() bool {
	return f.off == "" && f.instead() == "" && restricting("", f.below()) == nil
}

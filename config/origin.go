package config

import (
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Origin is where a value of a profile comes from.
type Origin struct {
	Key string // as in errors: process.uid, idmap.uid[0].inside, env.set.HOME
	Pos Pos    // zero for a default
}

func (o Origin) String() string {
	if o.Pos.IsZero() {
		return "default: " + o.Key
	}
	return o.Pos.String() + ": " + o.Key
}

// Origin returns where the key was written. A key that was not written itself
// comes from the value that implied it: proc.mode from `proc = "new"`,
// namespaces.pid from namespaces.all, process.keep_fds[0] from its list. All
// else is a default, also in a table that was written: its Pos is zero.
func (p *Profile) Origin(key string) Origin {
	if key == "propagation" {
		key = p.propagationKey()
	}
	for k := key; k != ""; k = toml.ParentKey(k) {
		m, ok := p.origins[k]
		if ok && (k == key || !m.Kind.Table()) {
			if k == key && m.As != "" && toml.Within(k, "mounts") {
				key = m.As // its place in the list that was written
			}
			return Origin{key, m.KeyPos()}
		}
		if toml.ParentKey(k) == "namespaces" {
			if m, ok := p.origins["namespaces.all"]; ok {
				return Origin{key, m.KeyPos()}
			}
		}
	}
	return Origin{Key: key}
}

package config

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Pos is a place in a profile. Line and Col count from 1, Col in bytes as
// editors do for ASCII text; both are 0 where the value came from a flag, which File
// then names, as in "--new".
type Pos struct {
	File      string
	Line, Col int
}

func (p Pos) String() string {
	if p.Line == 0 {
		return quote.Line(p.File)
	}
	return fmt.Sprintf("%s:%d:%d", quote.Word(p.File), p.Line, p.Col)
}

// IsZero tells a value that nobody wrote: a default.
func (p Pos) IsZero() bool { return p == Pos{} }

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

// origins maps the path of every key that was written to its place.
type origins map[string]mark

// Origin returns where the key was written. A key that was not written itself
// comes from the value that implied it: proc.mode from `proc = "new"`,
// namespaces.pid from namespaces.all, process.keep_fds[0] from its list. All
// else is a default, also in a table that was written: its Pos is zero.
func (p *Profile) Origin(key string) Origin {
	if key == "propagation" {
		key = p.propagationKey()
	}
	for k := key; k != ""; k = parentKey(k) {
		m, ok := p.origins[k]
		if ok && (k == key || !m.kind.table()) {
			if k == key && m.as != "" && within(k, "mounts") {
				key = m.as // its place in the list that was written
			}
			return Origin{key, m.keyPos()}
		}
		if parentKey(k) == "namespaces" {
			if m, ok := p.origins["namespaces.all"]; ok {
				return Origin{key, m.keyPos()}
			}
		}
	}
	return Origin{Key: key}
}

// near returns the mark of key, or that of the nearest table or value around it.
func (o origins) near(key string) (mark, bool) {
	for k := key; k != ""; k = parentKey(k) {
		if m, ok := o[k]; ok {
			return m, true
		}
	}
	return mark{}, false
}

// valuePos returns where to change the value at key: the value's place, or
// that of the nearest table or value around it; the zero Pos where none is.
func (o origins) valuePos(key string) Pos {
	if m, ok := o.near(key); ok {
		return m.valuePos()
	}
	return Pos{}
}

// keyPos is valuePos for the place of the key itself.
func (o origins) keyPos(key string) Pos {
	if m, ok := o.near(key); ok {
		return m.keyPos()
	}
	return Pos{}
}

package config

import (
	"slices"
)

// shown is what became of the values on their way into a profile.
type shown struct {
	values map[string]any          // by key: strings with their variables replaced, paths made absolute
	gone   map[string]bool         // the keys of entries that count for nothing
	away   map[string]Pos          // by key of a value that false has taken away: its place
	over   map[string][]Overridden // by key: what it won over, the latest first
	tree   map[string]any
}

func newShown() *shown {
	return &shown{values: map[string]any{}, gone: map[string]bool{}, away: map[string]Pos{}, over: map[string][]Overridden{}}
}

// Overridden is a value that another source's value has replaced.
type Overridden struct {
	Key   string // as it was written
	Value any    // likewise
	Pos   Pos    // zero for a default
}

func (d *decoder) became(key string, v any) {
	if d.shown != nil {
		d.shown.values[key] = v
	}
}

func (d *decoder) leftOut(key string) {
	if d.shown != nil {
		d.shown.gone[key] = true
	}
}

// tookAway notes that false has taken away what was at the key.
func (d *decoder) tookAway(key string) {
	if d.shown != nil {
		d.shown.gone[key] = true
		d.shown.away[key] = d.marks.KeyPos(key)
	}
}

func (d *decoder) overrode(key string, was Overridden) {
	if d.shown != nil {
		d.shown.over[key] = slices.Insert(d.shown.over[key], 0, was)
	}
}

// Resolved is a profile with all that it extends and all settings as one tree:
// variables are replaced, paths absolute, bare values as they were written.
type Resolved struct {
	Profile *Profile
	Values  []ResolvedValue // in the order of the language's keys
	Removed []ResolvedValue // what was taken away; their Value is false
}

// ResolvedValue is a value that is no table, or an entry of [mounts] as a whole.
type ResolvedValue struct {
	Key       string   // dotted: limits.memory, mounts."/tmp"
	Parts     []string // of the key
	Value     any      // string, int64, float64, bool, []any or map[string]any
	Pos       Pos      // zero for a default
	Elements  []Pos    // of a list that several sources have made: the place of each element
	Overrides []Overridden
}

// Resolve is [Load], and tells what the profile is made of. With the path ""
// it is [New].
func Resolve(path string, vars Vars, settings ...Setting) (*Resolved, error) {
	r := newReading(path, vars)
	r.shown = newShown()
	var p *Profile
	var err error
	if path == "" {
		p, err = r.compose(nil, settings)
	} else {
		var data []byte
		if data, err = readProfile(path); err != nil {
			return nil, err
		}
		p, err = r.parse(data, settings)
	}
	if err != nil {
		return nil, err
	}
	whole := &Resolved{Profile: p}
	if err := r.resolved(whole); err != nil {
		return nil, err
	}
	return whole, nil
}

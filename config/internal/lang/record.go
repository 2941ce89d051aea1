package lang

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Record is what became of the values on their way into a profile.
type Record struct {
	Values map[string]any          // by key: strings with their variables replaced, paths made absolute
	Gone   map[string]bool         // the keys of entries that count for nothing
	Away   map[string]toml.Pos     // by key of a value that false has taken away: its place
	Over   map[string][]Overridden // by key: what it won over, the latest first
	Tree   map[string]any
}

// NewRecord returns an empty record.
func NewRecord() *Record {
	return &Record{Values: map[string]any{}, Gone: map[string]bool{}, Away: map[string]toml.Pos{}, Over: map[string][]Overridden{}}
}

// Overridden is a value that another source's value has replaced.
type Overridden struct {
	Key   string   // as it was written
	Value any      // likewise
	Pos   toml.Pos // zero for a default
}

// Became notes what a value became.
func (d *Decoder) Became(key string, v any) {
	if d.Record != nil {
		d.Record.Values[key] = v
	}
}

// LeftOut notes a value that counts for nothing.
func (d *Decoder) LeftOut(key string) {
	if d.Record != nil {
		d.Record.Gone[key] = true
	}
}

// TookAway notes that false has taken away what was at the key.
func (d *Decoder) TookAway(key string) {
	if d.Record != nil {
		d.Record.Gone[key] = true
		d.Record.Away[key] = d.Marks.KeyPos(key)
	}
}

// Overrode notes what a value has won over.
func (d *Decoder) Overrode(key string, was Overridden) {
	if d.Record != nil {
		d.Record.Over[key] = slices.Insert(d.Record.Over[key], 0, was)
	}
}

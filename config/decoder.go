package config

import (
	"fmt"
	"time"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// decoder reads a tree of values through the types of its keys, and collects the problems.
type decoder struct {
	top   []field    // the language
	marks toml.Marks // where the values were written
	facts *facts

	errs Errors
	more int // problems that are not in errs

	// spoilt are the keys that have a problem or were meant by a misspelt one:
	// what depends on them is not checked.
	spoilt map[string]bool
	told   map[string]bool // causes outside of the profile that have been told

	took  map[string]bool // of several sources: free keys with false where an earlier one has a value
	here  bool            // what was read depends on the working directory
	shown *shown          // what became of the values; nil where nobody asks

	wrongTypes int // how many problems are of a value's type
}

// read reads the tree of a whole document.
func (d *decoder) read(tree map[string]any) {
	table{of: func() []field { return d.top }}.Read(d, value{raw: tree})
}

// value is a value on its way from the tree to what its key is for.
type value struct {
	key   string // its path as it was written: of a bare value, the section's
	raw   any
	short bool // a bare value that stands for its section's main key
}

// problem notes what is wrong with a value, at the value.
func (d *decoder) problem(v value, format string, args ...any) {
	if !d.counted() {
		d.add(v.key, d.marks.ValuePos(v.key), format, args...)
	}
}

// misplaced notes a key that should not be where it is, at the key.
func (d *decoder) misplaced(key, format string, args ...any) {
	if !d.counted() {
		d.add(key, d.marks.KeyPos(key), format, args...)
	}
}

func (d *decoder) add(key string, pos Pos, format string, args ...any) {
	d.errs = append(d.errs, &Error{Pos: pos, Key: d.marks.Written(key), Msg: fmt.Sprintf(format, args...)})
	d.spoilt[key] = true
}

// wrongType notes a value that is not of the type wanted.
func (d *decoder) wrongType(v value, want string) {
	if v.short || d.marks[v.key].Short(v.key) {
		want += " or a table"
	}
	d.wrongTypes++
	d.problem(v, "want %s, got %s", want, typeName(v.raw))
}

func typeName(raw any) string {
	switch raw.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case []any, []map[string]any:
		return "an array"
	case map[string]any:
		return "a table"
	}
	return fmt.Sprintf("a %T", raw)
}

// require notes that the table v lacks a key, unless a misspelt one was meant.
func (d *decoder) require(v value, name string) {
	key := toml.JoinKey(v.key, name)
	if members, ok := v.raw.(map[string]any); ok && members[name] == nil && !d.spoilt[key] && !d.counted() {
		d.add(key, d.marks.ValuePos(v.key), "missing")
	}
}

// maxProblems is how many problems are told of a profile's values, and how many of settings that do not fit each other.
// Others are counted: the place and the words of one may cost as much as the rest of the profile.
const maxProblems = 100

// counted reports whether there are enough problems, so that one more is counted and not told.
func (d *decoder) counted() bool {
	if len(d.errs) < maxProblems {
		return false
	}
	d.more++
	return true
}

// problems is how many there are.
func (d *decoder) problems() int { return len(d.errs) + d.more }

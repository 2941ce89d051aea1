// Package lang is what a language of tables, keys and values is made of. It does not know what a sandbox is.
//
// A [Field] is one key of a table: its name, the [Type] of its value, and how false and another
// file change it. A type reads a value into what it is bound to, and says how one is written, for the
// JSON Schema. [Kind] is the part of a type that is not bound: [To], [Optional] and [SetOf] bind one.
//
// A [Decoder] walks a tree of values through the fields. It notes what is wrong, at its place and with what may
// have been meant. It merges the trees of several files, and replaces variables.
package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Decoder reads a tree of values through the types of its keys, and collects the problems.
type Decoder struct {
	Top   []Field    // the language
	Marks toml.Marks // where the values were written
	Facts *Facts     // the values of variables

	Errs toml.Errors
	More int // problems that are not in Errs

	// Spoilt are the keys that have a problem or were meant by a misspelt one:
	// what depends on them is not checked.
	Spoilt   map[string]bool
	reported map[string]bool // causes outside of the profile that are reported already

	Took   map[string]bool // of several sources: free keys with false where an earlier one has a value
	Here   bool            // what was read depends on the working directory
	Record *Record         // what became of the values; nil where nobody asks

	Meant Meaning // nil where nobody knows

	Foreign func(key string, raw any) string // what to do about a key that nslaunch has nothing like; nil where nobody knows

	WrongTypes int // how many problems are of a value's type
}

// New returns a decoder of the language whose top-level keys are those fields. file is where
// relative paths start.
func New(top []Field, file string, vars Vars) *Decoder {
	return &Decoder{Top: top, Marks: toml.Marks{}, Facts: &Facts{vars, file}, Spoilt: map[string]bool{}}
}

// Read reads the tree of a whole document.
func (d *Decoder) Read(tree map[string]any) {
	Table{Of: func() []Field { return d.Top }}.Read(d, Value{Raw: tree})
}

// Value is a value on its way from the tree to what its key is for.
type Value struct {
	Key   string // its path as it was written: of a bare value, the section's
	Raw   any
	short bool // a bare value, which sets its section's main key
}

// Problem notes what is wrong with a value, at the value.
func (d *Decoder) Problem(v Value, format string, args ...any) {
	if !d.counted() {
		d.add(v.Key, d.Marks.ValuePos(v.Key), format, args...)
	}
}

// Misplaced notes a key that should not be where it is, at the key.
func (d *Decoder) Misplaced(key, format string, args ...any) {
	if !d.counted() {
		d.add(key, d.Marks.KeyPos(key), format, args...)
	}
}

func (d *Decoder) add(key string, pos toml.Pos, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if pos.Line == 0 && strings.HasPrefix(pos.File, "--") {
		msg = forShell(msg)
	}
	d.Errs = append(d.Errs, &toml.Error{Pos: pos, Key: d.Marks.Written(key), Msg: msg})
	d.Spoilt[key] = true
}

// forShell quotes a variable of the profile language that a hint names so that a shell does not replace it.
func forShell(msg string) string {
	const says = ` (did you mean `
	before, rest, found := strings.Cut(msg, says+`"${`)
	path, after, closed := strings.Cut(rest, `"?)`)
	if !found || !closed || strings.Contains(path, "'") {
		return msg
	}
	return before + says + "'${" + path + "'?)" + after
}

// WrongType notes a value that is not of the type wanted.
func (d *Decoder) WrongType(v Value, want string) {
	hint := d.instead(v, want)
	if v.short || d.Marks[v.Key].Short(v.Key) {
		want = strings.Replace(want, " or ", ", ", 1) + " or a table"
	}
	d.WrongTypes++
	d.Problem(v, "want %s, got %s%s", want, Given(v.Raw), hint)
}

// longest is how much of a string a message about its type shows.
const longest = 60

// Given shows a value of the wrong type: itself, if it is short enough, else what its type is called.
func Given(raw any) string {
	switch raw := raw.(type) {
	case string:
		if len(raw) <= longest {
			return strconv.Quote(raw)
		}
	case int64, bool:
		return printed(raw)
	}
	return TypeName(raw)
}

// TypeName returns what messages call the type of a value of TOML.
func TypeName(raw any) string {
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

// Require notes that the table v lacks a key, unless a misspelt one was meant. An example shows how it is written.
func (d *Decoder) Require(v Value, name, example string) {
	key := toml.JoinKey(v.Key, name)
	if members, ok := v.Raw.(map[string]any); ok && members[name] == nil && !d.Spoilt[key] && !d.counted() {
		if example != "" {
			example = " (such as " + example + ")"
		}
		d.add(key, d.Marks.ValuePos(v.Key), "missing%s", example)
	}
}

// MaxProblems is how many problems are reported about a profile's values, and how many of settings that do not fit each other.
// Others are counted: the place and the text of one may cost as much as the rest of the profile.
const MaxProblems = 100

// counted reports whether there are enough problems. It then counts one more, which is not reported.
func (d *Decoder) counted() bool {
	if len(d.Errs) < MaxProblems {
		return false
	}
	d.More++
	return true
}

// Problems is how many there are.
func (d *Decoder) Problems() int { return len(d.Errs) + d.More }

package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// decoder walks a tree of values into a Profile and collects the problems.
type decoder struct {
	p     *Profile
	facts *facts
	errs  Errors
	more  int // problems that are not in errs

	// spoilt are the keys that have a problem or were meant by a misspelt one:
	// what depends on them is not checked.
	spoilt map[string]bool
	told   map[string]bool // causes outside of the profile that have been told

	initGiven bool // process.init was written

	// Where several sources make the profile:
	mounted map[string][]placed // the entries of each target
	took    map[string]bool     // keys of [mounts] with false where an earlier source has an entry

	shown      *shown // what became of the values; nil where nobody asks
	wrongTypes int    // how many problems are of a value's type
	trial      bool   // one setting alone is read, to see whether it is of the right type

	survey *survey // where the decoder is asked what it takes; else nil
}

// field is one key of a table. One that is a table itself has fields, and
// perhaps a main one, which a bare value stands for.
type field struct {
	name   string
	read   func(d *decoder, v value) // nil: the fields are walked
	main   string
	fields func() []field
	list   bool // the fields are those of each element of an array

	// many tells that the value is a list, which name.add and name.remove change.
	many many
	// off is "" for a key that false takes away, asRead for one whose reader reads false, and else
	// what is written instead, as the key restricts.
	off string
	// initial is the value where none is written, for a list that is not empty then.
	initial any
}

// many says what add does to a list.
type many uint8

const (
	notMany many = iota
	asSet        // what is there already is not added again
	asWords      // order and number mean something
)

// value is a value on its way from the tree into the profile.
type value struct {
	key   string // its path as it was written: of a bare value, the section's
	raw   any
	short bool // a bare value that stands for its section's main key
}

// member returns the value of a key in the table v.
func (v value) member(name string, raw any) value {
	return value{key: toml.JoinKey(v.key, name), raw: raw}
}

// problem notes what is wrong with a value, at the value.
func (d *decoder) problem(v value, format string, args ...any) {
	if !d.counted() {
		d.add(v.key, d.p.origins.ValuePos(v.key), format, args...)
	}
}

// misplaced notes a key that should not be where it is, at the key.
func (d *decoder) misplaced(key, format string, args ...any) {
	if !d.counted() {
		d.add(key, d.p.origins.KeyPos(key), format, args...)
	}
}

func (d *decoder) add(key string, pos Pos, format string, args ...any) {
	if d.asked() {
		return
	}
	d.errs = append(d.errs, &Error{Pos: pos, Key: d.p.origins.Written(key), Msg: fmt.Sprintf(format, args...)})
	d.spoilt[key] = true
}

// wrongType notes a value that is not of the type wanted.
func (d *decoder) wrongType(v value, want string) {
	if v.short || d.p.origins[v.key].Short(v.key) {
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

// table reads the keys of a table; any other key is a problem.
func (d *decoder) table(v value, fields []field) {
	members, ok := v.raw.(map[string]any)
	if !ok {
		d.wrongType(v, "a table")
		return
	}
	if d.asked() {
		d.takesTable(v, fields)
		return
	}
	known := 0
	for _, f := range fields {
		if raw, ok := members[f.name]; ok {
			known++
			d.field(f, v.member(f.name, raw))
		}
	}
	if known < len(members) {
		for _, name := range names(members) {
			if !hasField(fields, name) {
				d.unknown(v, name, fields)
			}
		}
	}
}

// field reads the value of one known key.
func (d *decoder) field(f field, v value) {
	if v.raw == false && f.off != asRead && !d.asked() {
		d.away(f, v)
		return
	}
	if _, isTable := v.raw.(map[string]any); !isTable && f.main != "" {
		m, _ := fieldNamed(f.fields(), f.main)
		v.short = true
		m.read(d, v)
		return
	}
	if changes, ok := f.changes(v.raw); ok {
		v.raw = d.changedAlone(f, v, changes)
	}
	if f.read != nil {
		f.read(d, v)
		return
	}
	d.table(v, f.fields())
}

// require notes that the table v lacks a key, unless a misspelt one was meant.
func (d *decoder) require(v value, name string) {
	if d.asked() {
		d.survey.required[v.key] = append(d.survey.required[v.key], name)
		return
	}
	key := toml.JoinKey(v.key, name)
	if members, ok := v.raw.(map[string]any); ok && members[name] == nil && !d.spoilt[key] && !d.counted() {
		d.add(key, d.p.origins.ValuePos(v.key), "missing")
	}
}

// each calls one for every key of a table whose keys are free, in order. They
// are like the pattern, which one checks.
func (d *decoder) each(v value, pattern string, one func(name string, v value)) {
	members, ok := v.raw.(map[string]any)
	if !ok {
		d.wrongType(v, "a table")
		return
	}
	if d.takes(v, &Shape{Type: "object", KeysLike: map[string]*Shape{pattern: nil}, Others: new(bool)}) {
		d.ask(v.member(anyPath, nil), func(v value) { one("NAME", v) })
		return
	}
	for _, name := range names(members) {
		one(name, v.member(name, members[name]))
	}
}

// names returns the keys of a table, sorted.
func names(table map[string]any) []string {
	all := make([]string, 0, len(table))
	for name := range table {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// text reads a string, its variables replaced. It may be empty.
func (d *decoder) text(v value) (string, bool) {
	return d.textOf(v, "a string")
}

// textOf is text, for what a message names want.
func (d *decoder) textOf(v value, want string) (string, bool) {
	return d.textEach(v, want, nil)
}

// textEach is textOf, with a function that what a variable stands for goes through, unless it is nil.
func (d *decoder) textEach(v value, want string, each func(string) string) (string, bool) {
	s, ok := v.raw.(string)
	if !ok {
		d.wrongType(v, want)
		return "", false
	}
	if d.asked() {
		if d.survey.taken[v.key] == nil {
			d.takes(v, &Shape{Type: "string"})
		}
		return "", false
	}
	if s, ok = d.expandEach(v, s, each); !ok {
		return "", false
	}
	if strings.Contains(s, "\x00") {
		d.problem(v, "a NUL byte is not allowed, got %q", s)
		return "", false
	}
	return s, true
}

// str is text that may not be empty.
func (d *decoder) str(v value) (string, bool) {
	if _, isText := v.raw.(string); isText && d.asked() && d.survey.taken[v.key] == nil {
		d.takes(v, &Shape{Type: "string", Shortest: 1})
	}
	s, ok := d.text(v)
	if ok && s == "" {
		d.problem(v, "want a string that is not empty")
		return "", false
	}
	return s, ok
}

// integer reads an integer from low to high.
func (d *decoder) integer(v value, low, high int64) (int64, bool) {
	n, ok := v.raw.(int64)
	if !ok {
		d.wrongType(v, "an integer")
		return 0, false
	}
	if d.takes(v, whole(low, high)) {
		return 0, false
	}
	if n < low || n > high {
		d.problem(v, "want %d to %d, got %d", low, high, n)
		return 0, false
	}
	return n, true
}

// octal reads a number in a string such as the example; nil for a bad one.
func (d *decoder) octal(v value, example string, high uint64) *uint32 {
	d.takes(v, like("^0*[0-7]{1,"+strconv.Itoa(len(strconv.FormatUint(high, 8)))+"}$"))
	want := `an octal number in a string, such as "` + example + `"`
	s, ok := d.textOf(v, want)
	if !ok {
		return nil
	}
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > high {
		d.problem(v, "want %s, at most \"%o\", got %q", want, high, s)
		return nil
	}
	mode := uint32(n)
	return &mode
}

// boolean reads true or false into b.
func (d *decoder) boolean(v value, b *bool) {
	got, ok := v.raw.(bool)
	if !ok {
		d.wrongType(v, "a boolean")
		return
	}
	if d.takes(v, &Shape{Type: "boolean"}) {
		return
	}
	*b = got
}

// enum reads one of the words allowed.
func enum[T ~string](d *decoder, v value, allowed ...T) T {
	if d.asked() {
		d.takes(v, oneWord(allowed...))
		return ""
	}
	s, ok := d.str(v)
	if !ok {
		return ""
	}
	for _, w := range allowed {
		if s == string(w) {
			return w
		}
	}
	d.problem(v, "unknown value %q, want %s%s", s, words(allowed), didYouMean(s, allowed))
	return ""
}

// word reads the one word that there is instead of a table, which messages
// show as in example, and tells whether it is that.
func (d *decoder) word(v value, word, example string) bool {
	v.short = true
	if d.takes(v, oneWord(word)) {
		return false
	}
	s, ok := d.str(v)
	if ok && s != word {
		d.problem(v, "unknown value %q, want %s or %s%s", s, word, example, didYouMean(s, []string{word}))
		return false
	}
	return ok
}

// elements returns the elements of an array.
func (d *decoder) elements(v value, want string) ([]value, bool) {
	if d.asked() {
		return d.takesElements(v), true
	}
	if !toml.IsList(v.raw) {
		d.wrongType(v, want)
		return nil, false
	}
	raws := toml.List(v.raw)
	values := make([]value, len(raws))
	for i, raw := range raws {
		values[i] = value{key: toml.IndexKey(v.key, i), raw: raw}
	}
	return values, true
}

// list reads an array; one reads an element and tells whether it is good. A
// second element equal to an earlier one is a problem.
func list[T comparable](d *decoder, v value, want string, one func(v value) (T, bool)) []T {
	values, ok := d.elements(v, want)
	if !ok {
		return nil
	}
	if d.asked() {
		d.survey.sets[v.key] = true
	}
	all := once[T]{all: make([]T, 0, len(values))}
	for _, e := range values {
		if t, ok := one(e); ok && !all.add(t) {
			d.problem(e, "%s is there already", quoted(e.raw))
		}
	}
	return all.all
}

// quoted prints a value for a message.
func quoted(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

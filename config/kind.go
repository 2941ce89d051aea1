package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// kind is a way to write a T.
type kind[T any] struct {
	read   func(d *decoder, v value) (T, bool) // and whether the value is good
	shapes func() []*Shape
}

// to is the type of a key whose value goes to dst. A bad one leaves that as it is.
func to[T any](dst *T, k kind[T]) Type { return single[T]{dst, k} }

type single[T any] struct {
	dst *T
	kind[T]
}

func (s single[T]) Read(d *decoder, v value) {
	if t, ok := s.read(d, v); ok {
		*s.dst = t
	}
}

func (s single[T]) Shapes() []*Shape { return s.shapes() }

// optional is to for a value that may not be there: dst is nil then.
func optional[T any](dst **T, k kind[T]) Type { return pointer[T]{dst, k} }

type pointer[T any] struct {
	dst **T
	kind[T]
}

func (p pointer[T]) Read(d *decoder, v value) {
	if t, ok := p.read(d, v); ok {
		*p.dst = &t
	}
}

func (p pointer[T]) Shapes() []*Shape { return p.shapes() }

// setOf is the type of an array of which each element is there once. Messages name want.
func setOf[T comparable](dst *[]T, want string, k kind[T]) Type { return set[T]{dst, want, k} }

type set[T comparable] struct {
	dst  *[]T
	want string
	kind[T]
}

func (s set[T]) Read(d *decoder, v value) {
	if all, ok := readSet(d, v, s.want, s.read); ok {
		*s.dst = all
	}
}

func (s set[T]) Shapes() []*Shape { return []*Shape{arrayOf(s.shapes(), true)} }

// by is the type of a key that a function reads.
func by(read func(d *decoder, v value), shapes func() []*Shape) Type { return custom{read, shapes} }

type custom struct {
	read   func(d *decoder, v value)
	shapes func() []*Shape
}

func (c custom) Read(d *decoder, v value) { c.read(d, v) }
func (c custom) Shapes() []*Shape         { return c.shapes() }

// boolean is the type of true and false.
func boolean(dst *bool) Type { return truth{dst} }

type truth struct{ dst *bool }

func (t truth) Read(d *decoder, v value) {
	if b, ok := d.boolean(v); ok {
		*t.dst = b
	}
}

func (truth) Shapes() []*Shape { return booleanShapes() }

func booleanShapes() []*Shape { return []*Shape{{Type: "boolean"}} }

func (d *decoder) boolean(v value) (b, ok bool) {
	if b, ok = v.raw.(bool); !ok {
		d.wrongType(v, "a boolean")
	}
	return b, ok
}

// enum is the type of one of the words allowed.
func enum[T ~string](dst *T, allowed ...T) Type { return oneOf[T]{dst, allowed} }

type oneOf[T ~string] struct {
	dst     *T
	allowed []T
}

func (e oneOf[T]) Read(d *decoder, v value) {
	if w := readEnum(d, v, e.allowed); w != "" {
		*e.dst = w
	}
}

func (e oneOf[T]) Shapes() []*Shape { return []*Shape{oneWord(e.allowed...)} }

// readEnum reads one of the words allowed; it returns "" for anything else.
func readEnum[T ~string](d *decoder, v value, allowed []T) T {
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
	s, ok := d.str(v)
	if ok && s != word {
		d.problem(v, "unknown value %q, want %s or %s%s", s, word, example, didYouMean(s, []string{word}))
		return false
	}
	return ok
}

// filledText is a string that may not be empty.
func filledText() kind[string] {
	return kind[string]{(*decoder).str, func() []*Shape { return []*Shape{{Type: "string", Shortest: 1}} }}
}

// anyText is a string that may be empty.
func anyText() kind[string] {
	return kind[string]{(*decoder).text, func() []*Shape { return []*Shape{{Type: "string"}} }}
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
	s, ok := d.text(v)
	if ok && s == "" {
		d.problem(v, "want a string that is not empty")
		return "", false
	}
	return s, ok
}

// filled is str, for what a message names want.
func (d *decoder) filled(v value, want string) (string, bool) {
	s, ok := d.textOf(v, want)
	if ok && s == "" {
		d.problem(v, "want %s, got \"\"", want)
		return "", false
	}
	return s, ok
}

// integerBetween is an integer from low to high.
func integerBetween[T int | int64 | uint32](low, high int64) kind[T] {
	return kind[T]{
		func(d *decoder, v value) (T, bool) {
			n, ok := d.integer(v, low, high)
			return T(n), ok
		},
		func() []*Shape { return []*Shape{whole(low, high)} },
	}
}

func (d *decoder) integer(v value, low, high int64) (int64, bool) {
	n, ok := v.raw.(int64)
	if !ok {
		d.wrongType(v, "an integer")
		return 0, false
	}
	if n < low || n > high {
		d.problem(v, "want %d to %d, got %d", low, high, n)
		return 0, false
	}
	return n, true
}

// octal is a number in a string such as the example, at most high.
func octal(example string, high uint64) kind[uint32] {
	return kind[uint32]{
		func(d *decoder, v value) (uint32, bool) {
			want := `an octal number in a string, such as "` + example + `"`
			s, ok := d.textOf(v, want)
			if !ok {
				return 0, false
			}
			n, err := strconv.ParseUint(s, 8, 32)
			if err != nil || n > high {
				d.problem(v, "want %s, at most \"%o\", got %q", want, high, s)
				return 0, false
			}
			return uint32(n), true
		},
		func() []*Shape {
			return []*Shape{like("^0*[0-7]{1," + strconv.Itoa(len(strconv.FormatUint(high, 8))) + "}$")}
		},
	}
}

// elements returns the elements of an array.
func (d *decoder) elements(v value, want string) ([]value, bool) {
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

// readSet reads an array; one reads an element and tells whether it is good. A
// second element equal to an earlier one is a problem.
func readSet[T comparable](d *decoder, v value, want string, one func(d *decoder, v value) (T, bool)) ([]T, bool) {
	values, ok := d.elements(v, want)
	if !ok {
		return nil, false
	}
	all := once[T]{all: make([]T, 0, len(values))}
	for _, e := range values {
		if t, ok := one(d, e); ok && !all.add(t) {
			d.problem(e, "%s is there already", quoted(e.raw))
		}
	}
	return all.all, true
}

// quoted prints a value for a message.
func quoted(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

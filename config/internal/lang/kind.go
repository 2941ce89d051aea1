package lang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Kind is a way to write a T.
type Kind[T any] struct {
	read   func(d *Decoder, v Value) (T, bool) // and whether the value is good
	shapes func() []*Shape
}

// Shapes are the ways to write one.
func (k Kind[T]) Shapes() []*Shape { return k.shapes() }

// KindOf is the way to write a T that a function reads and reports whether it is good.
func KindOf[T any](read func(d *Decoder, v Value) (T, bool), shapes func() []*Shape) Kind[T] {
	return Kind[T]{read, shapes}
}

// To is the type of a key whose value goes to dst. A bad one leaves that as it is.
func To[T any](dst *T, k Kind[T]) Type { return single[T]{dst, k} }

type single[T any] struct {
	dst *T
	Kind[T]
}

func (s single[T]) Read(d *Decoder, v Value) {
	if t, ok := s.read(d, v); ok {
		*s.dst = t
	}
}

// Optional is [To] for a value that may not be there: dst is nil then.
func Optional[T any](dst **T, k Kind[T]) Type { return pointer[T]{dst, k} }

type pointer[T any] struct {
	dst **T
	Kind[T]
}

func (p pointer[T]) Read(d *Decoder, v Value) {
	if t, ok := p.read(d, v); ok {
		*p.dst = &t
	}
}

// SetOf is the type of an array of which each element is there once. Messages name want.
func SetOf[T comparable](dst *[]T, want string, k Kind[T]) Type { return set[T]{dst, want, k} }

type set[T comparable] struct {
	dst  *[]T
	want string
	Kind[T]
}

func (s set[T]) Read(d *Decoder, v Value) {
	if all, ok := ReadSet(d, v, s.want, s.read); ok {
		*s.dst = all
	}
}

func (s set[T]) Shapes() []*Shape { return []*Shape{ArrayOf(s.shapes(), true)} }

// By is the type of a key that a function reads.
func By(read func(d *Decoder, v Value), shapes func() []*Shape) Type { return custom{read, shapes} }

type custom struct {
	read   func(d *Decoder, v Value)
	shapes func() []*Shape
}

func (c custom) Read(d *Decoder, v Value) { c.read(d, v) }

func (c custom) Shapes() []*Shape { return c.shapes() }

// Bool is the type of true and false.
func Bool(dst *bool) Type { return truth{dst} }

type truth struct{ dst *bool }

func (t truth) Read(d *Decoder, v Value) {
	if b, ok := d.Boolean(v); ok {
		*t.dst = b
	}
}

func (truth) Shapes() []*Shape { return BooleanShapes() }

// BooleanShapes are the ways to write true and false.
func BooleanShapes() []*Shape { return []*Shape{{Type: "boolean"}} }

// Boolean reads true or false.
func (d *Decoder) Boolean(v Value) (b, ok bool) {
	if b, ok = v.Raw.(bool); !ok {
		d.WrongType(v, "a boolean")
	}
	return b, ok
}

// Enum is the type of one of the strings allowed.
func Enum[T ~string](dst *T, allowed ...T) Type { return oneOf[T]{dst, allowed} }

type oneOf[T ~string] struct {
	dst     *T
	allowed []T
}

func (e oneOf[T]) Read(d *Decoder, v Value) {
	if w := ReadEnum(d, v, e.allowed); w != "" {
		*e.dst = w
	}
}

func (e oneOf[T]) Shapes() []*Shape { return []*Shape{OneWord(e.allowed...)} }

// ReadEnum reads one of the strings allowed; it returns "" for anything else.
func ReadEnum[T ~string](d *Decoder, v Value, allowed []T) T {
	if _, isText := v.Raw.(string); !isText {
		d.WrongType(v, Words(allowed))
		return ""
	}
	s, ok := d.FilledText(v)
	if !ok {
		return ""
	}
	for _, w := range allowed {
		if s == string(w) {
			return w
		}
	}
	hint := DidYouMean(s, allowed)
	if hint == "" {
		hint = d.MeantBy(v)
	}
	d.Problem(v, "unknown value %q, want %s%s", s, Words(allowed), hint)
	return ""
}

// Word reads the one word that there is instead of a table, which messages
// show as in example, and reports whether it is that.
func (d *Decoder) Word(v Value, word, example string) bool {
	v.short = true
	s, ok := d.FilledText(v)
	if ok && s != word {
		d.Problem(v, "unknown value %q, want %s or %s%s", s, word, example, DidYouMean(s, []string{word}))
		return false
	}
	return ok
}

// FilledText is a string that may not be empty.
func FilledText() Kind[string] {
	return Kind[string]{(*Decoder).FilledText, func() []*Shape { return []*Shape{{Type: "string", Shortest: 1}} }}
}

// Text is a string that may be empty.
func Text() Kind[string] {
	return Kind[string]{(*Decoder).Text, func() []*Shape { return []*Shape{{Type: "string"}} }}
}

// Text reads a string, its variables replaced. It may be empty.
func (d *Decoder) Text(v Value) (string, bool) {
	return d.TextOf(v, "a string")
}

// TextOf is [Decoder.Text], for what a message names want.
func (d *Decoder) TextOf(v Value, want string) (string, bool) {
	return d.TextEach(v, want, nil)
}

// TextEach is [Decoder.TextOf], with a function that the value of a variable goes through, unless it is nil.
func (d *Decoder) TextEach(v Value, want string, each func(string) string) (string, bool) {
	s, ok := v.Raw.(string)
	if !ok {
		d.WrongType(v, want)
		return "", false
	}
	if s, ok = d.ExpandEach(v, s, each); !ok {
		return "", false
	}
	if strings.Contains(s, "\x00") {
		d.Problem(v, "a NUL byte is not allowed, got %q", s)
		return "", false
	}
	return s, true
}

// FilledText is text that may not be empty.
func (d *Decoder) FilledText(v Value) (string, bool) {
	s, ok := d.Text(v)
	if ok && s == "" {
		d.Problem(v, "want a string that is not empty")
		return "", false
	}
	return s, ok
}

// Filled is [Decoder.FilledText], for what a message names want.
func (d *Decoder) Filled(v Value, want string) (string, bool) {
	s, ok := d.TextOf(v, want)
	if ok && s == "" {
		d.Problem(v, "want %s, got \"\"", want)
		return "", false
	}
	return s, ok
}

// Int is an integer from low to high.
func Int[T int | int64 | uint32](low, high int64) Kind[T] {
	return Kind[T]{
		func(d *Decoder, v Value) (T, bool) {
			n, ok := d.Integer(v, low, high)
			return T(n), ok
		},
		func() []*Shape { return []*Shape{Whole(low, high)} },
	}
}

// Integer reads an integer from low to high.
func (d *Decoder) Integer(v Value, low, high int64) (int64, bool) {
	n, ok := v.Raw.(int64)
	if !ok {
		d.WrongType(v, "an integer")
		return 0, false
	}
	if n < low || n > high {
		d.Problem(v, "want %d to %d, got %d", low, high, n)
		return 0, false
	}
	return n, true
}

// Octal is a number in a string such as the example, at most high.
func Octal(example string, high uint64) Kind[uint32] {
	return Kind[uint32]{
		func(d *Decoder, v Value) (uint32, bool) {
			want := `an octal number in a string, such as "` + example + `"`
			s, ok := d.TextOf(v, want)
			if !ok {
				return 0, false
			}
			n, err := strconv.ParseUint(s, 8, 32)
			if err != nil || n > high {
				d.Problem(v, "want %s, at most \"%o\", got %q", want, high, s)
				return 0, false
			}
			return uint32(n), true
		},
		func() []*Shape {
			return []*Shape{Like("^0*[0-7]{1," + strconv.Itoa(len(strconv.FormatUint(high, 8))) + "}$")}
		},
	}
}

// Elements returns the elements of an array.
func (d *Decoder) Elements(v Value, want string) ([]Value, bool) {
	if !toml.IsList(v.Raw) {
		d.WrongType(v, want)
		return nil, false
	}
	raws := toml.List(v.Raw)
	values := make([]Value, len(raws))
	for i, raw := range raws {
		values[i] = Value{Key: toml.IndexKey(v.Key, i), Raw: raw}
	}
	return values, true
}

// ReadSet reads an array; one reads an element and reports whether it is good. A
// second element equal to an earlier one is a problem.
func ReadSet[T comparable](d *Decoder, v Value, want string, one func(d *Decoder, v Value) (T, bool)) ([]T, bool) {
	values, ok := d.Elements(v, want)
	if !ok {
		return nil, false
	}
	all := Once[T]{All: make([]T, 0, len(values))}
	for _, e := range values {
		if t, ok := one(d, e); ok && !all.Add(t) {
			d.Problem(e, "%s is in the list twice", Quoted(e.Raw))
		}
	}
	return all.All, true
}

// Quoted prints a value for a message.
func Quoted(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Shape describes the form of a value as JSON Schema draft 7, which editors understand. The zero Shape allows any
// value.
type Shape struct {
	Schema      string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Default     any    `json:"default,omitempty"`
	Examples    []any  `json:"examples,omitempty"`

	Type     string   `json:"type,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Const    any      `json:"const,omitempty"`
	Pattern  string   `json:"pattern,omitempty"`
	Shortest int      `json:"minLength,omitempty"`
	Longest  int      `json:"maxLength,omitempty"`
	Least    *float64 `json:"minimum,omitempty"`
	Most     *float64 `json:"maximum,omitempty"`

	Items  *Shape `json:"items,omitempty"`
	Fewest int    `json:"minItems,omitempty"`
	Top    int    `json:"maxItems,omitempty"`
	Unique bool   `json:"uniqueItems,omitempty"`

	Keys       map[string]*Shape `json:"properties,omitempty"`
	KeysLike   map[string]*Shape `json:"patternProperties,omitempty"`
	Others     *bool             `json:"additionalProperties,omitempty"` // false: there are no other keys
	Required   []string          `json:"required,omitempty"`
	FewestKeys int               `json:"minProperties,omitempty"`
	With       map[string]*Shape `json:"dependencies,omitempty"` // what a key asks of its table

	AnyOf []*Shape `json:"anyOf,omitempty"`
	OneOf []*Shape `json:"oneOf,omitempty"`
	AllOf []*Shape `json:"allOf,omitempty"`
	If    *Shape   `json:"if,omitempty"`
	Then  *Shape   `json:"then,omitempty"`
}

// A regular expression is in what the languages of Go and of JavaScript have in common.
const (
	HasVariable = `\$\{` // its value is not known before the profile is read

	Component       = `/([^./][^/]*|\.[^./][^/]*|\.\.[^/]+)` // of a path in its shortest form
	HostPathPattern = `^\.{0,2}/`
	decimal         = `[0-9]+(\.[0-9]+)?`
	SizePattern     = `^` + decimal + `[KMGTPE]?$`
	timeUnit        = `(us|usec|µs|μs|ms|msec|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?|M|months?|y|years?)`
	TimeSum         = `([ \t]*` + decimal + `[ \t]*` + timeUnit + `)+[ \t]*$`
)

// OneWord is a string that is one of these.
func OneWord[T ~string](allowed ...T) *Shape {
	s := &Shape{Type: "string"}
	for _, w := range allowed {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

// Like is a string that fits a regular expression.
func Like(pattern string) *Shape { return &Shape{Type: "string", Pattern: pattern} }

// Whole is an integer from low to high.
func Whole(low, high int64) *Shape { return Between("integer", float64(low), float64(high)) }

// Between is a number from low to high.
func Between(kind string, low, high float64) *Shape {
	return &Shape{Type: kind, Least: &low, Most: &high}
}

// Closed is a table with these keys and no others.
func Closed(keys map[string]*Shape) *Shape {
	return &Shape{Type: "object", Keys: keys, Others: new(bool)}
}

// ArrayOf is an array of elements of these shapes; unique says that each is there once.
func ArrayOf(element []*Shape, unique bool) *Shape {
	return &Shape{Type: "array", Items: AnyOf(element), Unique: unique}
}

// Having is a table with a key.
func Having(name string) *Shape { return &Shape{Required: []string{name}} }

// same reports whether two shapes of values, not of tables, are.
func (s *Shape) same(o *Shape) bool { return s.text() == o.text() }

func (s *Shape) text() string {
	if s == nil {
		return ""
	}
	text := fmt.Sprint(s.Type, s.Enum, s.Const, s.Pattern, s.Shortest, s.Longest, s.Fewest, s.Top, len(s.Keys), len(s.KeysLike), s.Required, s.Items.text())
	if s.Least != nil {
		text += fmt.Sprint(*s.Least, *s.Most)
	}
	for _, o := range s.AnyOf {
		text += " " + o.text()
	}
	return text
}

// AnyOf is what fits one of the shapes at least. Strings may also have a variable in them.
func AnyOf(all []*Shape) *Shape {
	var different []*Shape
	var patterns []string
	text, plain := false, false
	for _, s := range all {
		text = text || s.Type == "string"
		switch {
		case s.Pattern != "" && s.Longest == 0:
			pattern := strings.TrimSuffix(s.Pattern, "|"+HasVariable) // of shapes that are one already
			if pattern != HasVariable && !slices.Contains(patterns, pattern) {
				patterns = append(patterns, pattern)
			}
		case slices.ContainsFunc(different, s.same):
		default:
			different = append(different, s)
			plain = plain || s.Type == "string" && s.Enum == nil && s.Pattern == ""
		}
	}
	if text && !plain {
		different = append(different, Like(strings.Join(append(patterns, HasVariable), "|")))
	}
	if len(different) == 1 {
		return different[0]
	}
	return &Shape{AnyOf: different}
}

// Words returns the strings that the shape names: what may be offered to complete one. The false that takes
// a key away is none.
func (s *Shape) Words() []string {
	if s == nil {
		return nil
	}
	words := slices.Clone(s.Enum)
	if s.Type == "boolean" {
		words = append(words, "true", "false")
	}
	for _, o := range s.AnyOf {
		words = append(words, o.Words()...)
	}
	return words
}

// Each calls visit for every key that has a shape of its own, by its path, in order.
func (s *Shape) Each(path string, visit func(path string, s *Shape)) {
	if s == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keys)) {
		key := toml.JoinKey(path, name)
		visit(key, s.Keys[name])
		s.Keys[name].Each(key, visit)
	}
	for _, o := range s.AnyOf {
		o.Each(path, visit)
	}
}

// alternatives are the shapes of which a value has one.
func (s *Shape) alternatives() []*Shape {
	if len(s.AnyOf) == 0 {
		return []*Shape{s}
	}
	var all []*Shape
	for _, o := range s.AnyOf {
		all = append(all, o.alternatives()...)
	}
	return all
}

// allows reports whether a value is of the type, and of a string whether it is one of the words. It does not look at patterns, which
// would need package regexp in each launch.
func (s *Shape) allows(raw any) bool {
	switch raw := raw.(type) {
	case string:
		return s.Type == "string" && (s.Enum == nil || slices.Contains(s.Enum, raw))
	case int64:
		return s.Type == "integer" || s.Type == "number"
	case float64:
		return s.Type == "number"
	case bool:
		return s.Type == "boolean" || s.Const == raw
	case map[string]any:
		return s.Type == "object"
	}
	if s.Type != "array" || !toml.IsList(raw) {
		return false
	}
	for _, e := range toml.List(raw) {
		if s.Items != nil && !slices.ContainsFunc(s.Items.alternatives(), func(o *Shape) bool { return o.allows(e) }) {
			return false
		}
	}
	return true
}

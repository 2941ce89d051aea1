package lang

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Meaning knows what the author of a profile meant by a key that its table does not have, or by a value that its key does not
// take: the key that says it, and its value, which is nil where that is not known. The key is "" if nothing is known.
type Meaning func(table, name string, raw any) (key string, value any)

// instead returns a hint at what to write for a value that is not of the type wanted; "" if it is not clear. What it says is
// a value that the key takes, as far as its shape says.
func (d *Decoder) instead(v Value, want string) string {
	if hint := d.MeantBy(v); hint != "" {
		return hint
	}
	value := converted(want, v.Raw, d.written(v.Key))
	_, isText := value.(string)
	if value == nil || !d.accepts(v.Key, value) || isText && d.restricted(v.Key) && !strings.HasPrefix(want, "an octal number") {
		return ""
	}
	return " (write " + printed(value) + ")"
}

// accepts reports whether the shape of a key, which may be an element's, allows a value.
func (d *Decoder) accepts(key string, value any) bool {
	shapes, known := d.shapes(key)
	return !known || slices.ContainsFunc(shapes, func(s *Shape) bool { return s.allows(value) })
}

// restricted reports whether a string of a key has to be like a pattern, so that what was written as another type is hardly one.
func (d *Decoder) restricted(key string) bool {
	shapes, known := d.shapes(key)
	return known && !slices.ContainsFunc(shapes, func(s *Shape) bool { return s.Type == "string" && s.Pattern == "" && s.Enum == nil })
}

// shapes returns the shapes that the value of a key may have; known is false for what is below an element of a list, or in a
// table whose keys are free.
func (d *Decoder) shapes(key string) (all []*Shape, known bool) {
	path, element := key, false
	if strings.HasSuffix(key, "]") {
		path, element = toml.ParentKey(key), true
	}
	parts, ok := toml.SplitKey(path)
	if !ok {
		return nil, false
	}
	f, fields := Field{}, d.Top
	for _, part := range parts {
		if f = FieldFor(fields, part); f.Type == nil {
			return nil, false
		}
		fields = f.Below()
	}
	for _, s := range f.Shape().alternatives() {
		switch {
		case !element:
			all = append(all, s)
		case s.Items != nil:
			all = append(all, s.Items.alternatives()...)
		}
	}
	return all, true
}

// MeantBy returns a hint at what to write for a value that its key does not have; "" if nobody knows.
func (d *Decoder) MeantBy(v Value) string {
	if key, value := d.meaning(v.Key, v.Raw); key != "" && value != nil {
		return d.write(v.Key, key, value)
	}
	return ""
}

func (d *Decoder) meaning(key string, raw any) (string, any) {
	if d.Meant == nil {
		return "", nil
	}
	table := toml.ParentKey(key)
	name := key
	if table != "" {
		name = strings.TrimPrefix(key, table+".")
	}
	meant, value := d.Meant(table, name, raw)
	if value != nil && !d.accepts(meant, value) {
		return "", nil
	}
	return meant, value
}

// written returns the text of the value at a key, as far as it is in one line.
func (d *Decoder) written(key string) string {
	pos := d.Marks.ValuePos(key)
	line, width, ok := pos.Excerpt()
	if !ok {
		return ""
	}
	return line[min(pos.Col-1, len(line)):min(pos.Col-1+width, len(line))]
}

// converted returns a value of the type wanted that says the same as raw, which was written like this; nil if there is none.
func converted(want string, raw any, written string) any {
	switch {
	case strings.HasPrefix(want, "a boolean"):
		switch strings.ToLower(printed(raw)) {
		case `"true"`, `"yes"`, `"on"`, `"1"`, "1":
			return true
		case `"false"`, `"no"`, `"off"`, `"0"`, "0":
			return false
		}
	case strings.HasPrefix(want, "an integer"):
		switch raw := raw.(type) {
		case string:
			if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
				return n
			}
		case float64:
			if raw == math.Trunc(raw) && math.Abs(raw) < 1<<53 {
				return int64(raw)
			}
		}
	case strings.HasPrefix(want, "an octal number"):
		if _, isNumber := raw.(int64); isNumber && strings.Trim(strings.TrimPrefix(written, "0o"), "01234567") == "" && written != "" {
			return "0" + strings.TrimLeft(strings.TrimPrefix(written, "0o"), "0")
		}
	case strings.HasPrefix(want, "an array of strings"):
		if s, ok := raw.(string); ok {
			if path := withVariable(s); path != "" {
				s = path
			}
			return []any{s}
		}
	case strings.HasPrefix(want, "a string"):
		switch raw.(type) {
		case int64, float64:
			if written != "" {
				return written
			}
			return printed(raw)
		case bool:
			return printed(raw)
		}
	}
	return nil
}

// write returns a hint to write a value at another key than the one that was written, or at the same key.
func (d *Decoder) write(from, key string, value any) (hint string) {
	text := printed(value)
	m, _ := d.Marks.Near(from)
	above := d.Marks[toml.ParentKey(key)]
	inLine := above.Kind == toml.MarkInline && above.Src == m.Src || strings.HasSuffix(key, "]")
	if from == key && inLine && m.Src != nil && m.Src.Text != nil {
		return " (write " + text + ")" // the rest of the line stays
	}
	if m.Src != nil && m.Src.Text == nil { // a flag
		if s, ok := value.(string); ok {
			text = s
		}
		return " (write --set " + quote.Word(key+"="+text) + ")"
	}
	if m.Kind == toml.MarkList {
		return " (write " + key + " = " + text + " above the first [table], in place of [[" + from + "]])"
	}
	if m.Kind == toml.MarkTable && from != key {
		if _, isTable := value.(map[string]any); isTable {
			return " (write [" + key + "])"
		}
		defer func() { hint = strings.TrimSuffix(hint, ")") + ", in place of [" + from + "])" }()
	}
	pair, placed := d.Marks.Set(m.Src, from, key, text, d.mainKey)
	if placed {
		return " (write " + pair + ")"
	}
	if table := toml.ParentKey(from); table != "" && d.Marks[table].Kind == toml.MarkTable || m.Kind == toml.MarkTable {
		return " (write " + pair + " above the first [table])"
	}
	return " (write " + pair + ")"
}

// mainKey returns the key that a bare value of a section sets; "" if there is none.
func (d *Decoder) mainKey(section string) string {
	f, _ := FieldNamed(d.Top, section)
	return f.Main()
}

// InPlaceOf returns a hint to write another table for the inline one at a key; "" if that is not inline, or for no table.
func (d *Decoder) InPlaceOf(key string, table map[string]any) string {
	if m := d.Marks[key]; table == nil || m.Kind != toml.MarkInline || m.Src.Text == nil {
		return ""
	}
	return d.write(key, key, table)
}

// printed returns a value as TOML.
func printed(v any) string {
	return toml.Print(v, func(s string) string { return s }, strings.Compare)
}

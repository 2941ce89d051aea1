package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// TOML prints the values as a profile that says the same from anywhere. With
// origins, a comment shows where each is from and what it overrides.
func (r *Resolved) TOML(origins bool) string {
	var b strings.Builder
	section := ""
	for _, v := range r.Values {
		if len(v.Parts) > 1 && v.Parts[0] != section {
			section = v.Parts[0]
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "[%s]\n", toml.JoinKey("", section))
		}
		key := ""
		for _, part := range v.Parts[min(1, len(v.Parts)-1):] {
			key = toml.JoinKey(key, Literal(part))
		}
		b.WriteString(key)
		b.WriteString(" = ")
		switch {
		case !origins:
			b.WriteString(TOMLValue(v.Value))
		case len(v.Elements) > 0:
			v.lines(&b)
		default:
			b.WriteString(TOMLValue(v.Value))
			fmt.Fprintf(&b, "  # %s%s", place(v.Pos), v.won())
		}
		b.WriteByte('\n')
	}
	for _, v := range r.Removed {
		if origins {
			fmt.Fprintf(&b, "# %s = false at %s%s\n", v.Key, v.Pos, v.won())
		}
	}
	return b.String()
}

// lines prints a list that several sources have made, each element with its place.
func (v ResolvedValue) lines(b *strings.Builder) {
	b.WriteString("[")
	if won := v.won(); won != "" {
		fmt.Fprintf(b, "  #%s", strings.TrimPrefix(won, ","))
	}
	for i, e := range v.Value.([]any) {
		fmt.Fprintf(b, "\n  %s,  # %s", TOMLValue(e), place(v.Elements[i]))
	}
	b.WriteString("\n]")
}

// won returns what a value overrides.
func (v ResolvedValue) won() string {
	var b strings.Builder
	for _, o := range v.Overrides {
		what := toml.Print(o.Value, func(s string) string { return s }, entryOrder) // as it is written
		if o.Key != v.Key && o.Key != toml.ParentKey(v.Key) {
			what = o.Key + " = " + what
		}
		if r := []rune(what); len(r) > 60 {
			what = string(r[:59]) + "…"
		}
		fmt.Fprintf(&b, ", over %s at %s", what, place(o.Pos))
	}
	return b.String()
}

func place(p Pos) string {
	if p.IsZero() {
		return "default"
	}
	return p.String()
}

// TOMLValue prints a value of a profile as TOML in one line. In strings a "${"
// is written so that it stays one.
func TOMLValue(v any) string { return toml.Print(v, Literal, entryOrder) }

// entryOrder is the order of the keys of an entry of [mounts] and of a range of ids. Other keys come after them.
func entryOrder(a, b string) int {
	order := append(lang.FieldNames(new(targetType).Fields()), lang.FieldNames(rangesType{}.Fields())...)
	place := func(key string) int {
		if i := slices.Index(order, key); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(place(a)-place(b), strings.Compare(a, b))
}

// Literal returns a string as a profile writes it, so that no variable is read in it.
func Literal(s string) string { return strings.ReplaceAll(s, "${", "$${") }

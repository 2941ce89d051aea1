package toml

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Print prints a value in one line: its strings and keys in the notation of TOML, the keys of a table in the order given.
func Print(v any, text func(string) string, order func(a, b string) int) string {
	switch v := v.(type) {
	case string:
		return QuoteKey(text(v))
	case map[string]any:
		if len(v) == 0 {
			return "{}"
		}
		var members []string
		for _, name := range slices.SortedFunc(maps.Keys(v), order) {
			members = append(members, JoinKey("", text(name))+" = "+Print(v[name], text, order))
		}
		return "{ " + strings.Join(members, ", ") + " }"
	case []any, []map[string]any:
		var elements []string
		for _, e := range List(v) {
			elements = append(elements, Print(e, text, order))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return fmt.Sprint(v)
}

package config

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// idmapMeant is meant for the maps of [idmap]: a line of a map that was written as newuidmap(1) and other programs write it, as
// "0 1000 1" or "0:1000:1", or as an array of three numbers.
func idmapMeant(table, name string, raw any) (key string, value any) {
	line := mapLine(raw)
	switch {
	case line == nil:
		return "", nil
	case table == "idmap" && name == "":
		return "idmap", map[string]any{"uid": []any{line}, "gid": []any{line}}
	case table == "idmap" && (name == "uid" || name == "gid"):
		return "idmap." + name, []any{line}
	}
	return "", nil
}

// mapLine returns the table of one line of a map; nil for what is none.
func mapLine(raw any) map[string]any {
	var numbers []int64
	switch raw := raw.(type) {
	case string:
		for _, word := range strings.FieldsFunc(raw, func(r rune) bool { return r == ':' || r == ' ' || r == ',' }) {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return nil
			}
			numbers = append(numbers, n)
		}
	default:
		list := toml.List(raw)
		if len(list) == 1 {
			return mapLine(list[0])
		}
		for _, e := range list {
			n, ok := e.(int64)
			if !ok {
				return nil
			}
			numbers = append(numbers, n)
		}
	}
	if len(numbers) != 3 {
		return nil
	}
	return map[string]any{"inside": numbers[0], "outside": numbers[1], "count": numbers[2]}
}

// rangeKeyMeant returns the key of a line of a map that other programs call by that word; "" for none.
func rangeKeyMeant(word string) string {
	switch strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(word)) {
	case "container", "containerid", "guest", "in", "inner":
		return "inside"
	case "host", "hostid", "out", "outer", "parent":
		return "outside"
	case "size", "length", "len", "range", "n":
		return "count"
	}
	return ""
}

package config

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// unknown notes a key that its table does not have. The message tells, in
// this order of likelihood, where the key belongs, which one may have been
// meant, or which there are; and what was meant is taken for spoilt.
//
// others, if it is not nil, knows the keys of the table by other words.
func (d *decoder) unknown(table value, name string, fields []field, others func(string) string) {
	if d.counted() {
		return
	}
	v := table.member(name, nil)
	where := ""
	switch {
	case strings.HasSuffix(table.key, "]"):
		where = " in " + table.key
	case table.key != "":
		where = " in [" + table.key + "]"
	}
	note := func(format string, args ...any) {
		d.misplaced(v.key, "unknown key %q%s%s", name, where, fmt.Sprintf(format, args...))
	}

	if others != nil {
		if meant := others(name); meant != "" {
			d.spoilt[toml.JoinKey(table.key, meant)] = true
			note(" (did you mean %q?)", meant)
			return
		}
	}
	top := d.top
	_, isTable := table.raw.(map[string]any)[name].(map[string]any)
	if table.key != "" && hasField(top, name) {
		d.spoilt[name] = true
		if isTable {
			note(" (it is a top-level key: write [%s])", name)
		} else {
			note(" (it is a top-level key: put it above the first [table])")
		}
		return
	}
	names := fieldNames(fields)
	meant := suggest(name, names)
	homes := tablesWith(name, "", top)
	switch {
	case len(homes) > 0 && !strings.EqualFold(meant, name) && !(isTable && meant != ""):
		for i, home := range homes {
			d.spoilt[toml.JoinKey(home, name)] = true
			homes[i] = "[" + home + "]"
		}
		note(" (it belongs in %s)", words(homes))
	case meant != "":
		d.spoilt[toml.JoinKey(table.key, meant)] = true
		note(" (did you mean %q?)", meant)
	default:
		note(", want %s", words(names))
	}
}

// tablesWith returns the paths of the tables that have a key of that name, but
// for those of targets: too many keys of other tables are also theirs.
func tablesWith(name, path string, fields []field) []string {
	var tables []string
	for _, f := range fields {
		sub := f.below()
		if sub == nil || f.free {
			continue
		}
		here := toml.JoinKey(path, f.name)
		if hasField(sub, name) {
			tables = append(tables, here)
		}
		tables = append(tables, tablesWith(name, here, sub)...)
	}
	return tables
}

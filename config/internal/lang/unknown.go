package lang

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Unknown notes a key that its table does not have. The message says, in
// this order of likelihood, where the key belongs, which one may have been
// meant, or which there are; and what was meant is taken for spoilt.
//
// others, if it is not nil, knows the keys of the table by other names.
func (d *Decoder) Unknown(table Value, name string, fields []Field, others func(string) string) {
	if d.counted() {
		return
	}
	v := table.Member(name, nil)
	where := ""
	switch {
	case strings.HasSuffix(table.Key, "]"):
		where = " in " + table.Key
	case table.Key != "":
		where = " in [" + table.Key + "]"
	}
	note := func(format string, args ...any) {
		d.Misplaced(v.Key, "unknown key %q%s%s", name, where, fmt.Sprintf(format, args...))
	}

	if others != nil {
		if meant := others(name); meant != "" {
			d.Spoilt[toml.JoinKey(table.Key, meant)] = true
			note(" (did you mean %q?)", meant)
			return
		}
	}
	if d.Foreign != nil {
		if hint := d.Foreign(v.Key, table.Raw.(map[string]any)[name]); hint != "" {
			note(" %s", hint)
			return
		}
	}
	top := d.Top
	_, isTable := table.Raw.(map[string]any)[name].(map[string]any)
	if table.Key != "" && HasField(top, name) {
		d.Spoilt[name] = true
		if isTable {
			note(" (it is a top-level key: write [%s])", name)
		} else {
			note(" (it is a top-level key: put it above the first [table])")
		}
		return
	}
	names := FieldNames(fields)
	meant := Suggest(name, names)
	raw := table.Raw.(map[string]any)[name]
	homes := d.tablesWith(name, "", top, raw)
	if key, value := d.meaning(v.Key, raw); key != "" && !strings.EqualFold(meant, name) && len(homes) == 0 {
		d.Spoilt[key] = true
		if value == nil {
			note(" (did you mean %q?)", key)
			return
		}
		note("%s", d.write(v.Key, key, value))
		return
	}
	if len(homes) == 0 {
		homes = d.tablesWith(name, "", top, nil)
	}
	switch {
	case len(homes) > 0 && !strings.EqualFold(meant, name) && !(isTable && meant != ""):
		for i, home := range homes {
			d.Spoilt[toml.JoinKey(home, name)] = true
			homes[i] = "[" + home + "]"
		}
		note(" (it belongs in %s)", Words(homes))
	case meant != "":
		d.Spoilt[toml.JoinKey(table.Key, meant)] = true
		note(" (did you mean %q?)", meant)
	default:
		if key := d.nearKey(name, raw); key != "" {
			d.Spoilt[key] = true
			note("%s", d.write(v.Key, key, raw))
			return
		}
		note(", want %s", Words(names))
	}
}

// nearKey returns the path of a key of another table that is spelt almost the same, and may have that value; "" if there is none.
func (d *Decoder) nearKey(name string, raw any) string {
	for _, section := range d.Top {
		if fields := section.Below(); fields != nil && !section.Free {
			near := Suggest(name, FieldNames(fields))
			if f, ok := FieldNamed(fields, near); ok && f.Name != AnyPath && d.accepts(toml.JoinKey(section.Name, near), raw) {
				return toml.JoinKey(section.Name, near)
			}
		}
	}
	return ""
}

// tablesWith returns the paths of the tables that have a key of that name, which may have the value raw unless that is nil. It leaves
// out those of targets: too many keys of other tables are also theirs.
func (d *Decoder) tablesWith(name, path string, fields []Field, raw any) []string {
	var tables []string
	for _, f := range fields {
		sub := f.Below()
		if sub == nil || f.Free {
			continue
		}
		here := toml.JoinKey(path, f.Name)
		if HasField(sub, name) && (raw == nil || d.accepts(toml.JoinKey(here, name), raw)) {
			tables = append(tables, here)
		}
		tables = append(tables, d.tablesWith(name, here, sub, raw)...)
	}
	return tables
}

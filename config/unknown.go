package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// unknown notes a key that its table does not have. The message tells, in
// this order of likelihood, where the key belongs, which one may have been
// meant, or which there are; and what was meant is taken for spoilt.
func (d *decoder) unknown(table value, name string, fields []field) {
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

	if meant := otherWords()[name]; table.key == "namespaces" && meant != "" {
		d.spoilt[toml.JoinKey(table.key, meant)] = true
		note(" (did you mean %q?)", meant)
		return
	}
	top := topFields()
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

// otherWords are what the kernel and other programs call the kinds of namespaces.
func otherWords() map[string]string {
	return map[string]string{"network": string(Net), "mnt": string(Mount), "process": string(PID), "hostname": string(UTS), "clock": string(TimeNS)}
}

// fieldNamed returns the field of that name; the zero one where there is none.
func fieldNamed(fields []field, name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

func hasField(fields []field, name string) bool {
	_, ok := fieldNamed(fields, name)
	return ok
}

// below are the fields of a table; none of anything else.
func (f field) below() []field {
	if f.fields == nil {
		return nil
	}
	return f.fields()
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// tablesWith returns the paths of the tables that have a key of that name, but
// for those of targets: too many keys of other tables are also theirs.
func tablesWith(name, path string, fields []field) []string {
	var tables []string
	for _, f := range fields {
		if f.fields == nil || f.name == anyPath {
			continue
		}
		here, sub := toml.JoinKey(path, f.name), f.fields()
		if hasField(sub, name) {
			tables = append(tables, here)
		}
		tables = append(tables, tablesWith(name, here, sub)...)
	}
	return tables
}

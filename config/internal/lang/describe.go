package lang

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Description is what an editor shows about a key.
type Description struct {
	Text     string
	Default  string   // in TOML; "" for none
	Examples []string // lines of TOML that set the key, or a table with it
}

// Describe adds descriptions to the shape of the key at path, and to those of the keys below it. describe returns
// the description of a key.
func (s *Shape) Describe(path string, describe func(key string) Description) {
	d := describe(path)
	s.Description, s.Default, s.Examples = d.Text, nil, nil
	if d.Default != "" {
		s.Default = exampleAt("default = "+d.Default, "default")
	}
	for _, line := range d.Examples {
		s.Examples = append(s.Examples, exampleAt(line, path))
	}
	s.describeBelow(path, describe)
}

func (s *Shape) describeBelow(path string, describe func(key string) Description) {
	if s.Items != nil {
		s.Items.Describe(path+"[]", describe)
	}
	for name, key := range s.Keys {
		key.Describe(toml.JoinKey(path, name), describe)
	}
	for _, key := range s.KeysLike {
		key.Describe(toml.JoinKey(path, AnyPath), describe)
	}
	for _, o := range s.AnyOf {
		o.describeBelow(path, describe)
	}
}

// exampleAt returns the value that a line of TOML gives the key at path. The descriptions are part of the program,
// so a line without it is a bug.
func exampleAt(line, path string) any {
	tree, _, err := toml.Read(&toml.Source{Text: []byte(line)})
	if err != nil {
		panic("BUG(nslaunch): " + line + ": " + err.Error())
	}
	parts, _ := toml.SplitKey(strings.ReplaceAll(path, "[]", ""))
	var v any = tree
	for _, part := range parts {
		if list := toml.List(v); len(list) > 0 {
			v = list[0]
		}
		table, _ := v.(map[string]any)
		if part == AnyPath {
			for part = range table {
			}
		}
		var ok bool
		if v, ok = table[part]; !ok {
			panic("BUG(nslaunch): " + line + ": sets no " + path)
		}
	}
	return v
}

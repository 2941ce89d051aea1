package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/docs"
)

// parts splits the path of a key as the documentation writes it.
func parts(path string) []string {
	all, _ := toml.SplitKey(strings.ReplaceAll(path, "[]", ""))
	return all
}

// holder returns the table of a tree that holds the key at path, and its name there. "/path" is any one key.
func holder(tree map[string]any, path []string) (table map[string]any, name string) {
	for i, part := range path {
		if part == "/path" {
			for part = range tree {
			}
		}
		if i == len(path)-1 {
			return tree, part
		}
		switch v := tree[part].(type) {
		case map[string]any:
			tree = v
		default:
			tree = toml.List(v)[0].(map[string]any)
		}
	}
	return tree, ""
}

// readTree reads a tree without a look at how its keys fit together.
func readTree(t *testing.T, tree map[string]any) *Profile {
	t.Helper()
	r := newReading("x.toml", testVars())
	r.Marks = toml.Marks{}
	r.p.origins = r.Marks
	r.Read(tree)
	if r.Errs != nil {
		t.Errorf("%v: %v", tree, r.Errs)
	}
	r.p.defaults()
	return r.p
}

func tomlTree(t *testing.T, line string) map[string]any {
	t.Helper()
	tree, _, err := toml.Read(&toml.Source{Text: []byte(line)})
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return tree
}

// The decoder and the schema accept each example of the documentation. Each default in it is the real one: to write
// it changes nothing.
func TestDocsDescriptions(t *testing.T) {
	s := schema(t)
	examples, defaults := 0, 0
	for _, k := range docs.Keys() {
		for _, line := range k.Examples {
			examples++
			tree := tomlTree(t, line)
			readTree(t, tree)
			tree["version"] = 1
			if err := s.Validate(asJSON(tree)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			table, name := holder(tree, parts(k.Path))
			if _, ok := table[name]; !ok {
				t.Errorf("%s does not set %s", line, k.Path)
			}
		}
		if len(k.Examples) == 0 || k.Default == "" {
			continue
		}
		defaults++
		with := tomlTree(t, k.Examples[0])
		table, name := holder(with, parts(k.Path))
		table[name] = tomlTree(t, "value = "+k.Default)["value"]
		without := tomlTree(t, k.Examples[0])
		table, name = holder(without, parts(k.Path))
		delete(table, name)
		for _, tree := range []map[string]any{with, without} {
			if _, given := tree["namespaces"]; !given {
				tree["namespaces"] = "new" // many keys need one
			}
		}
		empty := strings.NewReplacer(": []", ": null")
		if got, want := empty.Replace(plain(t, readTree(t, with))), empty.Replace(plain(t, readTree(t, without))); got != want {
			t.Errorf("%s = %s is not the default:\n%s\nwant\n%s", k.Path, k.Default, got, want)
		}
	}
	if examples < 130 || defaults < 45 {
		t.Errorf("%d examples, %d defaults; want 130, 45 or more", examples, defaults)
	}
}

// A default of false is a value like any other.
func TestSchemaFalse(t *testing.T) {
	s := Schema(func(string) Description { return Description{Default: "false"} })
	text, err := json.Marshal(s.Keys["hostname"])
	if err != nil || !strings.Contains(string(text), `"default":false`) {
		t.Errorf("%s, %v", text, err)
	}
}

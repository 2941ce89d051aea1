package lang

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// A language that is about something else.
type tea struct {
	Leaf  string
	Cups  *int
	Milk  bool
	Spice []string
	Pot   struct{ Size string }
}

func teaFields(t *tea) []Field {
	return []Field{
		{Name: "leaf", Type: Enum(&t.Leaf, "black", "green"), Off: `"black"`},
		{Name: "cups", Type: Optional(&t.Cups, Int[int](1, 12))},
		{Name: "milk", Type: Bool(&t.Milk), Off: AsRead},
		{Name: "spice", Type: SetOf(&t.Spice, "an array of strings", FilledText()), Many: AsSet},
		{Name: "pot", Type: Table{Main: "size", Of: func() []Field {
			return []Field{{Name: "size", Type: To(&t.Pot.Size, FilledText())}}
		}}},
	}
}

// read reads texts, each over those before it.
func read(t *testing.T, texts ...string) (tea, toml.Errors) {
	t.Helper()
	var made tea
	d := New(teaFields(&made), "/tea/f.toml", Vars{User: "ann"})
	tree := map[string]any{}
	for i, text := range texts {
		src := &toml.Source{Name: fmt.Sprintf("%d.toml", i), Text: []byte(text), Layer: i}
		layer, marks, err := toml.Read(src)
		if err != nil {
			t.Fatal(err)
		}
		d.Merge(tree, &Layer{Src: src, Tree: layer, Marks: marks}, nil)
	}
	d.Read(tree)
	return made, d.Errs
}

func TestRead(t *testing.T) {
	cups := 3
	for _, test := range []struct {
		texts []string
		want  tea
	}{
		{[]string{"leaf = \"green\"\ncups = 3\nmilk = true"}, tea{Leaf: "green", Cups: &cups, Milk: true}},
		{[]string{"pot = \"${user}'s\""}, tea{Pot: struct{ Size string }{"ann's"}}},
		{[]string{"pot.size = \"big\"\ncups = 2", "cups = 3\npot = \"small\""}, tea{Cups: &cups, Pot: struct{ Size string }{"small"}}},
		{[]string{"spice = [\"mint\", \"sage\"]\ncups = 2", "spice = { add = [\"mint\", \"anise\"], remove = [\"sage\"] }\ncups = false"},
			tea{Spice: []string{"mint", "anise"}}},
	} {
		if got, errs := read(t, test.texts...); errs != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q is %+v, %v; want %+v", test.texts, got, errs, test.want)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"leaf = \"gren\"":              `0.toml:1:8: leaf: unknown value "gren", want black or green (did you mean "green"?)`,
		"leaf = false":                 `0.toml:1:8: leaf: false does not lift a restriction, want "black"`,
		"cups = 13":                    `0.toml:1:8: cups: want 1 to 12, got 13`,
		"cup = 1":                      `0.toml:1:1: cup: unknown key "cup" (did you mean "cups"?)`,
		"size = \"big\"":               `0.toml:1:1: size: unknown key "size" (it belongs in [pot])`,
		"pot = 1":                      `0.toml:1:7: pot: want a string or a table, got 1 (write "1")`,
		"spice = [\"mint\", \"mint\"]": `0.toml:1:18: spice[1]: "mint" is in the list twice`,
		"spice.remove = [\"mint\"]":    `0.toml:1:17: spice.remove[0]: "mint" is not in the list, which is empty`,
	} {
		if _, errs := read(t, text); errs == nil || errs.Error() != want {
			t.Errorf("%s: %v; want %s", text, errs, want)
		}
	}
}

// What a key takes is said by its type, with what changes a list and what takes a key away.
func TestShapes(t *testing.T) {
	for _, f := range teaFields(new(tea)) {
		got, err := json.Marshal(f.Shape())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"leaf": `{"anyOf":[{"type":"string","enum":["black","green"]},{"type":"string","pattern":"\\$\\{"}]}`,
			"cups": `{"anyOf":[{"type":"integer","minimum":1,"maximum":12},{"const":false}]}`,
			"milk": `{"type":"boolean"}`,
			"pot": `{"anyOf":[{"type":"string","minLength":1},` +
				`{"type":"object","properties":{"size":{"anyOf":[{"type":"string","minLength":1},{"const":false}]}},"additionalProperties":false},{"const":false}]}`,
		}[f.Name]
		if want != "" && string(got) != want {
			t.Errorf("%s: got %s; want %s", f.Name, got, want)
		}
	}
}

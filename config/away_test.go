package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// layered reads what trees say, each over those before it, and returns the profile without the places of what it says.
func layered(t *testing.T, trees ...map[string]any) (*Profile, Errors) {
	t.Helper()
	d := newReading("x.toml", testVars())
	d.p.sources = map[string]*toml.Source{}
	d.Took = map[string]bool{}
	whole := map[string]any{}
	for i, tree := range trees {
		src := &toml.Source{Name: "x.toml", Text: []byte{}, Layer: i + 1}
		l := &lang.Layer{Src: src, Tree: tree, Marks: toml.Marks{}}
		for _, name := range lang.SortedKeys(tree) {
			l.Mark(name, tree[name], src)
		}
		d.Merge(whole, l, rivals())
	}
	d.p.origins = d.Marks
	d.Read(whole)
	d.p.origins, d.p.sources = nil, nil
	return d.p, d.Errs
}

// isRanges reports whether a key takes an array of tables.
func isRanges(f lang.Field) bool {
	_, ok := f.Type.(rangesType)
	return ok
}

// everyField calls visit for each key of the tables and for each section, but for those of elements of lists.
func everyField(path []string, fields []lang.Field, visit func(path []string, f lang.Field)) {
	for _, f := range fields {
		if f.Free {
			continue
		}
		here := append(slices.Clone(path), f.Name)
		visit(here, f)
		if !isRanges(f) {
			everyField(here, f.Below(), visit)
		}
	}
}

// Of every key of the language false takes away what is below, or it is a boolean, or the error names what
// is written instead, or the key cannot be left out.
func TestFalse(t *testing.T) {
	nothing, _ := layered(t)
	all := values(t)
	for _, base := range []map[string]any{ // what the corpus does not have as one value
		{"monotonic": "+1h"}, {"inherit": []any{"A"}}, {"timeout": "1s"}, {"rlimits": map[string]any{"core": int64(0)}},
		{"memory": "1G"}, {"notify": "exec"}, {"core": int64(0)}, {"CPUWeight": int64(5)}, {"properties": map[string]any{"CPUWeight": int64(5)}},
	} {
		all = append(all, base)
	}
	kinds := map[string]int{}
	everyField(nil, topFields(newProfile("")), func(path []string, f lang.Field) {
		key := strings.Join(path, ".")
		got, errs := layered(t, nested(path, false))
		d := newReading("", Vars{})
		d.Field(f, lang.Value{Key: key, Raw: true})
		boolean := f.Off == lang.AsRead && d.Errs == nil
		switch {
		case boolean:
			kinds["boolean"]++
			if d.Field(f, lang.Value{Key: key, Raw: false}); d.Errs != nil {
				t.Errorf("%s = false: %v", key, d.Errs)
			}
			return
		case errs != nil && slices.Contains([]string{"version", "extends", "root.overlay.dir"}, key):
			kinds["needed"]++
			return
		case errs != nil:
			kinds["word"]++
			if len(errs) != 1 || !strings.Contains(errs[0].Msg, "false does not ") || f.Goes() {
				t.Errorf("%s = false: %v", key, errs)
			}
			word := f.Instead()
			tree, _, err := toml.Read(&toml.Source{Text: []byte("v = " + word)})
			if word == "" || err != nil { // words on other keys
				return
			}
			if _, errs := layered(t, nested(path, tree["v"])); errs != nil {
				t.Errorf("%s = %s, as the error for false says: %v", key, word, errs)
			}
			return
		}
		kinds["goes"]++
		if !reflect.DeepEqual(got, nothing) || !f.Goes() {
			t.Errorf("%s = false with nothing below gives %+v", key, got)
		}
		tried := 0
		for _, raw := range all {
			alone := newReading("x.toml", testVars())
			if alone.Field(f, lang.Value{Key: key, Raw: raw}); alone.Errs != nil || raw == false {
				continue
			}
			had, errs := layered(t, nested(path, raw))
			if errs != nil || reflect.DeepEqual(had, nothing) {
				continue
			}
			tried++
			if got, errs := layered(t, nested(path, raw), nested(path, false)); errs != nil || !reflect.DeepEqual(got, nothing) {
				t.Errorf("%s = false over %#v gives %+v, %v", key, raw, got, errs)
			}
			// What is said after that counts alone.
			if again, errs := layered(t, nested(path, raw), nested(path, false), nested(path, raw)); errs != nil || !reflect.DeepEqual(again, had) {
				t.Errorf("%s = %#v over false gives %+v, %v; want %+v", key, raw, again, errs, had)
			}
			if tried == 3 {
				break
			}
		}
		if tried == 0 {
			t.Errorf("%s: no value of the corpus changes the profile", key)
		}
	})
	for kind, least := range map[string]int{"goes": 70, "boolean": 15, "word": 20, "needed": 3} {
		if kinds[kind] < least {
			t.Errorf("%d keys of the kind %q, want %d or more: %v", kinds[kind], kind, least, slices.Sorted(maps.Keys(kinds)))
		}
	}
}

// Of flags for one section, what is after false counts.
func TestFalseFlags(t *testing.T) {
	writeFiles(t, map[string]string{
		"p.toml":    "version = 1\nnamespaces = \"new\"\nhostname = \"a\"\nscope = { mode = \"required\", slice = \"ci.slice\" }\n",
		"bare.toml": "version = 1\nnamespaces = \"new\"\nhostname = \"a\"\n",
	})
	set := func(key, text string) Setting { return Setting{key, Text(text), FromSet} }
	for _, test := range []struct {
		settings []Setting
		want     []Setting // of bare.toml
	}{
		{[]Setting{set("scope", "false")}, nil},
		{[]Setting{set("scope", "false"), set("scope", "auto")}, []Setting{set("scope", "auto")}},
		{[]Setting{set("scope.bus", "user"), set("scope", "false")}, nil},
		{[]Setting{set("scope", "false"), set("hostname", "false"), set("hostname", `"false"`)}, []Setting{{"hostname", "false", FromSet}}},
		{[]Setting{set("scope", "false"), set("env.set.A", "false"), set("env.set.B", `"false"`)},
			[]Setting{{"env.set", map[string]any{"A": "false", "B": `"false"`}, FromSet}}},
		{[]Setting{set("scope", "false"), set(`mounts."/x".type`, "file"), set(`mounts."/x".content`, "false")},
			[]Setting{{`mounts."/x"`, map[string]any{"type": "file", "content": "false"}, FromSet}}},
	} {
		got, want := tree(t, "p.toml", test.settings...), tree(t, "bare.toml", test.want...)
		if g, w := TOMLValue(got), TOMLValue(want); g != w {
			t.Errorf("%v gives\n%s\nwant\n%s", test.settings, g, w)
		}
	}
}

package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// An entry that names a path wins over a glob, and of globs the stricter one.
func TestWithMatches(t *testing.T) {
	text := "version = 1\nnamespaces = \"new\"\n[mounts]\nrw = [\"/w/*\", \"/w/x\"]\nro = [\"/w/*a\"]\nmasked = [\"/w/*b\"]\n\"/w/c\" = { type = \"tmpfs\" }\n"
	p, err := Parse("p.toml", []byte(text), testVars())
	if err != nil {
		t.Fatal(err)
	}
	with := p.WithMatches(func(g Glob) []MountEntry {
		var all []MountEntry
		for _, name := range []string{"a", "ab", "b", "c", "x", "y"} {
			if fit := map[string]string{"/w/*": "a ab b c x y", "/w/*a": "a", "/w/*b": "ab b"}[g.Pattern]; slices.Contains(strings.Fields(fit), name) {
				m := g.Entry
				m.Target = "/w/" + name
				all = append(all, m)
			}
		}
		return all
	})
	got := ""
	for _, m := range with.Mounts {
		got += fmt.Sprintf("%s %s %v\n", m.Target, m.Type, m.Readonly)
	}
	if want := "/w/a bind true\n/w/ab masked false\n/w/b masked false\n/w/c tmpfs false\n/w/x bind false\n/w/y bind false\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(p.Mounts) != 2 {
		t.Errorf("the profile itself has %v", p.Mounts)
	}
}

package config

import (
	"os"
	"path/filepath"
	"testing"
)

// An env.inherit that replaces that of its base is noted with what is lost, but not where nothing is, or where nothing is meant.
func TestLostInherit(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("version = 1\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const npm = "extends = [\"preset:npm\"]\n"
	replacing := file("replacing.toml", npm+"[env]\ninherit = [\"A\"]\n")
	for name, test := range map[string]struct {
		path     string
		settings []Setting
		want     string
	}{
		"replaced": {replacing, nil, `replaces the list of preset:npm, so the command does not inherit TERM, LANG, LC_*, PATH, NODE_ENV (to keep them, write inherit.add = ["A"])`},
		"some kept": {file("kept.toml", npm+"env = { inherit = [\"LANG\", \"N*\", \"B\"], set.PATH = \"/bin\" }\n"), nil,
			`replaces the list of preset:npm, so the command does not inherit TERM, LC_* (to keep them, write inherit.add = ["N*", "B"])`},
		"fewer": {file("fewer.toml", npm+"env.inherit = [\"LANG\", \"PATH\", \"TERM\", \"LC_*\"]\n"), nil, `replaces the list of preset:npm, so the command does not inherit NODE_ENV`},
		"a flag": {"preset:npm", []Setting{{"env.inherit", Text("A,B"), FromSet}},
			`replaces the list of preset:npm, so the command does not inherit TERM, LANG, LC_*, PATH, NODE_ENV (to keep them, write --set env.inherit.add=A,B)`},
		"a default of the base": {file("system.toml", "extends = [\"preset:system\"]\nenv.inherit = [\"LANG\", \"LC_*\", \"A\"]\n"), nil,
			`replaces the list of preset:system, so the command does not inherit TERM (to keep them, write inherit.add = ["A"])`},
		"below, and added to": {file("above.toml", "extends = [\"replacing.toml\"]\nenv.inherit.add = [\"TERM\", \"PATH\"]\n"), nil,
			`replaces the list of preset:npm, so the command does not inherit LANG, LC_*, NODE_ENV (to keep them, write inherit.add = ["A"])`},
		"added":            {file("added.toml", npm+"env.inherit.add = [\"A\"]\n"), nil, ""},
		"all":              {file("all.toml", npm+"env.inherit = [\"*\"]\n"), nil, ""},
		"none":             {file("none.toml", npm+"env.inherit = []\n"), nil, ""},
		"the default":      {file("default.toml", npm+"env.inherit = false\n"), nil, ""},
		"no base":          {file("alone.toml", "env.inherit = [\"A\"]\n"), nil, ""},
		"a preset":         {"preset:service", nil, ""},
		"removed by false": {replacing, []Setting{{"env.inherit", Text("*"), FromSet}}, ""},
	} {
		p, err := Load(test.path, testVars(), test.settings...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		at, text, ok := p.LostInherit()
		if text != test.want || ok != (text != "") || ok && (at.Key != "env.inherit" || at.Pos.IsZero()) {
			t.Errorf("%s: %v: %q, want %q", name, at, text, test.want)
		}
	}
}

package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

func TestCompareTargets(t *testing.T) {
	// In order, whatever bytes stand around the slash.
	sorted := []string{
		"/a", "/a/b", "/a/b/c", "/a/b-c", "/a/c", "/a ", "/a!b", "/a!b/c", "/a-", "/a-b", "/a.b", "/a0", "/aa", "/a\xff", "/b", "/é",
	}
	for i, a := range sorted {
		for j, b := range sorted {
			got := compareTargets(a, b)
			if got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("compareTargets(%q, %q) = %d", a, b, got)
			}
		}
	}
}

// Only what is below ${state} is made.
func TestOverlayCreate(t *testing.T) {
	const needs = `create: needs a dir below ${state}, which is `
	for _, test := range []struct{ state, dir, want string }{
		{"/s", "${state}/x", ""},
		{"/s", "/s/x/y", ""},
		{"/s/", "${state}/x", ""},
		{"/", "/x", ""},
		{"/s", "${state}", needs + `"/s" (it is "/s")`},
		{"/s", "${state}/.", needs + `"/s" (it is "/s")`},
		{"/s", "${state}-2/x", needs + `"/s" (it is "/s-2/x")`},
		{"/s", "${state}/../x", needs + `"/s" (it is "/x")`},
		{"/s", "./x", needs + `"/s" (it is "/work/x")`},
		{"/s/x", "/s", needs + `"/s/x" (it is "/s")`},
		{"", "/x", `create: needs a dir below ${state}, which is not known here`},
		{"", "${state}/x", `dir: ${state} is not known here`},
	} {
		vars := testVars()
		vars.State = test.state
		for _, profile := range []struct{ key, text string }{
			{"root.overlay.", "root = { overlay = { dir = %, create = true } }"},
			{`mounts."/m".`, `mounts = { "/m" = { type = "overlay", lower = ["/l"], create = true, dir = % } }`},
		} {
			text := strings.ReplaceAll(profile.text, "%", toml.QuoteKey(test.dir))
			_, err := Parse("p", []byte("version = 1\nnamespaces = \"new\"\n"+text), vars)
			got, want := "", test.want
			if err != nil {
				_, got, _ = strings.Cut(err.Error(), ": ")
			}
			if want != "" {
				want = profile.key + want
			}
			if got != want {
				t.Errorf("%s with state %q = %q; want %q", text, test.state, got, want)
			}
		}
	}
}

// A list and a table say the same.
func TestListIsTable(t *testing.T) {
	parse := func(text string) []MountEntry {
		p, err := Parse("p", []byte("version = 1\nnamespaces = \"new\"\n[mounts]\n"+text), testVars())
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Mounts {
			p.Mounts[i].Key = ""
		}
		return p.Mounts
	}
	lists := parse(`ro = ["/a", "-./b"]` + "\n" + `rw = ["/c"]` + "\n" + `tmpfs = ["/d"]` + "\n" + `masked = ["-/e"]`)
	tables := parse(`"/a" = { ro = "/a" }
"/work/b" = { ro = "/work/b", optional = true }
"/c" = { rw = "/c", recursive = true }
"/d" = { type = "tmpfs" }
"/e" = { masked = true, optional = true }`)
	same := func(a, b MountEntry) bool {
		return a.Target == b.Target && a.Type == b.Type && a.Source == b.Source && a.Readonly == b.Readonly &&
			a.Optional == b.Optional && a.Recursive == b.Recursive
	}
	if len(lists) != 5 || !slices.EqualFunc(lists, tables, same) {
		t.Errorf("lists %+v; tables %+v", lists, tables)
	}
}

// A problem of a key keeps what depends on it from being told.
func TestNoCascadeMounts(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"namespaces = \"nwe\"\nroot = \"tmpfs\"\ndev = \"minimal\"\nsys = \"new\"\n[mounts]\n\"/a\" = { type = \"proc\" }", "namespaces"},
		{"namespaces = { mount = \"new\", net = \"nwe\" }\nsys = \"new\"\n[mounts]\n\"/a\" = { type = \"sysfs\" }", "namespaces.net"},
		{"namespaces = { mount = \"new\", user = 5 }\n[mounts]\n\"/a\" = { rw = \"/b\", idmap = \"user\", propagation = \"shared\" }", "namespaces.user"},
		{"namespaces = \"new\"\nidmap = \"nnoe\"\n[mounts]\n\"/a\" = { rw = \"/b\", idmap = \"user\" }", "idmap"},
		{"namespaces = \"new\"\nroot = { path = \"tmpsf\", overlay = \"tmpfs\" }", "root.path"},
		{"namespaces = \"new\"\n[mounts]\n\"/a\" = { type = \"tmpsf\", lower = [\"/x\"], to = 5 }", `mounts."/a".type mounts."/a".to`},
		{"namespaces = \"new\"\n[mounts]\n\"/proc\" = { type = \"tmpsf\" }", `mounts."/proc".type`},
		{"namespaces = \"new\"\n[mounts]\n\"/a\" = { type = \"file\", content = 5 }\n\"/a/b\" = { type = \"dir\" }", `mounts."/a".content mounts."/a/b"`},
		{"namespaces = \"new\"\n[mounts]\n\"/a\" = { typ = \"tmpfs\", size = \"0\" }", `mounts."/a".typ mounts."/a".size`},
		{"[mounts]\nro = 5", "mounts.ro"},
	} {
		_, err := Parse("p", []byte("version = 1\n"+test.text), testVars())
		errs, _ := err.(Errors)
		var keys []string
		for _, e := range errs {
			keys = append(keys, e.Key)
		}
		if got := strings.Join(keys, " "); got != test.want {
			t.Errorf("%s: problems of %s; want of %s", test.text, got, test.want)
		}
	}
}

// Check needs no origins.
func TestCheckMadeMounts(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(p *Profile)
	}{
		{"", func(p *Profile) { p.Root, p.Dev, p.Sys = Root{Mode: RootTmpfs}, Dev{Mode: DevMinimal}, SysNew }},
		{"", func(p *Profile) { p.Root = Root{} }},
		{`root: needs namespaces.mount = "new"`, func(p *Profile) {
			p.Root.Overlay.Mode, p.Proc.Mode, p.Namespaces[Mount] = OverlayTmpfs, ProcHost, Namespace{Mode: NamespaceHost}
		}},
		{`mounts.ro[1]: "/a" is mounted already by mounts.ro[0] (remove one of them)`, func(p *Profile) {
			p.Mounts = []MountEntry{{Key: "mounts.ro[0]", Target: "/a"}, {Key: "mounts.ro[1]", Target: "/a"}}
		}},
		{`m: /dev is made already, by dev = "minimal"`, func(p *Profile) {
			p.Dev, p.Mounts = Dev{Mode: DevMinimal}, []MountEntry{{Key: "m", Target: "/dev", Type: MountTmpfs}}
		}},
		{`m.idmap.gid[1].inside: 1 overlaps m.idmap.gid[0], 0-4`, func(p *Profile) {
			p.Mounts = []MountEntry{{Key: "m", Target: "/m", Type: MountBind, IDMap: &MountIDMap{GID: []IDRange{{0, 0, 5}, {1, 9, 1}}}}}
		}},
	} {
		got := ""
		if err := Check(made(test.change)); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("Check = %q; want %q", got, test.want)
		}
	}
}

func TestOriginMounts(t *testing.T) {
	p, err := Parse("p.toml", []byte(`version = 1
namespaces = "new"
root = { path = "host", propagation = "private" }
[mounts]
ro = ["/usr", "/lib"]
"${cwd}" = { rw = "/x" }
`), testVars())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"propagation":           "p.toml:3:25: root.propagation",
		"root.readonly":         "default: root.readonly",
		`mounts.ro[1]`:          "p.toml:5:15: mounts.ro[1]",
		`mounts."${cwd}"`:       `p.toml:6:1: mounts."${cwd}"`,
		`mounts."${cwd}".rw`:    `p.toml:6:14: mounts."${cwd}".rw`,
		`mounts."${cwd}".idmap`: `default: mounts."${cwd}".idmap`,
	} {
		if got := p.Origin(key).String(); got != want {
			t.Errorf("Origin(%s) = %q; want %q", key, got, want)
		}
	}
}

func TestNewMounts(t *testing.T) {
	p, err := New([]Setting{
		{"namespaces", "new", "--new"},
		{"root", "tmpfs", "--root"},
		{"root.readonly", true, "--set"},
		{"mounts.ro", []string{"/usr"}, "--ro"},
		{`mounts."/w".rw`, "./w", "--set"},
		{`mounts."/w".options`, []any{"dev"}, "--set"},
	}, testVars())
	if err != nil {
		t.Fatal(err)
	}
	if p.Root.Mode != RootTmpfs || !p.Root.Readonly || len(p.Mounts) != 2 || p.Mounts[1].Source != "/work/w" || p.Mounts[1].Options[0] != "dev" {
		t.Errorf("New = %+v, %+v", p.Root, p.Mounts)
	}
	_, err = New([]Setting{
		{"namespaces", "new", "--new"},
		{"mounts.ro", []string{"/usr"}, "--ro"},
		{"mounts.rw", []string{"/usr"}, "--rw"},
		{"propagation", "slave", "--propagation"},
		{"root.propagation", "private", "--set"},
	}, testVars())
	want := `--set root.propagation: propagation is given already, at --propagation
--rw: mounts.rw[0]: "/usr" is mounted already by mounts.ro[0], at --ro (remove one of them)`
	if err == nil || err.Error() != want {
		t.Errorf("New = %v; want %s", err, want)
	}
}

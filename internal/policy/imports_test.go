// Package policy holds the rules that the code of this repository keeps, as
// tests.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nslaunch/nslaunch"

// foreign says which packages of ours may import a package of others, in
// their own code and, where it matters, in what they depend on.
var foreign = []struct {
	path       string
	importers  []string
	transitive bool
}{
	{"github.com/sirupsen/logrus", []string{"cmd/..."}, true},
	{"github.com/sirupsen/logrus", []string{"cmd/nslaunch/internal/cli"}, false},
	{"github.com/godbus/...", []string{"units", "cmd/nslaunch-scope"}, true},
	{"github.com/coreos/...", []string{"units", "units/unitfile", "cmd/..."}, true},
	{"github.com/BurntSushi/toml", []string{"config/internal/toml"}, false},
	{"github.com/rogpeppe/...", nil, true},
	{"golang.org/x/sys/unix", []string{"launcher/...", "mountprop", "units", "units/notify", "cmd/...", "internal/nslist", "internal/process", "internal/records", "internal/nstest/...", "internal/systest", "internal/vmtest/agent", "internal/bench"}, false},
	{"testing", []string{"internal/nstest", "internal/systest"}, true},
	// They bring cgo in, are slow to start, and come with D-Bus.
	{"os/user", []string{"units", "cmd/nslaunch-scope", "internal/nstest/...", "internal/systest", "internal/vmtest", "internal/bench"}, true},
	{"net", []string{"units", "cmd/nslaunch-scope", "internal/nstest/...", "internal/systest"}, true},
	{module + "/internal/nstest/...", []string{"internal/nstest/...", "internal/systest"}, true},
}

// goPackage is what we read of go list's answer.
type goPackage struct {
	ImportPath string
	Imports    []string // of the package itself, without its tests
	Deps       []string // all that it depends on, likewise
	GoFiles    []string // likewise
	Doc        string   // the first sentence of its comment

	TestImports  []string // of its tests in the package
	XTestImports []string // of those outside
}

// Every package says what it is.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", ours(p.ImportPath))
		}
	}
}

// What a package imports of ours is what its row in ARCHITECTURE.md says.
func TestImports(t *testing.T) {
	all := packages(t)
	rows := readTable(t, all)
	for _, p := range all {
		name := ours(p.ImportPath)
		row := rows.of(name)
		if row == nil {
			t.Errorf("%s has no row in ARCHITECTURE.md", name)
			continue
		}
		imports := map[string]bool{}
		for _, path := range p.Imports {
			if other := ours(path); other != "" && other != name {
				imports[other] = true
				if !fitsAny(other, row.imports) {
					t.Errorf("%s imports %s: its row in ARCHITECTURE.md says %q", name, other, row.imports)
				}
			}
		}
		for _, listed := range row.imports {
			if !row.many && !slices.ContainsFunc(slices.Collect(maps.Keys(imports)), func(other string) bool { return fits(other, listed) }) {
				t.Errorf("%s does not import %s, as its row in ARCHITECTURE.md says", name, listed)
			}
		}
	}
}

// Packages of others are imported where they are wanted, and nowhere else.
func TestForeignImports(t *testing.T) {
	for _, p := range packages(t) {
		name := ours(p.ImportPath)
		for _, f := range foreign {
			paths := p.Imports
			if f.transitive {
				paths = p.Deps
			}
			for _, path := range paths {
				if fits(path, f.path) && !fitsAny(name, f.importers) {
					t.Errorf("%s must not depend on %s", name, path)
				}
			}
		}
	}
}

// The tests of the built program know it from outside: they take no expected value from what it is made of.
func TestOutside(t *testing.T) {
	count := 0
	all := packages(t)
	allowed := readTable(t, all).of("internal/systest/run").imports
	for _, p := range all {
		name := ours(p.ImportPath)
		if !fits(name, "internal/systest/...") {
			continue
		}
		count++
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if other := ours(path); other != "" && !fitsAny(other, allowed) {
				t.Errorf("the tests of %s must not import %s", name, other)
			}
		}
	}
	if count < 2 {
		t.Errorf("%d packages", count)
	}
}

// The rules can be broken: what they forbid is found.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		path, pattern string
		want          bool
	}{
		{"config", "config", true},
		{"config/x", "config", false},
		{"config", "config/...", true},
		{"config/x/y", "config/...", true},
		{"configs", "config/...", false},
	} {
		if got := fits(test.path, test.pattern); got != test.want {
			t.Errorf("fits(%q, %q) = %v; want %v", test.path, test.pattern, got, test.want)
		}
	}
	table := readTable(t, packages(t))
	if r := table.of("units/notify"); r == nil || len(r.imports) != 0 || r.many {
		t.Errorf("the row of units/notify is %+v", r)
	}
	if r := table.of("internal/systest/run"); r == nil || !r.many {
		t.Errorf("the row of a subject of systest is %+v", r)
	}
	if r := table.of("other"); r != nil {
		t.Errorf("a package without a row has %+v", r)
	}
	if got := ours(module + "/config"); got != "config" {
		t.Errorf("ours: %q", got)
	}
	if got := ours("example.com/config"); got != "" {
		t.Errorf("ours: %q", got)
	}
}

// ours returns the path of a package of ours in the repository, or "".
func ours(path string) string {
	name, _ := strings.CutPrefix(path, module+"/")
	if name == path {
		return ""
	}
	return name
}

func fits(path, pattern string) bool {
	if prefix, below := strings.CutSuffix(pattern, "/..."); below {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	return path == pattern
}

func fitsAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return fits(path, pattern) })
}

// packages lists those of this module.
func packages(t *testing.T) []goPackage {
	t.Helper()
	output := goCommand(t, "list", "-json=ImportPath,Imports,Deps,GoFiles,Doc,TestImports,XTestImports", module+"/...")
	decoder := json.NewDecoder(bytes.NewReader(output))
	var all []goPackage
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return output
}

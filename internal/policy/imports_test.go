// Package policy holds the rules that the code of this repository keeps, as
// tests.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nslaunch/nslaunch"

// table says which packages of ours each package may import, itself aside. The
// first line that fits a package holds. "x/..." is x and all below it. This is
// the table of ARCHITECTURE.md; a new package needs a line in both.
var table = []struct {
	packages string
	imports  []string
}{
	{"mountprop", nil},
	{"config/internal/toml", []string{"internal/quote"}},
	{"config/internal/lang", []string{"config/internal/toml", "internal/gitrepo"}},
	{"config/internal/systemd", []string{"config/internal/lang"}},
	{"config", []string{"config/internal/...", "mountprop", "internal/gitrepo", "internal/passwd", "internal/quote", "internal/smallfile"}},
	{"launcher", []string{"config", "internal/process", "internal/runtimehook", "launcher/internal/..."}},
	{"launcher/internal/compile", []string{"config", "mountprop", "internal/quote", "launcher/internal/host", "launcher/internal/plan", "launcher/internal/step", "launcher/internal/tree"}},
	{"launcher/internal/diagnose", []string{"config", "mountprop", "internal/quote", "launcher/internal/host", "launcher/internal/plan", "launcher/internal/step", "launcher/internal/tree"}},
	{"launcher/internal/step", []string{"config", "mountprop", "internal/process", "internal/quote", "launcher/internal/host", "launcher/internal/plan", "launcher/internal/program", "launcher/internal/tree"}},
	{"launcher/internal/plan", []string{"config", "internal/jsontext", "internal/process", "internal/quote", "launcher/internal/host", "launcher/internal/program", "launcher/internal/tree"}},
	{"launcher/internal/tree", []string{"config", "mountprop", "internal/quote"}},
	{"launcher/internal/host", []string{"config", "mountprop", "internal/gitrepo", "internal/nofile", "internal/passwd", "internal/quote", "internal/smallfile", "launcher/internal/stage", "launcher/internal/tree", "launcher/internal/tty"}},
	{"launcher/internal/resident", []string{"internal/nofile", "launcher/internal/host", "launcher/internal/program", "launcher/internal/siginfo", "launcher/internal/stage", "launcher/internal/tty"}},
	{"launcher/internal/tty", []string{"internal/process", "launcher/internal/siginfo"}},
	{"launcher/internal/notice", nil},
	{"launcher/internal/stage", []string{"internal/runtimehook", "launcher/internal/program"}},
	{"launcher/internal/stage/gen", []string{"launcher/internal/program"}},
	{"launcher/internal/program", []string{"internal/quote"}},
	{"launcher/internal/siginfo", []string{"internal/runtimehook"}},
	{"units/unitfile", []string{"config", "internal/quote"}},
	{"units", []string{"config", "mountprop", "internal/placement"}},
	{"units/notify", nil},
	{"cmd/nslaunch-scope", []string{"units", "internal/placement"}},
	{"cmd/nslaunch/internal/problem", []string{"config", "launcher", "internal/quote"}},
	{"cmd/nslaunch/internal/cli", []string{"launcher", "internal/quote", "cmd/nslaunch/internal/problem"}},
	{"cmd/nslaunch/internal/doctor", []string{"config", "launcher", "internal/process", "internal/quote", "internal/state", "cmd/nslaunch/internal/cli", "cmd/nslaunch/internal/problem"}},
	{"cmd/nslaunch/internal/manual", []string{"config", "docs", "internal/quote", "internal/roff", "internal/state", "cmd/nslaunch/internal/cli"}},
	{"cmd/nslaunch", []string{"config", "launcher", "units/notify", "units/unitfile", "docs", "internal/nslist", "internal/passwd", "internal/placement", "internal/process", "internal/quote", "internal/state", "cmd/nslaunch/internal/..."}},
	{"docs", nil},
	{"internal/bench", []string{"mountprop", "internal/cgroup", "internal/process"}},
	{"examples", nil},
	{"internal/nslist", []string{"mountprop", "internal/passwd"}},
	{"internal/jsontext", nil},
	{"internal/nofile", nil},
	{"internal/runtimehook", nil},
	{"internal/roff", nil},
	{"internal/placement", []string{"config"}},
	{"internal/quote", nil},
	{"internal/passwd", []string{"internal/smallfile"}},
	{"internal/smallfile", nil},
	{"internal/gitrepo", nil},
	{"internal/process", nil},
	{"internal/state", []string{"config", "internal/jsontext", "internal/process", "internal/smallfile", "launcher"}},
	{"internal/nstest/...", []string{"mountprop", "internal/cgroup", "internal/nofile", "internal/process", "internal/nstest/..."}},
	{"internal/systest/...", []string{"config", "mountprop", "internal/process", "internal/nstest/...", "internal/systest"}},
	{"internal/cgroup", []string{"mountprop"}},
	{"internal/policy", nil},
	{"internal/vmtest/...", []string{"internal/vmtest/..."}},
	{"packaging", nil},
}

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
	{"golang.org/x/sys/unix", []string{"launcher/...", "mountprop", "units", "units/notify", "cmd/...", "internal/nslist", "internal/process", "internal/state", "internal/nstest/...", "internal/systest", "internal/vmtest/agent", "internal/bench"}, false},
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

	TestImports []string // of its tests
}

// Every package says what it is.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", ours(p.ImportPath))
		}
	}
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := ours(p.ImportPath)
		allowed, listed := rule(name)
		if !listed {
			t.Errorf("%s is not in the table", name)
			continue
		}
		for _, path := range p.Imports {
			if other := ours(path); other != "" && other != name && !fitsAny(other, allowed) {
				t.Errorf("%s must not import %s", name, other)
			}
		}
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
	for _, p := range packages(t) {
		name := ours(p.ImportPath)
		if !fits(name, "internal/systest/...") {
			continue
		}
		count++
		allowed, _ := rule(name)
		for _, path := range p.TestImports {
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
	if allowed, ok := rule("units/notify"); !ok || allowed != nil {
		t.Errorf("units/notify may import %v", allowed)
	}
	if _, ok := rule("other"); ok {
		t.Error("a package that is in no line has a rule")
	}
	if got := ours(module + "/config"); got != "config" {
		t.Errorf("ours: %q", got)
	}
	if got := ours("example.com/config"); got != "" {
		t.Errorf("ours: %q", got)
	}
}

func rule(name string) (allowed []string, listed bool) {
	for _, line := range table {
		if fits(name, line.packages) {
			return line.imports, true
		}
	}
	return nil, false
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
	output := goCommand(t, "list", "-json=ImportPath,Imports,Deps,GoFiles,Doc,TestImports", module+"/...")
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

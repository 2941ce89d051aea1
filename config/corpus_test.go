package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

var update = flag.Bool("update", false, "write the expected files of testdata anew")

// testVars are the facts of a caller who is on no machine.
func testVars() Vars {
	env := map[string]string{"NAME": "value", "EMPTY": "", "TRICK": "${home}", "XDG_RUNTIME_DIR": "/run/user/1000", "WAYLAND_DISPLAY": "wayland-0"}
	return Vars{
		Home: "/home/u", User: "u", Cwd: "/work", State: "/home/u/.local/state/nslaunch", UID: 1000, GID: 1000,
		Env: func(name string) (string, bool) { s, ok := env[name]; return s, ok },
		Git: func(name string) (string, error) {
			return map[string]string{"work_tree": "/work", "dir": "/src/.git/worktrees/w", "common_dir": "/src/.git", "branch": "feat/login"}[name], nil
		},
	}
}

// golden compares got with the file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it)\n got:\n%s\nwant:\n%s", file, got, want)
	}
}

func profiles(t *testing.T, dir string) []string {
	t.Helper()
	t.Chdir(dir)
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no profiles in %s: %v", dir, err)
	}
	return files
}

// Every bad profile has its problems, all of them and nothing else, in a file
// beside it: NAME.toml and NAME.err.
func TestBad(t *testing.T) {
	files := profiles(t, "testdata/bad")
	if len(files) < 120 {
		t.Errorf("%d bad profiles, want 120 or more", len(files))
	}
	expected := map[string]bool{}
	for _, file := range files {
		want := strings.TrimSuffix(file, ".toml") + ".err"
		expected[want] = true
		p, err := Load(file, testVars())
		if err == nil {
			t.Errorf("%s: no problem found", file)
			continue
		}
		if p != nil {
			t.Errorf("%s: a profile comes with the error", file)
		}
		golden(t, want, err.Error()+"\n")
		// The command's tests use these files, too, with other facts.
		if _, again := Load(file, CallerVars()); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: the problems depend on who asks: %v", file, again)
		}
		inOrder(t, file, err)
	}
	errs, _ := filepath.Glob("*.err")
	for _, f := range errs {
		if !expected[f] {
			t.Errorf("%s is of no profile", f)
		}
	}
}

// inOrder checks the form of a profile's error.
func inOrder(t *testing.T, file string, err error) {
	t.Helper()
	errs, ok := err.(Errors)
	if !ok {
		t.Errorf("%s: the error is a %T, want Errors", file, err)
	}
	text, _ := os.ReadFile(file)
	lines := strings.Split(string(text), "\n")
	last := Pos{}
	for _, e := range errs {
		if e.Pos.Line < 1 || e.Pos.Line > len(lines) || e.Pos.Col < 1 || e.Pos.Col > len(lines[e.Pos.Line-1])+1 {
			t.Errorf("%v: not a place in the file", e)
		}
		if e.Pos.Line < last.Line || e.Pos.Line == last.Line && e.Pos.Col < last.Col {
			t.Errorf("%v: out of order", e)
		}
		if strings.HasSuffix(e.Msg, ".") || strings.ContainsAny(e.Msg, "\n\x00") {
			t.Errorf("%v: not in our form", e)
		}
		last = e.Pos
	}
}

// Every good profile has what it says beside it, NAME.json, and where each
// key and value stands, NAME.pos.
func TestGood(t *testing.T) {
	for _, file := range profiles(t, "testdata/good") {
		vars := testVars()
		vars.Var = map[string]map[string]string{"09-ci.toml": {"job": "unit"}, "12-nsenter.toml": {"pid": "7"}}[file]
		p, err := Load(file, vars)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if err := Check(p); err != nil {
			t.Errorf("Check after Load: %v", err)
		}
		base := strings.TrimSuffix(file, ".toml")
		text, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, base+".json", string(text)+"\n")
		golden(t, base+".pos", dump(p.origins))
	}
}

// dump prints the marks in source order, each with the place of its key and
// that of its value.
func dump(o toml.Marks) string {
	keys := slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		return 1000*(o[a].Key-o[b].Key) + strings.Compare(a, b)
	})
	var b strings.Builder
	for _, k := range keys {
		key, value := o[k].KeyPos(), o[k].ValuePos()
		fmt.Fprintf(&b, "%d:%d %d:%d %s\n", key.Line, key.Col, value.Line, value.Col, k)
	}
	return b.String()
}

package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func TestExtends(t *testing.T) {
	writeFiles(t, map[string]string{
		"top.toml":      "version = 1\nextends = [\"a/left.toml\", \"a/right.toml\"]\nname = \"top\"\n",
		"a/left.toml":   "version = 1\nextends = [\"../root.toml\"]\nhostname = \"left\"\nmounts.ro = [\"./here\"]\n",
		"a/right.toml":  "version = 1\nextends = [\"${cwd}/root.toml\"]\ndomainname = \"right\"\nprocess.cwd = \"${profile_dir}\"\n",
		"root.toml":     "version = 1\nnamespaces = \"new\"\nhostname = \"root\"\ndomainname = \"root\"\nmounts.rw = [\"./here\"]\n",
		"z/by-abs.toml": "version = 1\n",
	})
	vars := here(t)
	p, err := Load("top.toml", vars)
	if err != nil {
		t.Fatal(err)
	}
	// The second that extends root does not undo what the first changes of it.
	if p.Hostname != "left" || p.Domainname != "right" || p.Name != "top" || p.Process.Cwd != vars.Cwd+"/a" {
		t.Errorf("%+v", p)
	}
	if len(p.Mounts) != 2 || p.Mounts[0].Source != vars.Cwd+"/a/here" || p.Mounts[1].Source != vars.Cwd+"/here" {
		t.Errorf("%+v", p.Mounts)
	}
	for key, want := range map[string]string{
		"hostname":           "a/left.toml:3:1: hostname",
		"namespaces.pid":     "root.toml:2:1: namespaces.pid",
		p.Mounts[0].Key:      "a/left.toml:4:14: mounts.ro[0]",
		"process.cwd":        "a/right.toml:4:9: process.cwd",
		"process.terminal":   "default: process.terminal",
		"env.inherit":        "default: env.inherit",
		"namespaces.all":     "root.toml:2:1: namespaces.all",
		"proc":               "default: proc",
		"limits.rlimits.cpu": "default: limits.rlimits.cpu",
	} {
		if got := p.Origin(key).String(); got != want {
			t.Errorf("Origin(%s) = %s; want %s", key, got, want)
		}
	}
	if err := Check(p); err != nil {
		t.Error(err)
	}
	if got, want := p.Extends(), []string{vars.Cwd + "/a/left.toml", vars.Cwd + "/a/right.toml", vars.Cwd + "/root.toml"}; !slices.Equal(got, want) {
		t.Errorf("Extends = %q; want %q", got, want)
	}
	text := fmt.Sprintf("version = 1\nextends = [%q, \"${cwd}/top.toml\"]\n", vars.Cwd+"/z/by-abs.toml")
	for _, file := range []string{"-", "x.toml", "/nowhere/x.toml"} {
		p, err := Parse(file, []byte(text), vars)
		if err != nil || p.Hostname != "left" {
			t.Errorf("Parse(%s) = %+v, %v", file, p, err)
		}
	}
	// That of standard input is the working directory, and so is that of flags.
	for _, file := range []string{"-", ""} {
		settings := []Setting{{"extends", Text("top.toml"), FromSet}, {"hostname", "flag", "--hostname"}}
		p, err := New(settings, vars)
		if file == "-" {
			p, err = Parse(file, []byte("version = 1\nextends = [\"top.toml\"]\nhostname = \"flag\"\n"), vars)
		}
		if err != nil || p.Hostname != "flag" || p.Domainname != "right" {
			t.Errorf("of %q: %+v, %v", file, p, err)
		}
	}
}

const via = " (extended from top.toml:2:12)"

func TestExtendsErrors(t *testing.T) {
	long := map[string]string{}
	for i := range 20 {
		long[fmt.Sprintf("%d.toml", i)] = fmt.Sprintf("version = 1\nextends = [\"%d.toml\"]\n", i+1)
	}
	many, list := map[string]string{}, ""
	for i := range 70 {
		many[fmt.Sprintf("%d.toml", i)] = "version = 1\n"
		list += fmt.Sprintf("\"%d.toml\",\n", i)
	}
	for _, test := range []struct {
		name  string
		top   string // after version = 1
		files map[string]string
		want  []string
	}{
		{"type", `extends = "base.toml"`, nil, []string{`top.toml:2:11: extends: want an array of strings, got "base.toml" (write ["base.toml"])`}},
		{"element", `extends = [1, "", "${no}x"]`, nil, []string{
			`top.toml:2:12: extends[0]: want a string, got 1 (write "1")`,
			`top.toml:2:15: extends[1]: want a string that is not empty`,
			`top.toml:2:19: extends[2]: unknown variable "${no}", want ` + lang.Words(lang.VariableNames())}},
		{"add", `extends.add = ["base.toml"]`, nil, []string{`top.toml:2:1: extends: want an array of strings, got a table`}},
		{"stray", "[env]\nextends = []", nil, []string{`top.toml:3:1: env.extends: unknown key "extends" in [env] (it is a top-level key: put it above the first [table])`}},
		{"missing", `extends = ["sub/bsae.toml"]`, map[string]string{"sub/base.toml": ""},
			[]string{`top.toml:2:12: extends[0]: no such file or directory: "sub/bsae.toml" (did you mean "sub/base.toml"?)`}},
		{"missing preset", `extends = ["preset:dve", "dev"]`, nil, []string{
			`top.toml:2:12: extends[0]: unknown preset "dve", want base, system, dev, npm, agent, build or service (did you mean "preset:dev"?)`,
			`top.toml:2:26: extends[1]: no such file or directory: "dev" (did you mean "preset:dev"?)`}},
		{"no standard input", `extends = ["-"]`, nil, []string{`top.toml:2:12: extends[0]: no such file or directory: "-"`}},
		{"directory", `extends = ["."]`, nil, []string{`top.toml:2:12: extends[0]: is a directory: "."`}},
		{"large", `extends = ["big"]`, map[string]string{"big": strings.Repeat("\n", maxSize+1)}, []string{`top.toml:2:12: extends[0]: more than 1 MiB, not a profile: "big"`}},
		{"version", `extends = ["a.toml"]`, map[string]string{"a.toml": "version = \"1\"\n"},
			[]string{`a.toml:1:11: version: want an integer, got a string` + via}},
		{"itself", `extends = ["./top.toml"]`, nil, []string{`top.toml:2:12: extends[0]: "./top.toml" is this file itself`}},
		{"cycle", `extends = ["a.toml"]`, map[string]string{"a.toml": "version = 1\nextends = [\"b/c.toml\"]\n", "b/c.toml": "version = 1\n\nextends = [\"../top.toml\"]\n"},
			[]string{`b/c.toml:3:12: extends[0]: "../top.toml" closes a cycle (extended from a.toml:2:12, from top.toml:2:12)`}},
		{"syntax", `extends = ["a.toml"]`, map[string]string{"a.toml": "version = 1\nhostname = \n"},
			[]string{`a.toml:2:12: expected value but found the end of the line instead` + via}},
		{"version", `extends = ["a.toml"]`, map[string]string{"a.toml": "hostname = 5\n"}, []string{
			`a.toml:1:1: version: missing (write version = 1 at the top)` + via,
			`a.toml:1:12: hostname: want a string, got 5` + via}},
		{"other version", `extends = ["a.toml"]`, map[string]string{"a.toml": "version = 2\n"}, []string{`a.toml:1:11: version: unknown version 2, want 1 (write version = 1, or update nslaunch)` + via}},
		{"misspelt version", `extends = ["a.toml"]`, map[string]string{"a.toml": "versoin = 1\n"},
			[]string{`a.toml:1:1: versoin: unknown key "versoin" (did you mean "version"?)` + via}},
		{"all at once", "extends = [\"a.toml\"]\nprocess.nice = 50\nlimits.timeout = \"5\"", map[string]string{"a.toml": "version = 1\nlimits.timeout = \"6\"\nnamespaces = \"nwe\"\nhostnam = \"x\"\n[mounts]\nro = [\"/a\", \"b\"]\n"}, []string{
			`a.toml:3:14: namespaces: unknown value "nwe", want new or host (did you mean "new"?)` + via,
			`a.toml:4:1: hostnam: unknown key "hostnam" (did you mean "hostname"?)` + via,
			`a.toml:6:13: mounts.ro[1]: want a path that starts with /, ./ or ../, got "b" (did you mean "./b"?)` + via,
			`top.toml:3:16: process.nice: want -20 to 19, got 50`,
			`top.toml:4:18: limits.timeout: "5" has no unit (did you mean "5s"?)`}},
		{"relation", "extends = [\"a.toml\"]\nnamespaces.uts = \"host\"", map[string]string{"a.toml": "version = 1\nnamespaces = \"new\"\nhostname = \"x\"\n"},
			[]string{`a.toml:3:1: hostname: needs namespaces.uts = "new"` + via}},
		{"too deep", `extends = ["0.toml"]`, long, []string{`14.toml:2:12: extends[0]: "15.toml" is one file too many, want at most 16 that extend each other (extended from 13.toml:2:12`}},
		{"too many", "extends = [" + list + "]", many, []string{`top.toml:65:1: extends[63]: "63.toml" is one file too many, want at most 64 in all`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"top.toml": "version = 1\n" + test.top + "\n"}
			for name, text := range test.files {
				files[name] = text
			}
			writeFiles(t, files)
			p, err := Load("top.toml", here(t))
			var errs Errors
			if p != nil || !errors.As(err, &errs) {
				t.Fatalf("Load = %v, %v", p, err)
			}
			for i, want := range test.want {
				if i >= len(errs) || !strings.HasPrefix(errs[i].Error(), want) {
					t.Errorf("got\n%v\nwant\n%s", err, strings.Join(test.want, "\n"))
					break
				}
			}
			if len(errs) > len(test.want) && !strings.HasPrefix(test.name, "too") {
				t.Errorf("there is more:\n%v", err)
			}
		})
	}
}

func TestGivenVariables(t *testing.T) {
	writeFiles(t, map[string]string{
		"top.toml":  "version = 1\nextends = [\"base.toml\"]\ncommand = [\"${var:a}\", \"${var:b:-x}\"]\n",
		"base.toml": "version = 1\nextends = [\"${var:file:-low}.toml\"]\ncommand = [\"${var:old}\"]\nhostname = \"${var:a}\"\nnamespaces = \"new\"\n",
		"low.toml":  "version = 1\n",
		"high.toml": "version = 1\ndomainname = \"high\"\n",
	})
	vars := here(t)
	vars.Var = map[string]string{"a": "1", "old": "2", "file": "high"}
	p, err := Load("top.toml", vars)
	if err != nil || !reflect.DeepEqual(p.Command.Argv, []string{"1", "x"}) || p.Hostname != "1" || p.Domainname != "high" {
		t.Errorf("Load = %+v, %v", p, err)
	}
	vars.Var = map[string]string{"odl": "2"}
	want := "base.toml:4:12: hostname: variable a is not given, want --var a=VALUE (${var:a:-default} gives a default)" + via + "\n" +
		"top.toml:3:12: command[0]: variable a is not given, want --var a=VALUE (${var:a:-default} gives a default)\n" +
		`--var odl: not used: no file contains ${var:odl} (did you mean "old"?)`
	if _, err := Load("top.toml", vars); err == nil || err.Error() != want {
		t.Errorf("Load: %v\nwant %s", err, want)
	}
}

// What a git variable stands for is asked only where there is one, and what is
// optional may do without a repository.
func TestGitVariables(t *testing.T) {
	vars := testVars()
	vars.Git = func(string) (string, error) { return "", fmt.Errorf("/x is in no git repository: %w", os.ErrNotExist) }
	p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\nmounts.rw = [\"/a\", \"-${git:common_dir}/b\"]\n"), vars)
	if err != nil || len(p.Mounts) != 1 {
		t.Errorf("Parse = %+v, %v", p, err)
	}
	_, err = Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\nmounts.rw = [\"${git:dir}\"]\n"), vars)
	if want := "p.toml:3:14: mounts.rw[0]: ${git:dir}: /x is in no git repository: file does not exist"; err == nil || err.Error() != want {
		t.Errorf("Parse: %v; want %s", err, want)
	}
	vars.Git = func(string) (string, error) { return "", errors.New("broken") }
	if p, err := Parse("p.toml", []byte("version = 1\nnamespaces = \"new\"\nmounts.rw = [\"-${git:dir}\"]\n"), vars); err == nil {
		t.Errorf("a broken repository is none: %+v", p)
	}
	if _, err := Parse("p.toml", []byte("version = 1\nname = \"${git:branch}\"\n"), Vars{}); err == nil || err.Error() != "p.toml:2:8: name: ${git:branch} is not known here" {
		t.Errorf("without git: %v", err)
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// On a terminal a problem is shown with its line, and the problems are counted. Elsewhere each problem is one line, which
// editors parse.
func TestExcerpts(t *testing.T) {
	u, dir := nstest.Superuser(t), t.TempDir()
	for name, text := range map[string]string{
		"two.toml":     "version = 1\nmemry = 1\nhostname = \"日\u202e\" # \u200b[2J\n",
		"good.toml":    "version = 1\n",
		"step.toml":    "version = 1\ncommand = [\"./nosuch\"]\n",
		"extends.toml": "version = 1\nextends = [\"./base.toml\"]\n",
		"base.toml":    "version = 1\n[limits]\ntimeout = 5\n",
		"long.toml":    "version = 1\n" + manyKeys(150),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const (
		two1 = `two.toml:2:1: memry: unknown key "memry"`
		two2 = `two.toml:3:12: hostname: want `
	)
	for _, test := range []struct {
		line     string
		terminal []string // in this order
		lines    int      // elsewhere
	}{
		{"check two.toml", []string{two1, "\r\n  2 | memry = 1\r\n    | ^^^^^\r\n" + two2, "\r\n  3 | hostname = \"日\\u202e\" # \\u200b[2J\r\n    |            ^^^^^^^^^^\r\n2 errors in two.toml\r\n"}, 2},
		{"run two.toml", []string{"nslaunch: error: " + two1, "    | ^^^^^\r\nnslaunch: error: " + two2, "nslaunch: error: 2 errors in two.toml\r\n"}, 2},
		{"--log-format json run two.toml", []string{`"line":2`, `"line":3`, "}\r\n"}, 2},
		{"check --json two.toml", []string{`"line": 2`, `"line": 3`, "]\r\n"}, 16},
		{"check two.toml extends.toml good.toml", []string{"base.toml:3:11: ", "(extended from extends.toml:2:12)\r\n  3 | timeout = 5\r\n    |           ^\r\n3 errors in 2 files\r\n"}, 3},
		{"run step.toml", []string{"step.toml:2:1: command: ", "\r\n  2 | command = [\"./nosuch\"]\r\n    | ^^^^^^^\r\n  "}, -1},
		{"check long.toml", []string{"  21 | ", "\r\n150 errors in long.toml, the first 20 are shown\r\n"}, 101},
		{"check good.toml", nil, 0},
	} {
		args := append([]string{"--color", "never"}, strings.Split(test.line, " ")...)
		call := func() *exec.Cmd {
			cmd := u.Command(t, nstest.Nslaunch(t), args...)
			cmd.Dir = dir
			return cmd
		}
		term := u.StartTerminal(t, call())
		got := term.Wait().Stdout
		rest := got
		for _, want := range test.terminal {
			at := strings.Index(rest, want)
			if at < 0 {
				t.Errorf("%s: no %q in\n%s", test.line, want, got)
				break
			}
			rest = rest[at+len(want):]
		}
		if len(test.terminal) > 0 && rest != "" && test.lines >= 0 || test.terminal == nil && got != "" {
			t.Errorf("%s: %q comes after", test.line, rest)
		}
		plain := nstest.Run(t, call())
		if all := plain.Stdout + plain.Stderr; strings.Contains(all, " | ") || strings.Contains(all, "errors in") || test.lines >= 0 && strings.Count(all, "\n") != test.lines {
			t.Errorf("%s: without a terminal\n%s", test.line, all)
		}
	}
}

// manyKeys are keys that do not exist, one a line.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "nope%d = 1\n", i)
	}
	return b.String()
}

// Colours are around the marks alone, so that a line is never cut in a colour.
func TestExcerptColors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.toml")
	if err := os.WriteFile(file, []byte("version = 1\nmemry = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	u := nstest.Superuser(t)
	term := u.StartTerminal(t, u.Command(t, nstest.Nslaunch(t), "--color", "always", "check", file))
	const want = "\r\n  \x1b[1;34m2 |\x1b[0m memry = 1\r\n  \x1b[1;34m  |\x1b[0m \x1b[1;31m^^^^^\x1b[0m\r\n"
	if got := term.Wait().Stdout; !strings.HasSuffix(got, want) {
		t.Errorf("%q", got)
	}
}

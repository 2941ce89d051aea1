package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/docs"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// rendered is a manual page as man(1) shows it, in one line. Neither of two formatters has a word against it.
func rendered(t *testing.T, page string) string {
	t.Helper()
	lint := exec.Command("mandoc", "-Tlint", "-Wwarning")
	lint.Stdin = strings.NewReader(page)
	if out, err := lint.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	var words strings.Builder
	groff := exec.Command("groff", "-man", "-ww", "-Tutf8", "-P-c")
	groff.Stdin, groff.Stderr = strings.NewReader(page), &words
	text, err := groff.Output()
	if err != nil || words.Len() > 0 {
		t.Errorf("groff: %v\n%s", err, words.String())
	}
	plain := ""
	for i := 0; i < len(text); i++ { // bold is a character on itself
		if i+2 < len(text) && text[i+1] == '\b' {
			i++
			continue
		}
		plain += string(text[i])
	}
	return strings.Join(strings.Fields(plain), " ")
}

func TestManual(t *testing.T) {
	nstest.Require(t, nstest.Tools("mandoc", "groff"))
	text := rendered(t, edition().Program(commands))
	for c := range commands {
		wants := []string{c.Name + " ", c.Summary}
		for _, f := range c.FlagList() {
			wants = append(wants, f.Dashed())
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("nslaunch(1) has nothing on %s: %q", c.Name, want)
			}
		}
	}
	for _, s := range append(cli.RelayedStatuses(), cli.OtherStatuses()...) {
		if !strings.Contains(text, s.Value+" "+s.Meaning) {
			t.Errorf("nslaunch(1) has nothing on status %s", s.Value)
		}
	}
}

func TestProfileManual(t *testing.T) {
	nstest.Require(t, nstest.Tools("mandoc", "groff"))
	text := rendered(t, edition().Profile())
	manual.Schema().Each("", func(path string, _ *config.Shape) {
		if !strings.Contains(text, docs.Row(path)) {
			t.Errorf("nslaunch.toml(5) has nothing on %s", path)
		}
	})
	// A table, a list, an example, with all that roff could take for its own.
	for _, want := range []string{"${env:NAME:-default}", `inherit = ["TERM", "npm_config_*"]`, "$${ is a literal ${"} {
		if !strings.Contains(text, want) {
			t.Errorf("nslaunch.toml(5) has no %q", want)
		}
	}
	if strings.ContainsAny(text, "`|") {
		t.Error("nslaunch.toml(5) has marks of Markdown in it")
	}
}

// On a terminal the manual is shown by man, or else by a pager, whose words no shell reads. A pipe gets the source.
func TestManualOnTerminal(t *testing.T) {
	u := nstest.Superuser(t)
	dir := u.TempDir(t)
	script := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want string, args ...string) {
		t.Helper()
		cmd := u.Command(t, nstest.Nslaunch(t), append([]string{"man"}, args...)...)
		cmd.Env = append(cmd.Env, "PATH="+dir, "PAGER=pager -a ;touch "+dir+"/harm")
		term := u.StartTerminal(t, cmd)
		term.Expect(want)
		if got := term.Wait(); got.Status != 0 {
			t.Errorf("%+v", got)
		}
	}
	shows("first steps:") // without any program it is printed
	shows("# The profile", "5")
	script("pager", `read -r line; echo "pager got $*: $line"; while read -r line; do :; done`)
	shows("pager got -a ;touch " + dir + "/harm: nslaunch runs a command")
	script("man", `exit 1`) // one that cannot read standard input
	shows("pager got -a")
	script("man", `read -r line; echo "man got $*: $line"; while read -r line; do :; done`)
	shows("man got -l -: ")
	if _, err := os.Lstat(dir + "/harm"); err == nil {
		t.Error("a shell has read PAGER")
	}
	if got := nstest.MustRun(t, u.Command(t, nstest.Nslaunch(t), "man")); !strings.Contains(got, ".TH ") {
		t.Errorf("a pipe gets %.100q", got)
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A template is a good profile as it stands, and none is left out of the list.
func TestTemplatesCheck(t *testing.T) {
	files, err := filepath.Glob("templates/*")
	if err != nil || len(files) != len(templateNames()) {
		t.Fatalf("%q, %v; want a file for each of %q", files, err, templateNames())
	}
	for _, name := range templateNames() {
		if s := templateSummary(name); s == "" || strings.Contains(s, ". ") {
			t.Errorf("%s begins with %q, want one sentence of what it is for", name, s)
		}
		cmd := exec.Command(nstest.Nslaunch(t), "check", "templates/"+name+".toml")
		if got := nstest.Run(t, cmd); got.Status != 0 || got.Stdout+got.Stderr != "" {
			t.Errorf("check %s: %+v", name, got)
		}
	}
}

// A template whose settings are all in effect, also those in comments, is a good profile, too.
func TestTemplatesUncommented(t *testing.T) {
	for _, name := range templateNames() {
		text, err := os.ReadFile("templates/" + name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		whole := systest.Uncommented(t, string(text))
		path := filepath.Join(t.TempDir(), name+".toml")
		if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
			t.Fatal(err)
		}
		check := exec.Command(nstest.Nslaunch(t), "check", path)
		if strings.Contains(whole, "${var:job}") {
			check = exec.Command(nstest.Nslaunch(t), "check", "--var", "job=7", path)
		}
		if got := nstest.Run(t, check); got.Status != 0 || got.Stdout+got.Stderr != "" {
			t.Errorf("check %s: %+v", name, got)
		}
	}
}

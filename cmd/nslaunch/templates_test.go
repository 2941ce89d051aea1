package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
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

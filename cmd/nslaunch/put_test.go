package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// put alone writes results: who prints past it loses the error.
func TestOnePrinter(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\bfmt\.Print\w*\(|os\.Stdout\.Write\w*\(|NewWriter\(os\.Stdout`).FindString(string(text))
		if want := name == "put.go"; (found != "") != want && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s: %q", name, found)
		}
	}
}

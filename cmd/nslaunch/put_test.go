package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Call.Put alone writes results: who prints past it loses the error.
func TestOnePrinter(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.go", "internal/*/*.go"} {
		some, err := filepath.Glob(pattern)
		if err != nil || len(some) < 10 {
			t.Fatal(some, err)
		}
		files = append(files, some...)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\bfmt\.Print\w*\(|os\.Stdout\.Write\w*\(|NewWriter\(os\.Stdout`).FindString(string(text))
		if want := name == "internal/cli/put.go"; (found != "") != want && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s: %q", name, found)
		}
	}
}

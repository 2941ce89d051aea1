package main

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/docs"
)

// foreign reports whether a key has a name of systemd or of getrlimit(2), which describe it.
func foreign(path string) bool {
	return strings.HasPrefix(path, "scope.properties.") || strings.HasPrefix(path, "limits.rlimits.")
}

// The schema describes every key, with an example for each value that is not a section.
func TestSchemaDescriptions(t *testing.T) {
	meaning := map[string]string{}
	for _, k := range docs.Keys() {
		meaning[k.Path] = k.Meaning
	}
	seen := map[string]bool{}
	examples, defaults := 0, 0
	manual.Schema().Each("", func(path string, s *config.Shape) {
		seen[docs.Row(path)] = true
		if s.Description == "" {
			t.Errorf("%s has no description", path)
		}
		if meaning[docs.Row(path)] == "" && !foreign(path) {
			t.Errorf("the page on profiles does not say in a line what %s means", path)
		}
		examples += len(s.Examples)
		if s.Default != nil {
			defaults++
		}
	})
	if len(seen) < 130 || examples < 110 || defaults < 40 {
		t.Errorf("%d keys, %d examples, %d defaults; want 130, 110, 40 or more", len(seen), examples, defaults)
	}
	for path := range meaning {
		beyond := strings.HasPrefix(path, `mounts."/path"`) || strings.Contains(path, "[]")
		if !seen[path] && !beyond && meaning[path] != "" {
			t.Errorf("the page on profiles says what %s means, which is not a key", path)
		}
	}
}

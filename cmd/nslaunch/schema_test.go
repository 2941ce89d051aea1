package main

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/docs"
)

// The schema says of every key what the documentation does.
func TestSchemaDescriptions(t *testing.T) {
	says := map[string]string{}
	for _, k := range docs.Keys() {
		says[k.Path] = k.Says
	}
	seen := map[string]bool{}
	config.Schema(docs.Describe()).Each("", func(path string, s *config.Shape) {
		seen[docs.Row(path)] = true
		if s.Description == "" {
			t.Errorf("%s has no description", path)
		}
		notOurs := strings.HasPrefix(path, "scope.properties.") || strings.HasPrefix(path, "limits.rlimits.")
		if says[docs.Row(path)] == "" && !notOurs {
			t.Errorf("docs/profile.md does not say in a line what %s does", path)
		}
	})
	if len(seen) < 130 {
		t.Errorf("%d keys, want 130 or more", len(seen))
	}
	for path := range says {
		beyond := strings.HasPrefix(path, `mounts."/path"`) || strings.Contains(path, "[]") || strings.HasPrefix(path, "--")
		if !seen[path] && !beyond && says[path] != "" {
			t.Errorf("docs/profile.md says what %s does, which is no key", path)
		}
	}
}

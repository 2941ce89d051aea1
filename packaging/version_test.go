package packaging

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The changelog's first section is about the version that the program has.
func TestChangelogVersion(t *testing.T) {
	text, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`(?m)^## \[(.+?)\] - (unreleased|\d{4}-\d\d-\d\d)$`).FindSubmatch(text)
	if heading == nil {
		t.Fatal(`no heading of the form "## [1.2.3] - 2026-01-31", or "unreleased" in place of the date`)
	}
	if got, want := run(t, "go", "run", "-buildvcs=false", "../cmd/nslaunch", "version"), "nslaunch "+string(heading[1])+","; !strings.HasPrefix(got, want) {
		t.Errorf("the program is %q, the changelog is about %q", got, want)
	}
}

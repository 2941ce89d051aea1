package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
)

func TestFits(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a", true}, {"*", ".a", false}, {".*", ".a", true}, {".env*", ".env", true}, {".env*", ".envrc", true}, {".env*", "x.env", false},
		{"a*b", "ab", true}, {"a*b", "axxb", true}, {"a*b", "axbx", false}, {"*.go", "x.go", true}, {"*.go", ".go", false},
		{"a*b*c", "a1b2bc", true}, {"a*b*c", "acb", false}, {`a\*`, "a*", true}, {`a\*`, "ab", false}, {`a\\*`, `a\x`, true}, {`a\\*`, "ax", false},
		{`a\x`, `a\x`, true}, {"*", "\x1b\n", true}, {"a?[b]*", "axb", false}, {"a?[b]*", "a?[b]c", true}, {"*a", strings.Repeat("a", 200), true},
		{strings.Repeat("*a", 60), strings.Repeat("a", 250) + "b", false},
	} {
		if got := fits(test.pattern, test.name); got != test.want {
			t.Errorf("fits(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
}

// What is looked at for one glob is bounded, and more is an error.
func TestGlobBounds(t *testing.T) {
	dir := t.TempDir()
	for i := range mostMatches {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%03d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	host := &Tree{Layers: map[string]Layer{"/": {At: "/", Base: []string{"/"}}}}
	g := config.Glob{Pattern: dir + "/f*", Entry: config.MountEntry{Type: config.MountBind}}
	if got := host.Match(g); len(got.Paths) != mostMatches || got.Problem != "" || got.Paths[0].Path != dir+"/f000" {
		t.Errorf("%d matches, %q", len(got.Paths), got.Problem)
	}
	if err := os.WriteFile(filepath.Join(dir, "fmore"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := host.Match(g), fmt.Sprintf("the pattern matches more than %d names (name the directory)", mostMatches); got.Problem != want || got.Paths != nil {
		t.Errorf("%d matches, %q; want %q", len(got.Paths), got.Problem, want)
	}
}

// A list of names that is cut off is an error, whether what it has fits or not: what is missing in it may match.
func TestGlobCutOff(t *testing.T) {
	dir := t.TempDir()
	for i := range mostLooks + 1 {
		if err := os.Symlink("x", filepath.Join(dir, fmt.Sprintf(".g%06d", i))); err != nil {
			t.Fatal(err)
		}
	}
	host := &Tree{Layers: map[string]Layer{"/": {At: "/", Base: []string{"/"}}}}
	g := config.Glob{Pattern: dir + "/*.key", Entry: config.MountEntry{Type: config.MountMasked, Optional: true}}
	if got, want := host.Match(g), fmt.Sprintf("%q cannot be listed: it has more than %d names", dir, mostLooks); got.Problem != want {
		t.Errorf("%d matches, %q; want %q", len(got.Paths), got.Problem, want)
	}
	t.Run("without", func(t *testing.T) {
		if err := os.Remove(filepath.Join(dir, ".g000000")); err != nil {
			t.Fatal(err)
		}
		if got := host.Match(g); got.Problem != "" || len(got.Paths) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

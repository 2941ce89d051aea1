package toml

import (
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestJoinKey(t *testing.T) {
	for _, test := range []struct{ path, key, want string }{
		{"", "a", "a"},
		{"a", "b-_9", "a.b-_9"},
		{"", "", `""`},
		{"mounts", "/work", `mounts."/work"`},
		{"a", "b.c", `a."b.c"`},
		{"a", `q"\`, `a."q\"\\"`},
		{"a", "t\t\x7f", `a."t\u0009\u007f"`},
		{"a", "é", `a."é"`},
	} {
		got := JoinKey(test.path, test.key)
		if got != test.want {
			t.Errorf("JoinKey(%q, %q) = %s; want %s", test.path, test.key, got, test.want)
		}
		if parent := ParentKey(got); parent != test.path {
			t.Errorf("parentKey(%s) = %q; want %q", got, parent, test.path)
		}
		// What is printed is a key of TOML's.
		var tree map[string]any
		if _, err := toml.Decode(got+" = 1", &tree); err != nil {
			t.Errorf("%s is no key: %v", got, err)
		}
	}
}

func TestParentKey(t *testing.T) {
	for path, want := range map[string]string{
		"":                    "",
		"a":                   "",
		"a.b.c":               "a.b",
		"a[0]":                "a",
		"a[0].b":              "a[0]",
		"a[0][12]":            "a[0]",
		`a."b.c"`:             "a",
		`a."b.c"[1]`:          `a."b.c"`,
		`a."]["`:              "a",
		`a."\"."`:             "a",
		`a."unclosed.`:        "a",
		`mounts."/work".rw`:   `mounts."/work"`,
		`"top level"`:         "",
		`idmap.uid[0].inside`: "idmap.uid[0]",
	} {
		if got := ParentKey(path); got != want {
			t.Errorf("parentKey(%s) = %q; want %q", path, got, want)
		}
	}
}

func TestSplitKey(t *testing.T) {
	for key, want := range map[string][]string{
		"a":                     {"a"},
		"namespaces.net":        {"namespaces", "net"},
		" a . b ":               {"a", "b"},
		`env.set."A B"`:         {"env", "set", "A B"},
		`mounts.'/x'.rw`:        {"mounts", "/x", "rw"},
		`"".a`:                  {"", "a"},
		`mounts."\u002Fa.b".ro`: {"mounts", "/a.b", "ro"},
	} {
		got, ok := SplitKey(key)
		if !ok || !slices.Equal(got, want) {
			t.Errorf("splitKey(%q) = %q, %v; want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"", " ", ".", "a.", ".a", "a..b", "a b", "a=b", "é", "a[0]", `"a"b`, `"a`, `'`} {
		if got, ok := SplitKey(key); ok {
			t.Errorf("splitKey(%q) = %q; want none", key, got)
		}
	}
}

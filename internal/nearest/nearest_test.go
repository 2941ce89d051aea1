package nearest

import "testing"

func TestOf(t *testing.T) {
	words := []string{"private", "slave", "shared", "slave+shared", "unbindable"}
	for got, want := range map[string]string{
		"Slave":        "slave",
		"PRIVATE":      "private",
		"slvae":        "slave", // a swap is one mistake
		"slav":         "slave",
		"sslave":       "slave",
		"rslave":       "slave",
		"slove":        "slave",
		"shard":        "shared",
		"slave-shared": "slave+shared",
		"unbindabel":   "unbindable",
		"":             "",
		"x":            "",
		"new":          "",
		"publicly":     "",
		"shared+slave": "",
	} {
		if s := Of(got, words); s != want {
			t.Errorf("Of(%q) = %q; want %q", got, s, want)
		}
	}
	if s := Of("ab", []string{"ac", "ab1"}); s != "ac" {
		t.Errorf("of two as close, Of = %q; want the first, ac", s)
	}
	if s := Of("a", []string{"b", "on"}); s != "" {
		t.Errorf("Of(a) = %q; want none", s)
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1},
		{"ca", "abc", 3}, {"kitten", "sitting", 3}, {"mnt", "mount", 2},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d; want %d", test.a, test.b, got, test.want)
		}
	}
}

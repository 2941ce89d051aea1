package quote

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are names that forge a line, or what looks like another name.
func hostile() []string {
	return []string{
		"", " ", "a b", "a, read-only", "\x1b[1A\x1b[2K", "a\nb", "a\rb", "\u009b2K", "\u202egnp.exe", "\u200b", "\ufeff", "\u2066a\u2069",
		"\u3164", "\u2800", "\ufe0f", "\u00ad", "\u00a0", "\xff\xfe", "\xc2", "\ufffd", "\U000e0041", "\u034f", "\x7f", "\t", "\u2028",
		`"a"`, `'a'`, `$'a'`, `$'\n'`, `\n`, `'\n'`, "'", "a'b", `a\'b`, `a\`, "é", "日本", "~", "$HOME", "`id`", "-", "[x]", "\x1bP", "\x07",
	}
}

// Each word is on one line, has nothing hidden, and is the name again to a shell.
func TestWord(t *testing.T) {
	seen := map[string]string{}
	for _, name := range hostile() {
		w := Word(name)
		if !allPrintable(w) {
			t.Errorf("Word(%q) = %q, which has something that cannot be seen", name, w)
		}
		if other, twice := seen[w]; twice {
			t.Errorf("%q and %q are both %s", name, other, w)
		}
		seen[w] = name
		shell := exec.Command("bash", "-c", "printf %s "+w)
		shell.Env = []string{"LC_ALL=C.UTF-8"}
		if out, err := shell.Output(); err != nil || string(out) != name {
			t.Errorf("a shell reads %s as %q, %v, want %q", w, out, err, name)
		}
	}
	for _, plain := range []string{"/usr/bin", "a-b_c.d:e", "1,2", "@x", "k=v", "100%"} {
		if w := Word(plain); w != plain {
			t.Errorf("Word(%q) = %q", plain, w)
		}
	}
}

func TestLine(t *testing.T) {
	for _, name := range hostile() {
		text := `in "/x": ` + name + ", é"
		l := Line(text)
		if !allPrintable(l) {
			t.Errorf("Line(%q) = %q", text, l)
		}
		if allPrintable(text) && l != text {
			t.Errorf("Line(%q) = %q, want it as it was", text, l)
		}
	}
}

// JSON says the same with nothing that a terminal acts on.
func TestJSON(t *testing.T) {
	for _, name := range hostile() {
		text, err := json.MarshalIndent(map[string]string{"a": name}, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		shown := JSON(text)
		if !allPrintable(strings.NewReplacer("\n", "", "\t", "").Replace(string(shown))) {
			t.Errorf("JSON(%q) = %q", text, shown)
		}
		var back map[string]string
		if err := json.Unmarshal(shown, &back); err != nil || utf8.ValidString(name) && back["a"] != name {
			t.Errorf("%q is read as %q, %v", shown, back["a"], err)
		}
	}
}

package quote

import (
	"strings"
	"testing"
)

// shown is what a terminal gets of a text that comes in pieces of n bytes.
func shown(t *testing.T, text string, n int, colors bool) string {
	t.Helper()
	var b strings.Builder
	s := Screen{W: &b, Colors: colors}
	for text := []byte(text); len(text) > 0; {
		piece := text[:min(n, len(text))]
		if wrote, err := s.Write(piece); wrote != len(piece) || err != nil {
			t.Fatal(wrote, err)
		}
		text = text[len(piece):]
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestScreen(t *testing.T) {
	for text, want := range map[string]string{
		"plain\n":                               "plain\n",
		"é 日本\ta\r\n":                           "é 日本\ta\r\n",
		"\x1b[31mred\x1b[0m on\n":               "\x1b[31mred\x1b[0m on\x1b[0m\n",
		"\x1b[1;38:5:4mblue\nnext":              "\x1b[1;38:5:4mblue\x1b[0m\nnext",
		"\x1b[mno end":                          "\x1b[mno end\x1b[0m",
		"\x1b[2J\x1b[1A":                        `\x1b[2J\x1b[1A`,
		"\x1b]0;title\a\x1b]52;c;aaa\x1b":       `\x1b]0;title\a\x1b]52;c;aaa\x1b`,
		"\x1b[?25l\x1b[31":                      `\x1b[?25l\x1b[31`,
		"\u009b2K\u202e\b\x7f\x00":              `\u009b2K\u202e\b\x7f\x00`,
		"\xff\xc3":                              `\xff\xc3`,
		"\x1b[" + strings.Repeat("1", 99) + "m": `\x1b[` + strings.Repeat("1", 99) + "m",
		"":                                      "",
	} {
		for n := 1; n < 9; n++ {
			if got := shown(t, text, n, true); got != want {
				t.Errorf("%q in pieces of %d: got %q; want %q", text, n, got, want)
			}
		}
	}
	if got := shown(t, "\x1b[31mred\x1b[0m\n", 100, false); got != "red\n" {
		t.Errorf("without colours: %q", got)
	}
}

// Nothing but colours and what stays on its line reaches the terminal, whatever is written.
func FuzzScreen(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name, 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		got := shown(t, text, max(1, n%50), false)
		if bad := strings.NewReplacer("\n", "", "\t", "", "\r", "").Replace(got); !allPrintable(bad) {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

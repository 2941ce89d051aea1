package problem

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// shown returns the excerpts of all problems of a profile.
func shown(t *testing.T, text string, columns int) string {
	t.Helper()
	_, err := config.Parse("p.toml", []byte(text), config.Vars{})
	if err == nil {
		t.Fatalf("%q: no problem", text)
	}
	var b strings.Builder
	for _, p := range Of("p.toml", err) {
		e, ok := p.Excerpt(columns)
		if !ok {
			t.Errorf("%q: no excerpt of %v", text, p)
		}
		fmt.Fprintf(&b, "%s|%s\n%s|%s%s\n", e.Number, e.Line, strings.Repeat(" ", len(e.Number)), e.Before, e.Carets)
	}
	return b.String()
}

func TestExcerpt(t *testing.T) {
	const top = "version = 1\n"
	for text, want := range map[string]string{
		top + "hostname = 5 # no string":            "2|hostname = 5 # no string\n |           ^\n",
		top + "memry = 1\n":                         "2|memry = 1\n |^^^^^\n",
		top + "\r\n\r\nhostname = 'a b'\r\n":        "4|hostname = 'a b'\n |           ^^^^^\n",
		top + "process = { uid = -12, nope = 1 }":   "2|process = { uid = -12, nope = 1 }\n |                  ^^^\n2|process = { uid = -12, nope = 1 }\n |                       ^^^^\n",
		top + "limits.cpu = -1.5":                   "2|limits.cpu = -1.5\n |             ^^^^\n",
		top + "command = { nope = [1, \"]\"] }":     "2|command = { nope = [1, \"]\"] }\n |            ^^^^\n",
		top + "hostname = [1, \"]\", '['] # x":      "2|hostname = [1, \"]\", '['] # x\n |           ^^^^^^^^^^^^^\n",
		top + "hostname = [ # to the next line\n1]": "2|hostname = [ # to the next line\n |           ^\n",
		top + "hostname = \"a\\\"b\"":               "2|hostname = \"a\\\"b\"\n |           ^^^^^^\n",
		top + "hostname = \"\"\"a\nb\"\"\"":         "2|hostname = \"\"\"a\n |           ^^^^\n",
		top + "hostname = \"open":                   "2|hostname = \"open\n |                ^\n",
		top + "[process]\n[process]":                "3|[process]\n | ^^^^^^^\n",
		"":                                          "1|\n |^\n",
		"\n\n":                                      "1|\n |^\n",
		"\xef\xbb\xbfversion = 2":                   "1|version = 2\n |          ^\n",
		"\xef\xbb\xbfx = 2":                         "1|x = 2\n |^\n1|x = 2\n |^\n",
		top + "\thostname\t= 5":                     "2|    hostname    = 5\n |                  ^\n",
		top + "process = { '日本' = 1, é = 2 }":       "2|process = { '日本' = 1, é = 2 }\n |                        ^\n",
		top + "process = { '日本' = 1, x = 2 }":       "2|process = { '日本' = 1, x = 2 }\n |            ^^^^^^\n2|process = { '日本' = 1, x = 2 }\n |                        ^\n",
		top + "process = { 'e\u0301' = 1 }":         "2|process = { 'e\u0301' = 1 }\n |            ^^^\n",
		top + "hostname = '🦀'":                      "2|hostname = '🦀'\n |           ^^^^\n",
		top + "hostname = '\u202ex\u200b' # \u2066": "2|hostname = '\\u202ex\\u200b' # \\u2066\n |           ^^^^^^^^^^^^^^^\n",
		top + "hostname = 'a\x1b[2Jb'":              "2|hostname = 'a\\x1b[2Jb'\n |             ^^^^\n",
		top + "hostname = 'a\xffb'":                 "2|hostname = 'a\\xffb'\n |             ^^^^\n",
		"version = 1\rname = 5":                     "1|version = 1\\rname = 5\n |           ^^\n",
	} {
		if got := shown(t, text, 80); got != want {
			t.Errorf("%q: got\n%swant\n%s", text, got, want)
		}
	}
}

// A long line is cut, the carets stay below their place, and nothing is wider than the terminal.
func TestExcerptCut(t *testing.T) {
	many := strings.Repeat("'日', ", 60)
	for text, want := range map[string]string{
		"process = { uid = -1, groups = [" + strings.Repeat("1, ", 60) + "] }": "process = { uid = -1, groups = [1,…",
		"command = [" + many + "5]":                               "…",
		"command = [" + many + "5, " + many + "]":                 "…",
		"hostname = '" + strings.Repeat("x", 200) + "' # the end": "= 'xxxxxxxxxxxxxxxxx",
	} {
		for _, columns := range []int{0, 1, 24, 40, 41, 79, 80, 300} {
			lines := strings.Split(shown(t, "version = 1\n"+text, columns), "\n")
			line, marks := lines[0], lines[1]
			if columns == 40 && !strings.Contains(line, want[:min(len(want), 20)]) {
				t.Errorf("%d columns: %s", columns, line)
			}
			if width := quote.Width(line) + len("   "); width > max(columns, 28) || quote.Width(marks)+len("   ") > max(columns, 28) {
				t.Errorf("%d columns: %d wide:\n%s\n%s", columns, width, line, marks)
			}
			column := strings.Index(marks, "^")
			at, before := 0, ""
			for i, r := range line {
				if at == column {
					before = line[i:]
					break
				}
				at += quote.RuneWidth(r)
			}
			if !strings.HasPrefix(before, "5") && !strings.HasPrefix(before, "-1") && !strings.HasPrefix(before, "'xx") {
				t.Errorf("%d columns: the carets are below %q:\n%s\n%s", columns, before, line, marks)
			}
		}
	}
}

// Whatever a profile holds, nothing of it reaches the terminal that the terminal acts on.
func FuzzExcerpt(f *testing.F) {
	for _, text := range []string{"x = 1", "version = 1\nx = '\x1b[2J'", "\xff", "a = \"\\", "a = [{", "日 = 1"} {
		f.Add([]byte(text), 80)
	}
	f.Fuzz(func(t *testing.T, text []byte, columns int) {
		_, err := config.Parse("p.toml", text, config.Vars{})
		if err == nil {
			return
		}
		for _, p := range Of("p.toml", err) {
			e, ok := p.Excerpt(columns)
			if all := e.Number + e.Line + e.Before + e.Carets; ok && (quote.Line(all) != all || e.Carets == "") {
				t.Errorf("%q: %+v", text, e)
			}
		}
	})
}

func TestCount(t *testing.T) {
	in := func(files ...string) []Problem {
		var all []Problem
		for _, f := range files {
			all = append(all, Problem{File: f})
		}
		return all
	}
	many := in("a", "a")
	many[1].more = 7
	for _, test := range []struct {
		found []Problem
		want  string
	}{
		{in("a"), ""},
		{in("a", "a"), "2 errors in a"},
		{in("a", "b", "b"), "3 errors in 2 files"},
		{in("--set", "--set"), "2 errors"},
		{in("\x1b", "\x1b"), `2 errors in $'\x1b'`},
		{many, "8 errors in a"},
		{in(strings.Split(strings.Repeat("a", 21), "")...), "21 errors in a, the first 20 are shown"},
	} {
		if got := Count(test.found); got != test.want {
			t.Errorf("Count = %q, want %q", got, test.want)
		}
	}
}

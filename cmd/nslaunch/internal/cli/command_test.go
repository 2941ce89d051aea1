package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// saidBy is what a call writes on standard error.
func saidBy(t *testing.T, call func()) string {
	t.Helper()
	file, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stderr := os.Stderr
	os.Stderr = file
	call()
	os.Stderr = stderr
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUsage(t *testing.T) {
	for want, c := range map[string]Command{
		"nslaunch x": {Name: "x"},
		"nslaunch x [-f] PROFILE [--] [ARGV…]": {Name: "x", Options: "[-f]",
			Args: []Arg{{Word: "PROFILE", Kind: Profile}, {Word: "ARGV", Kind: Argv, Optional: true, Many: true}}},
		"nslaunch x [a|b] NAME…": {Name: "x", Args: []Arg{{Words: []string{"a", "b"}, Optional: true}, {Word: "NAME", Many: true}}},
	} {
		if got := c.Line(); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestDo(t *testing.T) {
	for _, test := range []struct {
		words  string
		relays bool
		status int
		ran    string // Args, Dashed
		said   string
	}{
		{words: "a b", ran: "[a b] false"},
		{words: "--on a", ran: "[a] false"},
		{words: "--on -- a", ran: "[a] true"},
		{words: "--as -- a", ran: "[a] false"},
		{words: "--as x -- a", ran: "[a] true"},
		{words: "--as -- -- a", ran: "[a] true"},
		{words: "--off", status: ExitUsage, said: "nslaunch: error: unknown flag --off (see nslaunch help x)\n"},
		{words: "--off", relays: true, status: ExitSetup, said: "nslaunch: error: unknown flag --off (see nslaunch help x)\n"},
		{words: "--color x", status: ExitUsage, said: "nslaunch: error: invalid value \"x\" for flag --color: want auto, always, never (see nslaunch help x)\n"},
		{words: "-color x", status: ExitUsage, said: "nslaunch: error: invalid value \"x\" for flag -color: want auto, always, never (see nslaunch help x)\n"},
		{words: "--color=--on", status: ExitUsage, said: "nslaunch: error: invalid value \"--on\" for flag --color: want auto, always, never (see nslaunch help x)\n"},
		{words: "--on --color --on", status: ExitUsage, said: "nslaunch: error: invalid value \"--on\" for flag --color: want auto, always, never (see nslaunch help x)\n"},
		{words: "--on --color", status: ExitUsage, said: "nslaunch: error: flag needs an argument: --color (see nslaunch help x)\n"},
		{words: "a --on=5", ran: "[a --on=5] false"},
		{words: "--on=5 a", status: ExitUsage, said: "nslaunch: error: --on has no value, got \"5\" (write --on alone)\n"},
		{words: "-n=5 a", status: ExitUsage, said: "nslaunch: error: -n has no value, got \"5\" (write -n alone)\n"},
		{words: "--color always --off", status: ExitUsage, said: "\x1b[1mnslaunch:\x1b[0m \x1b[1;31merror:\x1b[0m unknown flag --off (see nslaunch help x)\n"},
		{words: "fail", status: ExitProblem, ran: "[fail] false", said: "nslaunch: error: no\n"},
		{words: "fail", relays: true, status: ExitSetup, ran: "[fail] false", said: "nslaunch: error: no\n"},
	} {
		ran := ""
		c := Command{Name: "x", Args: []Arg{{Word: "A", Many: true}}, Relays: test.relays, Flags: func(fs *flag.FlagSet) Run {
			fs.Bool("on", false, "on")
			fs.Bool("n", false, "short")
			fs.String("as", "", "as `NAME`")
			return func(c *Call) int {
				ran = fmt.Sprint(c.Args, c.Dashed)
				if c.Arg(0) == "fail" {
					return c.Fail(errors.New("no"))
				}
				return ExitOK
			}
		}}
		status := -1
		said := saidBy(t, func() { status = c.Do(new(Voice), strings.Fields(test.words)) })
		if status != test.status || ran != test.ran || said != test.said {
			t.Errorf("%+v: status %d, ran with %s, said %q", test, status, ran, said)
		}
	}
}

// What has no arguments refuses them.
func TestNoArguments(t *testing.T) {
	c := Command{Name: "x", Flags: func(*flag.FlagSet) Run { return func(*Call) int { return ExitOK } }}
	said := saidBy(t, func() {
		if status := c.Do(new(Voice), []string{"a"}); status != ExitUsage {
			t.Errorf("status %d", status)
		}
	})
	if want := "nslaunch: error: unexpected argument \"a\" (see nslaunch help x)\n"; said != want {
		t.Errorf("got %q; want %q", said, want)
	}
}

func TestCommonWords(t *testing.T) {
	for line, want := range map[string]int{"": 0, "x": 0, "--x y": 0, "--color always x": 2, "-color=always x": 1, "--log-format": 2} {
		if got := CommonWords(strings.Fields(line)); got != want {
			t.Errorf("%q: got %d; want %d", line, got, want)
		}
	}
	if names := CommonFlags(); !slices.ContainsFunc(names, func(f Flag) bool { return f.Name == "color" && f.Value == "WHEN" }) {
		t.Errorf("%+v", names)
	}
}

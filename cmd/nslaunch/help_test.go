package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
)

// Help fits a terminal of 80 columns, and shows each command, flag and example once.
func TestHelpFits(t *testing.T) {
	texts := map[string]string{"": manual.Help(commands)}
	for c := range commands {
		texts[c.Name] = c.Help()
		if n := strings.Count(texts[""], "\n  "+c.Name+" "); n != 1 {
			t.Errorf("help has %s %d times", c.Name, n)
		}
		for _, f := range c.FlagList() {
			if n := strings.Count(c.Help(), "\n  "+f.All()); n < 1 {
				t.Errorf("help of %s has nothing on %s", c.Name, f.All())
			}
		}
		for _, e := range c.Examples {
			if !strings.HasPrefix(e.Line, "nslaunch "+c.Name) && !strings.Contains(e.Line, "nslaunch "+c.Name) {
				t.Errorf("an example of %s is %q", c.Name, e.Line)
			}
		}
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && !strings.HasPrefix(line, "usage: ") {
				t.Errorf("help %s: %d columns: %s", name, n, line)
			}
		}
	}
	if n := strings.Count(texts[""], "\n"); n > 50 {
		t.Errorf("help has %d lines", n)
	}
}

// The flags of a group are flags of the command, and help has them there alone.
func TestFlagGroups(t *testing.T) {
	for c := range commands {
		seen := map[string]bool{}
		for _, g := range c.FlagGroups() {
			for _, f := range g.Flags {
				if seen[f.Name] {
					t.Errorf("%s: --%s is in two groups", c.Name, f.Name)
				}
				seen[f.Name] = true
			}
		}
		for _, g := range c.Groups {
			for _, name := range g.Names {
				if cli.Lookup(c.FlagSet(), name) == nil {
					t.Errorf("%s has no flag %s of the group %q", c.Name, name, g.Title)
				}
			}
		}
		if len(seen) != len(c.FlagList()) {
			t.Errorf("%s: %d flags in groups, of %d", c.Name, len(seen), len(c.FlagList()))
		}
	}
}

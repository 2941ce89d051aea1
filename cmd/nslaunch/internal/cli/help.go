package cli

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Example is a command line, and what it does.
type Example struct{ Line, Says string }

// FlagGroup is flags that help shows together.
type FlagGroup struct {
	Title string
	Names []string
}

// Help returns the help of the command.
func (c Command) Help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n%s\n", c.Line(), c.Summary)
	if len(c.Examples) > 0 {
		b.WriteString("\nexamples:\n")
		for _, e := range c.Examples {
			b.WriteString(Row(e.Line, e.Says, 38))
		}
	}
	for _, g := range c.FlagGroups() {
		fmt.Fprintf(&b, "\n%s:\n", g.Title)
		for _, f := range g.Flags {
			b.WriteString(Row(strings.TrimRight(f.All()+" "+f.Value, " "), f.Usage, 26))
		}
	}
	if c.Relays {
		b.WriteString("\nexit status:\n")
		for _, s := range RelayedStatuses() {
			b.WriteString(Row(s.Value, s.Meaning, 26))
		}
	}
	return b.String()
}

// CommonTitle is the title of the flags that every command has.
const CommonTitle = "flags of every command"

// Titled is flags under a title.
type Titled struct {
	Title string
	Flags []Flag
}

// FlagGroups returns the flags of the command in its groups, then those that are in none, and those that every command has.
func (c Command) FlagGroups() []Titled {
	rest := c.FlagList()
	take := func(title string, names []string) Titled {
		t := Titled{Title: title}
		for _, name := range names {
			if i := slices.IndexFunc(rest, func(f Flag) bool { return f.Name == name }); i >= 0 {
				t.Flags, rest = append(t.Flags, rest[i]), slices.Delete(rest, i, i+1)
			}
		}
		return t
	}
	var all []Titled
	for _, g := range c.Groups {
		all = append(all, take(g.Title, g.Names))
	}
	var names []string
	for _, f := range CommonFlags() {
		names = append(names, f.Name)
	}
	common := take(CommonTitle, names)
	return slices.DeleteFunc(append(all, Titled{"flags", rest}, common), func(t Titled) bool { return len(t.Flags) == 0 })
}

// Row returns a line of help: a word, and from a column on what it means, within 80 columns.
func Row(word, says string, column int) string {
	const width = 80
	var b strings.Builder
	b.WriteString("  " + word)
	at := 2 + utf8.RuneCountInString(word)
	if at+2 > column+2 {
		b.WriteString("\n")
		at = 0
	}
	b.WriteString(strings.Repeat(" ", column+2-at))
	at = column + 2
	for i, w := range strings.Fields(says) {
		n := utf8.RuneCountInString(w)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", column+2))
			at = column + 2
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(w)
		at += n
	}
	return b.String() + "\n"
}

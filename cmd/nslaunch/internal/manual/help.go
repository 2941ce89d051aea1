// Package manual describes the commands of nslaunch: help, manual pages and completion. Completion also reads which sandboxes run.
package manual

import (
	"fmt"
	"iter"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
)

// Help returns the help of all commands.
func Help(commands iter.Seq[cli.Command]) string {
	var b strings.Builder
	b.WriteString("nslaunch runs commands in sandboxes that a TOML profile declares.\n\nusage:\n")
	b.WriteString("  nslaunch PROFILE [ARGV…]     PROFILE has a \"/\", ends in .toml, is preset:NAME, or - for standard input\n")
	width := 0
	for c := range commands {
		fmt.Fprintf(&b, "  %s\n", c.Line())
		width = max(width, len(c.Name))
	}
	b.WriteString("\ncommands:\n")
	for c := range commands {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, c.Name, c.Summary)
	}
	fmt.Fprintf(&b, "\nexit status of %s:\n", relays(commands))
	for _, s := range cli.RelayedStatuses() {
		fmt.Fprintf(&b, "  %-28s %s\n", s.Value, s.Meaning)
	}
	var others []string
	for _, s := range cli.OtherStatuses() {
		others = append(others, s.Value+" "+s.Meaning)
	}
	fmt.Fprintf(&b, "of the others: %s\n\n", strings.Join(others, ", "))
	b.WriteString("nslaunch man 5 describes every key of a profile.\n")
	return b.String()
}

// relays names the commands whose status is that of another: "run, exec and wait".
func relays(commands iter.Seq[cli.Command]) string {
	var names []string
	for c := range commands {
		if c.Relays {
			names = append(names, c.Name)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Description is a command for programs.
type Description struct {
	Name    string     `json:"name"`
	Usage   string     `json:"usage"`
	Summary string     `json:"summary"`
	Flags   []cli.Flag `json:"flags"`
}

// Describe describes commands for programs.
func Describe(commands iter.Seq[cli.Command]) []Description {
	var all []Description
	for c := range commands {
		all = append(all, Description{c.Name, c.Usage(), c.Summary, c.FlagList()})
	}
	return all
}

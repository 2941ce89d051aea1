// Package manual describes the commands of nslaunch: help, manual pages and completion. Completion also reads which sandboxes run.
package manual

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
)

// groups are the commands as help lists them.
func groups() []cli.FlagGroup {
	return []cli.FlagGroup{
		{Title: "run a command", Names: []string{"run", "shell"}},
		{Title: "write a profile", Names: []string{"init", "check", "show", "explain", "plan", "unit", "schema"}},
		{Title: "look after running sandboxes", Names: []string{"ps", "exec", "logs", "stop", "wait"}},
		{Title: "know the machine", Names: []string{"doctor", "ns"}},
	}
}

// firstSteps are what a new user types.
func firstSteps() []cli.Example {
	return []cli.Example{
		{Line: "nslaunch doctor", Says: "test what this machine allows"},
		{Line: "nslaunch run preset:dev make", Says: "run make, which can change this directory"},
		{Line: "nslaunch run -rn -- sh", Says: "run a shell without a network"},
		{Line: "nslaunch init", Says: "write a profile of your own, shell.toml"},
		{Line: "nslaunch explain shell.toml", Says: "see what it may do"},
		{Line: "nslaunch shell.toml", Says: "run it"},
	}
}

// Help returns the help of all commands.
func Help(commands iter.Seq[cli.Command]) string {
	var b strings.Builder
	b.WriteString("nslaunch runs a command in a sandbox, as a profile in TOML or flags describe it.\n\n")
	b.WriteString("usage: nslaunch [run] [FLAGS] PROFILE [ARGV…]\n       nslaunch COMMAND [FLAGS] [ARGUMENT…]\n\n")
	b.WriteString("A PROFILE has a \"/\", ends in .toml, is preset:NAME, or is - for standard input.\n\nfirst steps:\n")
	for _, e := range firstSteps() {
		b.WriteString(cli.Row(e.Line, e.Says, 30))
	}
	rest := slices.Collect(commands)
	list := func(title string, some []cli.Command) {
		fmt.Fprintf(&b, "\n%s:\n", title)
		for _, c := range some {
			b.WriteString(cli.Row(c.Name, c.Summary, 12))
		}
	}
	for _, g := range groups() {
		var some []cli.Command
		for _, name := range g.Names {
			if i := slices.IndexFunc(rest, func(c cli.Command) bool { return c.Name == name }); i >= 0 {
				some, rest = append(some, rest[i]), slices.Delete(rest, i, i+1)
			}
		}
		list(g.Title, some)
	}
	list("other commands", rest)
	b.WriteString("\n\"nslaunch help COMMAND\" shows its flags, examples and exit statuses.\n\"nslaunch man 5\" describes every key of a profile.\n")
	return b.String()
}

// Text returns the help of all commands and that of each, for a terminal without man(1).
func Text(commands iter.Seq[cli.Command]) string {
	var b strings.Builder
	b.WriteString(Help(commands))
	for c := range commands {
		b.WriteString("\n" + c.Help())
	}
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

package main

import (
	"cmp"
	"flag"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/meant"
)

func helpCommand() cli.Command {
	return cli.Command{
		Name:    "help",
		Options: "[--json]",
		Args:    []cli.Arg{{Word: "COMMAND", Kind: cli.CommandName, Optional: true}},
		Summary: "show help, of all commands or of one",
		Flags: func(fs *flag.FlagSet) cli.Run {
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int { return help(c, *asJSON) }
		},
	}
}

func help(c *cli.Call, asJSON bool) int {
	if len(c.Args) == 0 {
		if asJSON {
			return c.PutJSON(manual.Describe(commands))
		}
		return c.Put(manual.Help(commands))
	}
	about, ok := cli.Find(commands, c.Args[0])
	if !ok || len(c.Args) > 1 {
		hint := " (see nslaunch help)"
		if len(c.Args) == 1 {
			hint = cmp.Or(meant.Command(c.Args[0], names()), hint)
		}
		c.Errorf("no such command: %q%s", strings.Join(c.Args, " "), hint)
		return cli.ExitUsage
	}
	if asJSON {
		return c.PutJSON(manual.Describe(slices.Values([]cli.Command{about})))
	}
	return about.Do(c.Voice, []string{"--help"})
}

// names are the names of the commands.
func names() []string {
	var all []string
	for c := range commands {
		all = append(all, c.Name)
	}
	return all
}

package main

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/meant"
	"github.com/nslaunch/nslaunch/internal/quote"
)

func helpCommand() cli.Command {
	return cli.Command{
		Name:    "help",
		Options: "[--json]",
		Args:    []cli.Arg{{Word: "COMMAND|KEY", Kind: cli.CommandName, Optional: true}},
		Summary: "show help for a command, or for a key of a profile",
		Examples: []cli.Example{
			{Line: "nslaunch help run", Says: "show flags, examples and exit statuses"},
			{Line: "nslaunch help limits.memory", Says: "show what a key of a profile means"},
		},
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
	name := c.Args[0]
	if len(c.Args) > 1 {
		return c.Misused("want one command or key, got %q", strings.Join(c.Args, " "))
	}
	about, ok := cli.Find(commands, name)
	if !ok {
		if key := manual.Key(name); key != "" && !asJSON {
			return c.Put(key)
		}
		c.Errorf("no such command or key: %q%s", name, helpHint(name))
		return cli.ExitUsage
	}
	if asJSON {
		return c.PutJSON(manual.Describe(slices.Values([]cli.Command{about})))
	}
	return about.Do(c.Voice, []string{"--help"})
}

// helpHint says what may have been meant by what is no command and no key.
func helpHint(name string) string {
	if surelyProfile(name) {
		return fmt.Sprintf(" (what a sandbox may do: nslaunch explain %s)", quote.Word(name))
	}
	return cmp.Or(meant.Command(name, names()), meant.Word(name, manual.KeyNames()), " (see nslaunch help, and nslaunch man 5 for all keys)")
}

// names are the names of the commands.
func names() []string {
	var all []string
	for c := range commands {
		all = append(all, c.Name)
	}
	return all
}

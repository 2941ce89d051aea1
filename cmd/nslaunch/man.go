package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
)

func manCommand() cli.Command {
	return cli.Command{
		Name:    "man",
		Args:    []cli.Arg{{Words: []string{"1", "5"}, Optional: true}},
		Summary: "show the manual page of nslaunch (1) or of profiles (5)",
		Examples: []cli.Example{
			{Line: "nslaunch man", Says: "read about commands and flags"},
			{Line: "nslaunch man 5", Says: "read about every key of a profile"},
		},
		Flags: func(*flag.FlagSet) cli.Run { return man },
	}
}

func man(c *cli.Call) int {
	if len(c.Args) > 1 {
		return c.Misused("unexpected argument %q", c.Args[1])
	}
	switch c.Arg(0) {
	case "", "1":
		return c.Put(edition().Program(commands))
	case "5":
		return c.Put(edition().Profile())
	}
	return c.Misused("no manual page in section %q, want 1 or 5", c.Args[0])
}

// edition is which manual this is.
func edition() manual.Edition { return manual.Edition{Version: version, Date: dated} }

package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
)

func schemaCommand() cli.Command {
	return cli.Command{
		Name:    "schema",
		Summary: "print the JSON Schema of profiles, for editors",
		Flags: func(*flag.FlagSet) cli.Run {
			return func(c *cli.Call) int { return c.PutJSON(manual.Schema()) }
		},
	}
}

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
		Examples: []cli.Example{
			{Line: "nslaunch schema >nslaunch.schema.json", Says: "then begin a profile with: #:schema ./nslaunch.schema.json"},
		},
		Flags: func(*flag.FlagSet) cli.Run {
			return func(c *cli.Call) int { return c.PutJSON(manual.Schema()) }
		},
	}
}

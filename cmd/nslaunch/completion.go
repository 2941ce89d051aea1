package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
)

func completionCommand() cli.Command {
	return cli.Command{
		Name:    "completion",
		Args:    []cli.Arg{{Words: []string{"bash", "zsh", "fish"}}},
		Summary: "print a completion script for a shell",
		Examples: []cli.Example{
			{Line: "source <(nslaunch completion bash)", Says: "complete in this bash"},
		},
		Flags: func(*flag.FlagSet) cli.Run { return printScript },
	}
}

func printScript(c *cli.Call) int {
	if len(c.Args) != 1 {
		return c.Misused("want the name of one shell: bash, zsh or fish")
	}
	script, ok := manual.Script(c.Args[0])
	if !ok {
		return c.Misused("unknown shell %q, want bash, zsh or fish", c.Args[0])
	}
	return c.Put(script)
}

// complete answers a script: which words fit at the end of a line. They are no arguments of a command.
func complete(v *cli.Voice, words []string) int {
	c := cli.Call{Voice: v, Command: cli.Command{Name: manual.CompleteWord}}
	return c.Put(manual.Completions(commands, words))
}

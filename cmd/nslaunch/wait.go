package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/records"
)

func waitCommand() cli.Command {
	return cli.Command{
		Name:    "wait",
		Args:    []cli.Arg{{Word: "NAME", Kind: cli.PastSandbox}},
		Summary: "wait until a sandbox ends, and exit with its status",
		Examples: []cli.Example{
			{Line: "nslaunch wait ci; echo $?", Says: "the status of the sandbox's command"},
		},
		Relays: true,
		Flags:  func(*flag.FlagSet) cli.Run { return wait },
	}
}

func wait(c *cli.Call) int {
	if len(c.Args) != 1 {
		return c.Misused("want one sandbox")
	}
	f, err := records.Find(c.Args[0])
	if err != nil {
		return c.Fail(err)
	}
	end, err := f.Wait()
	if err != nil {
		return c.Fail(err)
	}
	if end.Killed {
		c.Errorf("the launcher of %q was killed, and its command with it", f.Name)
	}
	return end.Status
}

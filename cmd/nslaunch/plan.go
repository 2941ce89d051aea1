package main

import (
	"flag"
	"os"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/explain"
	"github.com/nslaunch/nslaunch/launcher"
)

func planCommand() cli.Command {
	return cli.Command{
		Name:    "plan",
		Options: "[--json|--syscalls] [FLAGS]",
		Args:    profileAndWords(),
		Summary: "show every step that run would take",
		Examples: []cli.Example{
			{Line: "nslaunch plan dev.toml", Says: "show the steps, each with its line of the profile"},
			{Line: "nslaunch plan preset:dev make", Says: "show what a preset does for a command"},
			{Line: "nslaunch plan --syscalls dev.toml", Says: "show the system calls"},
		},
		Groups: profileFlagGroups("json", "syscalls"),
		Flags: func(fs *flag.FlagSet) cli.Run {
			var r request
			r.addFlags(fs)
			asJSON := fs.Bool("json", false, "print JSON")
			syscalls := fs.Bool("syscalls", false, "print the system calls of the sandbox's processes")
			return func(c *cli.Call) int {
				if *asJSON && *syscalls {
					return c.Misused("--json and --syscalls exclude each other")
				}
				if err := r.complete(c); err != nil {
					return c.Misused("%s", err)
				}
				plan, err := r.plan()
				if err != nil {
					return c.Fail(err)
				}
				plan.NoteTyping()
				if !*asJSON && !*syscalls && drawn(c) {
					text := explain.Short(launcher.Summarize(plan), c.Paint(), explain.Width(c.Width()))
					if status := c.Put(text + "\n"); status != cli.ExitOK {
						return status
					}
				}
				return printPlan(c, plan, *asJSON, *syscalls)
			}
		},
	}
}

// printPlan prints a plan for programs, or for people, who get it drawn on a terminal.
func printPlan(c *cli.Call, plan *launcher.Plan, asJSON, syscalls bool) (status int) {
	switch {
	case asJSON:
		return c.PutJSON(plan)
	case syscalls:
		status = c.Put(plan.Syscalls())
	case drawn(c):
		status = c.Put(drawPlan(plan, c.Paint()))
	default:
		status = c.Put(plan.String())
	}
	c.Remark(plan.Notes)
	return status
}

// drawn reports whether a plan is for people, who also get the sum of it on top. A pipe gets the steps alone, a line each.
func drawn(c *cli.Call) bool { return cli.IsTerminal(os.Stdout) || bool(c.Paint()) }

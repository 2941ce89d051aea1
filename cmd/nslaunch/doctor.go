package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/doctor"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/launcher"
)

func doctorCommand() cli.Command {
	return cli.Command{
		Name:    "doctor",
		Options: "[FLAGS]",
		Args:    []cli.Arg{{Word: "PROFILE", Kind: cli.Profile, Optional: true}},
		Summary: "test what this machine allows, and whether a profile can run",
		Examples: []cli.Example{
			{Line: "nslaunch doctor", Says: "test each feature, with cause and cure"},
			{Line: "nslaunch doctor dev.toml", Says: "also test whether this profile can run"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			var ch changes
			ch.addFlags(fs)
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int {
				if len(c.Args) > 1 {
					return c.Misused("one profile at a time, got %d", len(c.Args))
				}
				if flags := ch.flags(); len(c.Args) == 0 && flags != nil {
					return c.Misused("%s changes a profile, and there is none", flags[0])
				}
				return diagnose(c, &ch, *asJSON)
			}
		},
	}
}

func diagnose(c *cli.Call, ch *changes, asJSON bool) int {
	machine := doctor.Doctor{Compile: compileHere, Place: placer(c.Voice)}
	d := machine.Examine()
	var failed error
	if d.Profile = c.Arg(0); d.Profile != "" {
		var notes []launcher.Note
		p, err := ch.read(d.Profile)
		if err == nil {
			notes, err = machine.Try(p)
		}
		if !asJSON {
			c.Remark(notes)
		}
		runs := err == nil
		d.Runs, failed = &runs, err
		if err != nil {
			d.Problems = problem.Of(d.Profile, err)
		}
		for _, n := range notes {
			d.Problems = append(d.Problems, problem.OfNote(n))
		}
	}
	var status int
	if asJSON {
		status = c.PutJSON(d)
	} else if status = c.Put(d.Table(c.Paint(), c.Width())); failed != nil {
		c.Complain(failed)
	}
	if failed != nil {
		return cli.ExitProblem
	}
	return status
}

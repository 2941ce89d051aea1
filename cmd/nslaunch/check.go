package main

import (
	"flag"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/launcher"
)

func checkCommand() cli.Command {
	return cli.Command{
		Name:    "check",
		Options: "[--host] [FLAGS]",
		Args:    []cli.Arg{{Word: "PROFILE", Kind: cli.Profile, Many: true}},
		Summary: "report every problem in profiles, with --host also those of this machine",
		Examples: []cli.Example{
			{Line: "nslaunch check *.toml", Says: "check the profiles"},
			{Line: "nslaunch check --host dev.toml", Says: "also check whether this machine can run it"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			host := fs.Bool("host", false, "also check whether this machine can run the profile")
			var ch changes
			ch.addFlags(fs)
			asJSON := fs.Bool("json", false, "print JSON")
			return func(c *cli.Call) int {
				if len(c.Args) == 0 {
					return c.Misused("no profile")
				}
				return check(c, &ch, *host, *asJSON)
			}
		},
	}
}

func check(c *cli.Call, ch *changes, host, asJSON bool) int {
	found, remarks := []problem.Problem{}, []problem.Problem{}
	for _, path := range c.Args {
		notes, err := checkProfile(path, ch, host)
		if err != nil {
			found = append(found, problem.Of(path, err)...)
		}
		if !asJSON {
			c.Remark(notes)
		}
		for _, n := range notes {
			remarks = append(remarks, problem.OfNote(n))
		}
	}
	var status int
	if asJSON {
		status = c.PutJSON(append(found, remarks...))
	} else {
		status = c.Put(c.Report(found))
	}
	if len(found) > 0 {
		return cli.ExitProblem
	}
	return status
}

func checkProfile(path string, c *changes, host bool) ([]launcher.Note, error) {
	p, err := c.read(path)
	if err != nil || !host {
		return nil, err
	}
	words := []string{}
	if len(p.Command.Argv) == 0 {
		words = []string{"true"} // the command may be given on the command line
	}
	plan, err := compileHere(p, words)
	if err != nil {
		return nil, err
	}
	plan.NoteTyping()
	return plan.Notes, nil
}

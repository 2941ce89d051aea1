package main

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/explain"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
)

func explainCommand() cli.Command {
	return cli.Command{
		Name:    "explain",
		Options: "[--json|--svg] [--all]",
		Args: []cli.Arg{
			{Word: "PROFILE|NAME|PID", Kind: cli.Explained},
			commandWords(),
		},
		Summary: "show what a sandbox can write, read and not see",
		Examples: []cli.Example{
			{Line: "nslaunch explain dev.toml", Says: "on one screen"},
			{Line: "nslaunch explain --svg dev.toml >dev.svg", Says: "as a picture"},
		},
		Groups: profileFlagGroups("all", "json", "svg"),
		Flags: func(fs *flag.FlagSet) cli.Run {
			var r request
			var f explainFlags
			r.addFlags(fs)
			fs.BoolVar(&f.json, "json", false, "print all of it as JSON")
			fs.BoolVar(&f.svg, "svg", false, "draw it, as SVG")
			fs.BoolVar(&f.all, "all", false, "do not shorten lists")
			return func(c *cli.Call) int { return explainSandbox(c, &r, f) }
		},
	}
}

// explainFlags are the flags of explain.
type explainFlags struct{ json, svg, all bool }

func explainSandbox(c *cli.Call, r *request, f explainFlags) int {
	if f.json && f.svg {
		return c.Misused("--json and --svg exclude each other")
	}
	var s *launcher.Summary
	if name := c.Arg(0); !c.Dashed && name != "" && !isProfile(name) && r.instead() == "" {
		if flags := r.flags(); len(c.Args) > 1 || flags != nil {
			if f, err := records.Find(name); err == nil && f.State == records.Running {
				return c.Misused("%q is a sandbox that runs, and is shown as it is (write nslaunch explain %s, without flags and a command)", name, quote.Word(name))
			}
			return c.Misused("%s", notProfile("explain", c.Args))
		}
		var err error
		if s, err = runningSummary(name); err != nil {
			return c.Fail(err)
		}
	} else {
		if err := r.complete(c); err != nil {
			return c.Misused("%s", err)
		}
		var err error
		if s, err = r.summary(); err != nil {
			return c.Fail(err)
		}
	}
	switch {
	case f.json:
		return c.PutJSON(s)
	case f.svg:
		return c.Put(explain.SVG(s, f.all))
	}
	return c.Put(explain.Text(s, c.Paint(), explain.Width(c.Width()), f.all))
}

// summary summarizes the sandbox of a profile. It need not have a command: the summary then has none.
func (r *request) summary() (*launcher.Summary, error) {
	p, err := r.load()
	if err != nil {
		return nil, err
	}
	words, without := r.arguments(), len(r.arguments()) == 0 && len(p.Command.Argv) == 0
	if without {
		words = []string{everyShell}
	}
	plan, err := compileHere(p, words)
	if err != nil {
		return nil, err
	}
	plan.NoteTyping()
	s := launcher.Summarize(plan)
	if without {
		s.Command = []string{}
	}
	return s, nil
}

// runningSummary summarizes a sandbox that runs, by its name or the pid of a process of it. Of another process it says as much.
func runningSummary(word string) (*launcher.Summary, error) {
	f, err := records.Found{}, error(nil)
	if pid, bad := strconv.Atoi(word); bad != nil {
		f, err = records.Find(word)
	} else if of, ok := sandboxOf(pid); ok {
		f = of
	} else {
		return processSummary(pid)
	}
	if err == nil {
		err = aimAt(f, &launcher.Entry{}) // what cannot be entered cannot be explained
	}
	if err != nil {
		return nil, err
	}
	s, err := launcher.SummarizeRunning(f.Target)
	if err != nil {
		return nil, fmt.Errorf("sandbox %q: %w", f.Name, err)
	}
	s.Name, s.Profile, s.Command = f.Name, f.Profile, f.Command
	return s, nil
}

// processSummary summarizes what a process may do.
func processSummary(pid int) (*launcher.Summary, error) {
	p, err := processAt(pid)
	if err != nil {
		return nil, err
	}
	s, err := launcher.SummarizeRunning(&launcher.Target{Process: p})
	if err != nil {
		return nil, err
	}
	s.Name = fmt.Sprintf("process %d", pid)
	return s, nil
}

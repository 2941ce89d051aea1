package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
)

func shellCommand() cli.Command {
	return cli.Command{
		Name:    "shell",
		Args:    []cli.Arg{{Word: "PROFILE", Kind: cli.Profile}},
		Summary: "run a shell in the sandbox of a profile, a running or a new one",
		Examples: []cli.Example{
			{Line: "nslaunch shell dev.toml", Says: "look around where the profile's command runs"},
		},
		Relays: true,
		Flags: func(fs *flag.FlagSet) cli.Run {
			var ch changes
			ch.addFlags(fs)
			return func(c *cli.Call) int {
				if len(c.Args) > 1 && isProfile(c.Args[0]) {
					c.Errorf("shell runs a shell and no other command (for the command: nslaunch run %s)", quote.Words(c.Args, " "))
					return cli.ExitSetup
				}
				if len(c.Args) == 0 {
					return c.Misused("no profile")
				}
				if !isProfile(c.Args[0]) {
					return c.Misused("%s", notProfile("run", c.Args))
				}
				return runShell(c, &ch)
			}
		},
	}
}

// runShell runs a shell in the sandbox of a profile: the one that runs, or else one with a shell for its command.
func runShell(c *cli.Call, ch *changes) int {
	file := c.Args[0]
	running, err := sandboxesOf(file)
	if err != nil {
		return c.Fail(err)
	}
	switch len(running) {
	case 0:
	case 1:
		if flags := ch.flags(); flags != nil {
			return c.Misused("%s changes a profile, and the sandbox %q of it runs already (nslaunch stop %[2]s ends that)", flags[0], running[0])
		}
		return enter(c, running[0], &launcher.Entry{}, nil)
	default:
		c.Errorf("%d sandboxes of %s run: %s (nslaunch exec NAME enters one of them)", len(running), quote.Word(file), quote.Words(running, ", "))
		return cli.ExitSetup
	}
	plan, shell, err := shellPlan(file, ch)
	if err != nil {
		return c.Fail(err)
	}
	return run(c, plan, shell, nil, &recorder{voice: c.Voice, profile: plan.Profile(), command: plan.Command})
}

// shellPlan plans to run a shell instead of a profile's command: the SHELL that the profile sets, or else the caller's.
func shellPlan(file string, c *changes) (*launcher.Plan, *userShell, error) {
	p, err := c.read(file)
	if err != nil {
		return nil, nil, err
	}
	p.Command.Args = config.ArgsReplace
	shell := callersShell()
	if s := p.Env.Set["SHELL"]; s != "" {
		shell = userShell{s, "env.set.SHELL"}
	}
	plan, err := compileHere(p, shell.argv())
	return plan, &shell, err
}

// sandboxesOf names the running sandboxes that were started from a profile, and in this directory if it matters to the profile.
func sandboxesOf(file string) ([]string, error) {
	if file == "-" {
		return nil, fmt.Errorf("a shell reads from standard input, which cannot be a profile as well")
	}
	all, _ := records.List()
	var names []string
	for _, f := range all {
		if f.State == records.Running && f.Profile == absolute(file) && (f.Dir == "" || sameFile(f.Dir, ".")) {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// sameFile reports whether two names are of one file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// findSandboxes looks up the running sandboxes whose namespaces a profile joins. Where such a
// namespace is the caller's own, there is nothing to join.
func findSandboxes(p *config.Profile) error {
	var problems config.Errors
	for _, k := range config.Kinds() {
		n := p.Namespaces[k]
		if n.Mode != config.NamespaceSandbox {
			continue
		}
		f, err := records.Find(n.Sandbox)
		if err == nil && f.State != records.Running {
			err = fmt.Errorf("the sandbox %q is not running: %s", f.Name, cmp.Or(f.Why, string(f.State)))
		}
		if err == nil {
			err = f.Trusted()
		}
		if err != nil {
			key := "namespaces." + string(k)
			problems = append(problems, &config.Error{Pos: p.Origin(key).Pos, Key: key, Msg: err.Error()})
			continue
		}
		n.PID, n.Inode = f.Target.Process.PID, f.Target.Namespaces[k]
		if own, err := launcher.OwnNamespace(k); err == nil && own == n.Inode {
			n = config.Namespace{Mode: config.NamespaceHost}
		}
		p.Namespaces[k] = n
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

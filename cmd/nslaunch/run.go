package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// request is what a command line asks to run.
type request struct {
	command string // of ours
	profile string // path; "" if flags say it all
	changes
	words []string
	shell *userShell // that words run; nil if a command was given
}

// complete takes what follows the flags: a profile and arguments, or a command alone
// after "--" or where flags stand in place of a profile.
func (r *request) complete(c *cli.Call) error {
	rest := c.Args
	r.command = c.Command.Name
	if err := cmp.Or(valueProfile(c), twoArguments(c), switchValue(c)); err != nil {
		return err
	}
	switch {
	case !c.Dashed && len(rest) > 0 && isProfile(rest[0]):
		if from := r.instead(); from != "" && !surelyProfile(rest[0]) {
			return fmt.Errorf("%q after %s could be a profile or a command: put -- before a command, or use --set to change a profile whose name does not end in .toml", rest[0], from)
		}
		r.profile, rest = rest[0], rest[1:]
		if len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
	case len(r.settings) == 0 && len(rest) > 0 && !c.Dashed:
		return notProfile(c.Command.Name, rest)
	case len(r.settings) == 0:
		return fmt.Errorf("no profile (%s)", withPreset(c.Command.Name))
	case !c.Dashed && len(rest) > 0 && image(rest[0]):
		return fmt.Errorf("%w; put -- before a command of that name", noImage(c.Command.Name, rest))
	case len(rest) == 0:
		s := callersShell()
		rest, r.shell = s.argv(), &s
	}
	r.words = rest
	if r.profile == "" {
		r.imply(c)
	}
	return nil
}

// withPreset says how to use a command with a preset.
func withPreset(command string) string {
	switch command {
	case "run":
		return "for example: nslaunch run preset:dev sh"
	case "plan":
		return "for example: nslaunch plan preset:dev COMMAND"
	}
	return fmt.Sprintf("for example: nslaunch %s preset:dev", command)
}

// flagSettings are the settings of a profile that is made of flags.
func (r *request) flagSettings() []config.Setting {
	words := make([]string, len(r.words))
	for i, w := range r.words {
		words[i] = config.Literal(w) // it may be a shell's
	}
	return append(r.settings, config.Setting{Key: "command", Value: words, From: "command line"})
}

// load reads the profile, from its file or from the flags.
func (r *request) load() (*config.Profile, error) {
	if r.profile != "" {
		return r.read(r.profile)
	}
	return config.New(r.flagSettings(), r.vars())
}

// plan compiles the profile for this machine.
func (r *request) plan() (*launcher.Plan, error) {
	p, err := r.load()
	if err != nil {
		return nil, err
	}
	if config.IsPreset(r.profile) && len(p.Command.Argv) == 0 && len(r.words) == 0 {
		return nil, fmt.Errorf("%s has no command (write it after the preset: nslaunch %s %[1]s COMMAND)", quote.Word(r.profile), r.command)
	}
	return compileHere(p, r.arguments())
}

// arguments are those for the command of a profile in a file. They are the command of one that is made of flags.
func (r *request) arguments() []string {
	if r.profile == "" {
		return nil
	}
	return r.words
}

// compileHere compiles a profile for this machine, with arguments for its command.
func compileHere(p *config.Profile, words []string) (*launcher.Plan, error) {
	if err := findSandboxes(p); err != nil {
		return nil, err
	}
	if p.Namespaces[config.Mount].Mode != config.NamespaceHost {
		if err := noDirectories(); err != nil {
			return nil, err
		}
	}
	h, err := launcher.ProbeAlone(p)
	if err != nil {
		return nil, err
	}
	withoutHelper(p, h)
	return launcher.Compile(p, h, words)
}

func runCommand() cli.Command { return launch(nil) }

// launch is run, with the supervisor of a detached sandbox where this process is one.
func launch(s *supervisor) cli.Command {
	return cli.Command{
		Name:    "run",
		Options: "[FLAGS]",
		Args:    profileAndWords(),
		Summary: "run a command in a new sandbox",
		Examples: []cli.Example{
			{Line: "nslaunch run dev.toml", Says: "run the profile's command"},
			{Line: "nslaunch run dev.toml make test", Says: "run another command in its sandbox"},
			{Line: "nslaunch run --timeout 5min preset:dev make", Says: "change a preset with a flag"},
			{Line: "nslaunch run --ro-bind / --bind . -- make", Says: "run without a profile, with flags alone"},
			{Line: "nslaunch run --detach web.toml", Says: "run it in the background (see ps, logs, exec and stop)"},
		},
		Groups: profileFlagGroups("detach", "status-fd"),
		Relays: true,
		Flags: func(fs *flag.FlagSet) cli.Run {
			var r request
			r.addFlags(fs)
			statusFD := fs.Int("status-fd", -1, "write events to descriptor `N`, a line of JSON each")
			detached := fs.Bool("detach", false, "return once the command runs; its output goes to a log (nslaunch logs)")
			return func(c *cli.Call) int {
				if *detached && s == nil {
					return detach(c)
				}
				return r.run(c, *statusFD, s)
			}
		},
	}
}

// profileAndWords are the arguments of what runs a profile.
func profileAndWords() []cli.Arg {
	return []cli.Arg{{Word: "PROFILE", Kind: cli.Profile, Optional: true}, commandWords()}
}

// commandWords are a command to run, and its arguments.
func commandWords() cli.Arg {
	return cli.Arg{Word: "ARGV", Kind: cli.Argv, Optional: true, Many: true}
}

// run does what is asked for.
func (r *request) run(c *cli.Call, statusFD int, s *supervisor) int {
	events, err := newEvents(statusFD)
	if err == nil && s != nil {
		err = events.moveUp()
		s.events = events.descriptors()
	}
	if err != nil {
		return c.Fail(err)
	}
	if err := r.complete(c); err != nil {
		events.failed(err, cli.ExitSetup)
		return c.Misused("%s", err)
	}
	plan, err := r.plan()
	if err == nil && s != nil {
		err = alone(plan.Profile())
	}
	if err != nil {
		status := c.Fail(err)
		events.failed(err, status)
		return status
	}
	return run(c, plan, r.shell, events, &recorder{voice: c.Voice, profile: plan.Profile(), command: plan.Command, supervisor: s})
}

// run carries a plan out and returns the exit status. What runs is recorded, unless record is nil. If it is a shell that the
// sandbox does not have, /bin/sh runs instead; shell is nil if it is another command.
func run(c *cli.Call, plan *launcher.Plan, shell *userShell, events *events, record *recorder) int {
	c.Remark(problem.ForRun(plan.Notes))
	if err := record.reserve(); err != nil {
		status := c.Fail(err)
		events.failed(err, status)
		return status
	}
	options := launcher.Options{
		Signals: &launcher.Signals{}, Place: placer(c.Voice), Notify: tellManager(c.Voice), JobControl: true,
		Resident: &launcher.Resident{Exits: events == nil, Descriptors: events.descriptors(), End: record.end},
	}
	record.streams(&options)
	switch sockets := plan.Sockets(); {
	case events != nil || record.reserved() || len(sockets) > 0:
		options.Started = func(p launcher.Process) {
			record.started(p)
			events.started(p)
			closeSockets(sockets)
		}
	case record != nil:
		options.Lasting = record.started
	}
	exit, err := launcher.Run(context.Background(), plan, options)
	if other := shell.instead(c.Voice, plan, err); other != nil {
		record.replace(other.Command)
		exit, err = launcher.Run(context.Background(), other, options)
	}
	if exit.OOMKilled {
		c.Errorf("%s", outOfMemory(plan.Profile()))
	}
	status := ended(c.Voice, exit, err, events)
	record.ended(status)
	return status
}

// resume does for a sandbox what its launcher, which is small by now, cannot do itself.
func resume(v *cli.Voice, r *launcher.Resumption) int {
	var e *events
	if len(r.Descriptors) > 0 {
		e = &events{r.Descriptors[0]}
	}
	exit, err := r.Wait()
	return ended(v, exit, err, e)
}

// ended reports how a launch ended, and returns the exit status.
func ended(v *cli.Voice, exit launcher.Exit, err error, events *events) int {
	var interrupted *launcher.InterruptError
	switch {
	case errors.As(err, &interrupted):
		status := 128 + int(interrupted.Signal)
		events.failed(err, status)
		return status
	case err != nil:
		v.Complain(err)
		status := failureStatus(err)
		events.failed(err, status)
		return status
	}
	if exit.TimedOut {
		v.Errorf("the command was ended by limits.timeout")
	}
	events.exited(exit)
	return exit.Status()
}

// failureStatus distinguishes a command that cannot be run from all other failures.
func failureStatus(err error) int {
	var step *launcher.StepError
	if errors.As(err, &step) {
		switch {
		case step.Missing:
			return cli.ExitMissing
		case step.NotExecutable:
			return cli.ExitNoExec
		}
	}
	return cli.ExitSetup
}

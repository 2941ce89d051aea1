package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
)

// request is what a command line asks to run.
type request struct {
	profile string // path; "" if flags say it all
	changes
	words []string
}

// keyFlag is a flag that stands for a key of the profile.
type keyFlag struct{ name, key, usage string }

// keyFlags returns those that are said as unshare(1) would.
func keyFlags() []keyFlag {
	return []keyFlag{
		{"name", "name", "the sandbox's `NAME`"},
		{"hostname", "hostname", "set the host `NAME` (needs --new uts)"},
		{"propagation", "propagation", "set the `KIND` of mount propagation (needs --new mount)"},
		{"proc", "proc", "`MODE` of /proc: new, host or none"},
		{"network", "network", "`MODE` of a new network namespace: loopback or down"},
		{"idmap", "idmap", "`MODE` of the id maps (needs --new user)"},
		{"cwd", "process.cwd", "working `DIRECTORY` inside"},
		{"capabilities", "process.capabilities", "keep or none (`SET`)"},
		{"terminal", "process.terminal", "inherit, pty or none (`MODE`)"},
		{"timeout", "limits.timeout", "end the command after this `TIME`: 10s, 5min"},
	}
}

// requestFlags adds the flags that say what a profile does, in its place or over it.
func requestFlags(fs *flag.FlagSet, r *request) {
	changeFlags(fs, &r.changes)
	set := func(name, key, usage string) {
		fs.Func(name, usage, func(v string) error {
			r.settings = append(r.settings, config.Setting{Key: key, Value: v, From: "--" + name})
			return nil
		})
	}
	fs.Func("new", "new namespaces: a `LIST` like net,mount, or all", func(v string) error {
		for _, kind := range strings.Split(v, ",") {
			r.settings = append(r.settings, config.Setting{Key: "namespaces." + kind, Value: "new", From: "--new"})
		}
		return nil
	})
	fs.Func("join", "join a namespace: `TYPE=PATH`, TYPE=pid:N or TYPE=sandbox:NAME", func(v string) error {
		kind, where, ok := strings.Cut(v, "=")
		if !ok {
			return fmt.Errorf("want TYPE=PATH, TYPE=pid:N or TYPE=sandbox:NAME")
		}
		r.settings = append(r.settings, config.Setting{Key: "namespaces." + kind, Value: where, From: "--join"})
		return nil
	})
	for _, f := range keyFlags() {
		set(f.name, f.key, f.usage)
	}
}

// complete takes what follows the flags: a profile and words, or words alone
// after "--" or where flags stand in place of a profile.
func (r *request) complete(fs *flag.FlagSet, args []string) error {
	rest := fs.Args()
	at := len(args) - len(rest)
	switch dashed := at > 0 && args[at-1] == "--"; {
	case !dashed && len(rest) > 0 && isProfile(rest[0]):
		if from := r.instead(); from != "" && !surelyProfile(rest[0]) {
			return fmt.Errorf("%q is a profile by its form, and %s may stand in place of one (put -- before a command; the name of a profile that these flags change ends in .toml, and --set changes any)", rest[0], from)
		}
		r.profile, rest = rest[0], rest[1:]
		if len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
	case len(r.settings) == 0 && len(rest) > 0 && !dashed:
		return fmt.Errorf("%q is no profile, which has a \"/\", ends in .toml or is preset:NAME", rest[0])
	case len(r.settings) == 0:
		return errors.New("no profile, nor flags like --new in its place")
	case len(rest) == 0:
		rest = []string{shell()}
	}
	r.words = rest
	return nil
}

// shell is what runs where no command is given, as with unshare(1).
func shell() string {
	if s := os.Getenv("SHELL"); s != "" {
		return s
	}
	return "/bin/sh"
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
		return config.Load(r.profile, r.vars(), r.settings...)
	}
	return config.New(r.flagSettings(), r.vars())
}

// plan compiles the profile for this machine.
func (r *request) plan() (*launcher.Plan, error) {
	p, err := r.load()
	if err != nil {
		return nil, err
	}
	if r.profile == "" {
		return compileHere(p, nil)
	}
	return compileHere(p, r.words)
}

// compileHere compiles a profile for this machine, with words for its command.
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

func cmdRun(args []string) int { return runArgs(args, nil) }

// runArgs is run, with the supervisor of a detached sandbox where this process is one.
func runArgs(args []string, s *supervisor) int {
	fs := newFlags("run")
	var r request
	requestFlags(fs, &r)
	statusFD := fs.Int("status-fd", -1, "write events as JSON lines to descriptor `N`")
	detached := fs.Bool("detach", false, "return once the command runs, and leave it to run on (its output: nslaunch logs)")
	if status, ok := parse(fs, args, exitSetup); !ok {
		return status
	}
	if *detached && s == nil {
		return detach(args)
	}
	events, err := newEvents(*statusFD)
	if err == nil && s != nil {
		err = events.moveUp()
		s.events = events.descriptors()
	}
	if err != nil {
		complain(err)
		return exitSetup
	}
	if err := r.complete(fs, args); err != nil {
		events.failed(err, exitSetup)
		return misused("run", exitSetup, "%s", err)
	}
	plan, err := r.plan()
	if err == nil && s != nil {
		err = alone(plan.Profile())
	}
	if err != nil {
		complain(err)
		events.failed(err, exitSetup)
		return exitSetup
	}
	return run(plan, events, &recorder{profile: plan.Profile(), command: plan.Command, supervisor: s})
}

// run carries a plan out and returns the exit status. What runs is recorded, unless record is nil.
func run(plan *launcher.Plan, events *events, record *recorder) int {
	remark(degraded(plan.Notes))
	if err := record.reserve(); err != nil {
		complain(err)
		events.failed(err, exitSetup)
		return exitSetup
	}
	options := launcher.Options{
		Signals: &launcher.Signals{}, Place: place, Notify: tellManager(), JobControl: true,
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
	if exit.OOMKilled {
		say().Error(outOfMemory(plan.Profile()))
	}
	status := ended(exit, err, events)
	record.ended(status)
	return status
}

// resume does for a sandbox what its launcher, which is small by now, cannot do itself.
func resume(r *launcher.Resumption) int {
	var e *events
	if len(r.Descriptors) > 0 {
		e = &events{r.Descriptors[0]}
	}
	exit, err := r.Wait()
	return ended(exit, err, e)
}

// ended tells how a launch ended and returns the exit status.
func ended(exit launcher.Exit, err error, events *events) int {
	var interrupted *launcher.InterruptError
	switch {
	case errors.As(err, &interrupted):
		status := 128 + int(interrupted.Signal)
		events.failed(err, status)
		return status
	case err != nil:
		complain(err)
		status := failureStatus(err)
		events.failed(err, status)
		return status
	}
	if exit.TimedOut {
		say().Errorf("the command was ended by limits.timeout")
	}
	events.exited(exit)
	return exit.Status()
}

// failureStatus tells a command that cannot be run from all other failures.
func failureStatus(err error) int {
	var step *launcher.StepError
	if errors.As(err, &step) {
		switch {
		case step.Missing:
			return exitMissing
		case step.NotExecutable:
			return exitNoExec
		}
	}
	return exitSetup
}

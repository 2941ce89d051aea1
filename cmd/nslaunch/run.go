package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// request is what a command line asks to run.
type request struct {
	profile  string // path; "" if flags say it all
	settings []config.Setting
	words    []string
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

// requestFlags adds the flags that stand in place of a profile.
func requestFlags(fs *flag.FlagSet, r *request) {
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
	fs.Func("join", "join a namespace: `TYPE=PATH` or TYPE=pid:N", func(v string) error {
		kind, where, ok := strings.Cut(v, "=")
		if !ok {
			return fmt.Errorf("want TYPE=PATH or TYPE=pid:N")
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
		if len(r.settings) > 0 {
			return fmt.Errorf("%s stands in place of a profile, and %q is one (put -- before a command)", r.settings[0].From, rest[0])
		}
		r.profile, rest = rest[0], rest[1:]
		if len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
	case len(r.settings) == 0 && len(rest) > 0 && !dashed:
		return fmt.Errorf("%q is no profile, which has a \"/\" or ends in .toml", rest[0])
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

// load reads the profile, from its file or from the flags.
func (r *request) load() (*config.Profile, error) {
	vars := config.CallerVars()
	if r.profile != "" {
		return config.Load(r.profile, vars)
	}
	settings := append(r.settings, config.Setting{Key: "command", Value: r.words, From: "command line"})
	return config.New(settings, vars)
}

// plan compiles the profile for this machine.
func (r *request) plan() (*launcher.Plan, error) {
	p, err := r.load()
	if err != nil {
		return nil, err
	}
	h, err := launcher.Probe(p)
	if err != nil {
		return nil, err
	}
	withoutHelper(p, h)
	if r.profile == "" {
		return launcher.Compile(p, h, nil)
	}
	return launcher.Compile(p, h, r.words)
}

func cmdRun(args []string) int {
	fs := newFlags("run")
	var r request
	requestFlags(fs, &r)
	statusFD := fs.Int("status-fd", -1, "write events as JSON lines to descriptor `N`")
	if status, ok := parse(fs, args, exitSetup); !ok {
		return status
	}
	events, err := newEvents(*statusFD)
	if err != nil {
		say().Error(err)
		return exitSetup
	}
	if err := r.complete(fs, args); err != nil {
		events.failed(err, exitSetup)
		return misused("run", exitSetup, "%s", err)
	}
	arrivals, err := launcher.Arrivals()
	var plan *launcher.Plan
	if err == nil {
		plan, err = r.plan()
	}
	if err != nil {
		complain(err)
		events.failed(err, exitSetup)
		return exitSetup
	}
	return run(plan, events, arrivals)
}

// run carries a plan out and returns the exit status.
func run(plan *launcher.Plan, events *events, arrivals <-chan launcher.Arrival) int {
	remark(slices.DeleteFunc(slices.Clone(plan.Notes), func(n launcher.Note) bool { return !n.Degraded }))
	sandbox, interrupt, err := start(plan, events, arrivals)
	switch {
	case interrupt != 0:
		status := 128 + int(interrupt)
		events.failed(fmt.Errorf("interrupted by signal %d during the set-up", interrupt), status)
		return status
	case err != nil:
		complain(err)
		status := failureStatus(err)
		events.failed(err, status)
		return status
	}
	go func() {
		for a := range arrivals {
			sandbox.Forward(a)
		}
	}()
	exit, err := sandbox.Wait()
	if err != nil {
		complain(err)
		events.failed(err, exitSetup)
		return exitSetup
	}
	if exit.OOMKilled {
		say().Error(outOfMemory(plan.Profile()))
	}
	if exit.TimedOut {
		say().Errorf("the command was ended by limits.timeout")
	}
	events.exited(exit)
	return exit.Status()
}

// start starts the sandbox. A signal that would end a program ends the launch
// if it is not too late for that; then it is the command's, as are all others.
func start(plan *launcher.Plan, events *events, arrivals <-chan launcher.Arrival) (*launcher.Sandbox, syscall.Signal, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type result struct {
		sandbox *launcher.Sandbox
		err     error
	}
	done := make(chan result, 1)
	go func() {
		s, err := launcher.Start(ctx, plan, launcher.Options{Started: events.started, Place: place, Notify: tellManager(), JobControl: true})
		done <- result{s, err}
	}()
	var early []launcher.Arrival
	var interrupt syscall.Signal
	for {
		select {
		case r := <-done:
			if r.err != nil {
				return nil, interrupt, r.err
			}
			closeSockets(plan)
			for _, a := range early {
				r.sandbox.Forward(a)
			}
			return r.sandbox, 0, nil
		case a := <-arrivals:
			early = append(early, a)
			switch a.Signal {
			case unix.SIGCONT, unix.SIGTSTP, unix.SIGWINCH:
			default:
				interrupt = a.Signal
				cancel()
			}
		}
	}
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

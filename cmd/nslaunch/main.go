// Nslaunch runs a command in the sandbox that a profile declares. It reads the profile with package config, launches with
// package launcher, and writes the record of the sandbox. With --detach it runs itself again as the launcher, in a session of
// its own.
package main

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/manual"
	"github.com/nslaunch/nslaunch/launcher"
)

// The signal that the caller may have asked for at its death is the main thread's, which so has to be the one that
// becomes the resident. It is locked while packages are initialised: between that and main, the runtime may
// move main to another thread.
var _ = lockMainThread()

func lockMainThread() struct{} {
	runtime.LockOSThread()
	return struct{}{}
}

func main() {
	launcher.Child()
	voice := new(cli.Voice)
	if r := launcher.Resumed(); r != nil {
		if c, words, ok := called(os.Args[1:]); ok {
			c.Heed(voice, words)
		}
		os.Exit(resume(voice, r))
	}
	if os.Args[0] == supervisorName && len(os.Args) > 1 {
		os.Exit(supervise(voice, os.Args[1:]))
	}
	os.Exit(dispatch(voice, os.Args[1:]))
}

// commands gives the commands in the order in which help lists them. Who looks for one makes no more of them
// than it has to: a launch does.
func commands(yield func(cli.Command) bool) {
	for _, command := range []func() cli.Command{
		initCommand,
		runCommand,
		checkCommand,
		explainCommand,
		planCommand,
		showCommand,
		execCommand,
		shellCommand,
		psCommand,
		stopCommand,
		waitCommand,
		logsCommand,
		unitCommand,
		nsCommand,
		doctorCommand,
		schemaCommand,
		versionCommand,
		completionCommand,
		manCommand,
		helpCommand,
	} {
		if !yield(command()) {
			return
		}
	}
}

// called returns the command that the arguments name, and its own arguments. A profile in its place means run.
func called(args []string) (c cli.Command, words []string, ok bool) {
	if len(args) == 0 {
		return c, nil, false
	}
	if first := args[0]; first == "-" || !strings.HasPrefix(first, "-") && isProfile(first) {
		return runCommand(), args, true
	}
	for at, n := 0, 1; n > 0 && at < len(args); at += n {
		name := args[at]
		switch name {
		case "-h", "--help":
			name = "help"
		case "--version":
			name = "version"
		}
		if c, ok := cli.Find(commands, name); ok {
			return c, slices.Concat(args[:at], args[at+1:]), true
		}
		n = cli.CommonWords(args[at:])
	}
	return runCommand(), args, strings.HasPrefix(args[0], "-")
}

// dispatch calls the command that the arguments name.
func dispatch(v *cli.Voice, args []string) int {
	if len(args) == 0 {
		os.Stderr.WriteString(manual.Help(commands))
		return cli.ExitUsage
	}
	if c, words, ok := called(args); ok {
		return c.Do(v, words)
	}
	first := args[0]
	if first == manual.CompleteWord {
		return complete(v, args[1:])
	}
	v.Errorf("%q is neither a command nor a profile%s", first, commandHint(args))
	return cli.ExitUsage
}

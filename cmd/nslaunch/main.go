// Nslaunch runs commands in sandboxes that a profile declares.
package main

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
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
	if r := launcher.Resumed(); r != nil {
		os.Exit(resume(r))
	}
	if os.Args[0] == supervisorName && len(os.Args) > 1 {
		os.Exit(supervise(os.Args[1:]))
	}
	os.Exit(dispatch(os.Args[1:]))
}

// command is one of nslaunch's own commands.
type command struct {
	name    string
	usage   string // its arguments
	summary string
	run     func(args []string) int
}

// commands returns the commands in the order in which help lists them.
func commands() []command {
	return []command{
		{"init", "[-t TEMPLATE] [--list [--json]] [FILE]", "write a profile to begin with", cmdInit},
		{"run", "[FLAGS] PROFILE [--] [ARGV…]", "run a command in a sandbox", cmdRun},
		{"check", "[FLAGS] PROFILE…", "report every problem of profiles", cmdCheck},
		{"plan", "[--json|--syscalls] PROFILE [--] [ARGV…]", "print what run would do, step by step", cmdPlan},
		{"show", "[--origin] [--json] PROFILE [KEY]", "print a profile with all that it extends, as one", cmdShow},
		{"exec", "[--ns LIST] NAME|PID [--] [ARGV…]", "run a command in a sandbox that runs, or in a process's namespaces", cmdExec},
		{"shell", "PROFILE", "run a shell in a profile's sandbox, the one that runs or a new one", cmdShell},
		{"ps", "[--all] [--json]", "list the sandboxes that run", cmdPS},
		{"stop", "[--time TIME] NAME…", "end sandboxes", cmdStop},
		{"wait", "NAME", "wait for a sandbox, and exit with its status", cmdWait},
		{"logs", "[-f] NAME", "print the output of a detached sandbox", cmdLogs},
		{"unit", "[--user] [--setenv NAME=VALUE] PROFILE", "print a unit file for systemd that runs a profile", cmdUnit},
		{"ns", "[--type TYPE] [--json]", "list the namespaces of this machine", cmdNS},
		{"doctor", "[FLAGS] [PROFILE]", "try what this machine lets the caller do, and whether a profile can run", cmdDoctor},
		{"schema", "", "print the JSON Schema of profiles, for editors", cmdSchema},
		{"version", "[--json]", "print the version", cmdVersion},
		{"completion", "bash|zsh|fish", "print a shell's completion script", cmdCompletion},
		{"man", "[1|5]", "print the manual page: of nslaunch, or of profiles", cmdMan},
		{"help", "[--json] [COMMAND]", "print this, or a command's flags", cmdHelp},
	}
}

func find(name string) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// dispatch runs the command that the arguments name. A profile in its place means run.
func dispatch(args []string) int {
	if len(args) == 0 {
		os.Stderr.WriteString(helpText())
		return exitUsage
	}
	for at, n := 0, 1; n > 0 && at < len(args); at += n {
		name := args[at]
		switch name {
		case "-h", "--help":
			name = "help"
		case "--version":
			name = "version"
		}
		if c, ok := find(name); ok {
			return c.run(slices.Concat(args[:at], args[at+1:]))
		}
		n = commonWords(args[at:])
	}
	first := args[0]
	if first == completeWord {
		return cmdComplete(args[1:])
	}
	if isProfile(first) || strings.HasPrefix(first, "-") {
		return cmdRun(args)
	}
	if preset := "preset:" + first; slices.Contains(config.Presets(), preset) {
		say().Errorf("%q is neither a command nor a profile (did you mean %q?)", first, preset)
		return exitUsage
	}
	say().Errorf("%q is neither a command nor a profile, which has a \"/\", ends in .toml or is preset:NAME (see nslaunch help)", first)
	return exitUsage
}

// commonWords is how many words a flag takes at the beginning of args that all commands have, and that so may stand
// before a command's name, too; 0 if there is none.
func commonWords(args []string) int {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return 0
	}
	switch name, _, assigned := strings.Cut(strings.TrimLeft(args[0], "-"), "="); {
	case newFlags("").Lookup(name) == nil:
		return 0
	case assigned:
		return 1
	}
	return 2
}

// isProfile tells a profile from a command word by its form alone: no file
// that happens to lie around changes what a line means.
func isProfile(arg string) bool {
	return surelyProfile(arg) || strings.Contains(arg, "/")
}

// surelyProfile reports whether a word is a profile also after flags that may stand in place of one: a path
// may then be a command's.
func surelyProfile(arg string) bool {
	return arg == "-" || config.IsPreset(arg) || strings.HasSuffix(arg, ".toml")
}

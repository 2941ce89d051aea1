package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/meant"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
)

// wantProfile says what a profile looks like on a command line.
const wantProfile = `a profile has a "/", ends in .toml or is preset:NAME`

// isProfile reports whether an argument is a profile and no command. Only its spelling counts: no file
// that happens to exist changes what a line means.
func isProfile(arg string) bool {
	return surelyProfile(arg) || strings.Contains(arg, "/")
}

// surelyProfile reports whether an argument is a profile also after flags that can take the place of one: a path
// may then be a command's.
func surelyProfile(arg string) bool {
	return arg == "-" || config.IsPreset(arg) || strings.HasSuffix(arg, ".toml")
}

// notProfile is the error of an argument in the place of a profile. command is the one of ours, whose name is the first of the line.
func notProfile(command string, args []string) error {
	name := args[0]
	if hint := fileHint(name); hint != "" {
		return fmt.Errorf("%q is not a profile%s", name, hint)
	}
	if f, err := records.Find(name); err == nil && f.State == records.Running {
		return fmt.Errorf("%q is not a profile, but a sandbox that runs (nslaunch exec %s runs a command in it)", name, quote.Words(append([]string{name}, args[1:]...), " "))
	}
	if program(name) {
		return fmt.Errorf("%q is not a profile (for a program, put one in front: nslaunch %s preset:dev %s)", name, command, quote.Words(args, " "))
	}
	if strings.Contains(name, ":") {
		return noImage(command, args)
	}
	return fmt.Errorf("%q is not a profile: %s", name, wantProfile)
}

// image reports whether a word is spelt as an image of docker with a tag.
func image(word string) bool {
	name, tag, ok := strings.Cut(word, ":")
	return ok && name != "" && tag != "" && !strings.ContainsAny(word, "=, ")
}

// noImage is the error of an image of docker, such as node:20, in the place of a profile.
func noImage(command string, args []string) error {
	words, preset := "COMMAND", "preset:dev"
	if len(args) > 1 {
		words = quote.Words(args[1:], " ")
		if own := "preset:" + args[1]; slices.Contains(config.Presets(), own) {
			preset = own
		}
	}
	return fmt.Errorf("%q is not a profile, and nslaunch has no images (nslaunch %s %s %s uses the host's programs; nslaunch %[2]s --new all --bind DIR:/ --set dev=minimal -- %[4]s those of a directory)",
		args[0], command, preset, words)
}

// fileHint says which profile may have been meant by a name that is none; "" if there is none of that kind.
func fileHint(name string) string {
	if preset := "preset:" + name; slices.Contains(config.Presets(), preset) {
		return fmt.Sprintf(" (did you mean %q?)", preset)
	}
	if isFile(name + ".toml") {
		return fmt.Sprintf(" (did you mean %q?)", name+".toml")
	}
	if program(name) {
		return ""
	}
	if isFile(name) {
		return fmt.Sprintf(" (for the file, write %s)", quote.Word("./"+name))
	}
	files, _ := filepath.Glob("*.toml")
	known := slices.Concat(files, config.Presets())
	for _, preset := range config.Presets() {
		if meant.Word(name, []string{strings.TrimPrefix(preset, "preset:")}) != "" {
			return fmt.Sprintf(" (did you mean %q?)", preset)
		}
	}
	return meant.Word(name, known)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// program reports whether PATH has a program of this name.
func program(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// commandHint says what may have been meant by arguments that begin with no command and no profile.
func commandHint(args []string) string {
	first := args[0]
	if slices.Contains(config.Presets(), "preset:"+first) && program(first) { // such as npm
		return fmt.Sprintf(" (to run the program in a sandbox: nslaunch preset:%s %s)", first, quote.Words(args, " "))
	}
	if hint := fileHint(first); hint != "" {
		return hint
	}
	if hint := meant.Command(first, names()); hint != "" {
		return hint
	}
	if program(first) {
		return fmt.Sprintf(" (to run a program in a sandbox: nslaunch run preset:dev %s)", quote.Words(args, " "))
	}
	return ": " + wantProfile + " (see nslaunch help)"
}

// valueProfile refuses a profile that a flag has for its value, and so does not run.
func valueProfile(c *cli.Call) error {
	at := len(c.Words) - len(c.Args)
	if c.Dashed {
		at--
	}
	if at < 2 || !surelyProfile(c.Words[at-1]) || c.Words[at-1] == "-" {
		return nil
	}
	typed, value := c.Words[at-2], c.Words[at-1]
	name := strings.TrimLeft(typed, "-")
	f := cli.Lookup(c.Command.FlagSet(), name)
	if f == nil || name == typed || cli.IsSwitch(f) || slices.Contains([]string{"bind", "ro-bind", "tmpfs", "cwd"}, f.Name) {
		return nil
	}
	all := c.Command.FlagList()
	of := all[slices.IndexFunc(all, func(all cli.Flag) bool { return all.Name == f.Name })]
	return fmt.Errorf("there is no profile: %q is the value of %s (write %[2]s %s %s)", value, typed, of.Value, quote.Words(append([]string{value}, c.Args...), " "))
}

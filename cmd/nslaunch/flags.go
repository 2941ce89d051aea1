package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// newFlags returns the flag set of a command. It prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// parse parses a command's flags. Unless ok, the command is to end with status,
// which is usage for what is wrong.
func parse(fs *flag.FlagSet, args []string, usage int) (status int, ok bool) {
	err := fs.Parse(args)
	switch {
	case err == nil:
		return 0, true
	case errors.Is(err, flag.ErrHelp):
		c, _ := find(fs.Name())
		os.Stdout.WriteString(commandHelp(c, fs))
		return exitOK, false
	}
	return misused(fs.Name(), usage, "%s", dashes(err.Error())), false
}

// dashes writes flags as we document them: package flag's words name them with one dash.
func dashes(s string) string {
	if rest, ok := strings.CutPrefix(s, "flag provided but not defined: -"); ok {
		return "unknown flag --" + rest
	}
	return strings.Replace(s, " -", " --", 1)
}

// misused says how a command is used and returns the status.
func misused(name string, status int, format string, args ...any) int {
	say().Errorf(format+" (see nslaunch help %s)", append(args, name)...)
	return status
}

// commandHelp is the help of one command.
func commandHelp(c command, fs *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: nslaunch %s %s\n%s\n", c.name, c.usage, c.summary)
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			b.WriteString("\nflags:\n")
			first = false
		}
		value, usage := flag.UnquoteUsage(f)
		if value != "" {
			value = " " + value
		}
		fmt.Fprintf(&b, "  %-28s %s\n", "--"+f.Name+value, usage)
	})
	return b.String()
}

package main

import (
	"errors"
	"flag"
	"io"
	"strings"
)

// newFlags returns the flag set of a command. It prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	wordFlags(fs)
	return fs
}

// parse parses a command's flags. Unless ok, the command is to end with status,
// which is usage for what is wrong.
func parse(fs *flag.FlagSet, args []string, usage int) (status int, ok bool) {
	if len(args) == 1 && args[0] == askFlags {
		panic(asked{fs})
	}
	err := fs.Parse(args)
	switch {
	case err == nil:
		return 0, true
	case errors.Is(err, flag.ErrHelp):
		c, _ := find(fs.Name())
		if status = put(commandHelp(c, fs)); status != exitOK && usage == exitSetup {
			status = exitSetup
		}
		return status, false
	}
	return misused(fs.Name(), usage, "%s", dashes(err.Error())), false
}

// askFlags is an argument that nobody can give: it asks a command for its flags, which only the command knows.
const askFlags = "\x00"

// asked is the answer, and the end of the command.
type asked struct{ *flag.FlagSet }

// flags returns the flags of a command.
func (c command) flags() (fs *flag.FlagSet) {
	defer func() {
		switch answer := recover().(type) {
		case nil:
		case asked:
			fs = answer.FlagSet
		default:
			panic(answer)
		}
	}()
	c.run([]string{askFlags})
	return nil
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

// Package cli defines what a command of nslaunch is: a value with its flags, its arguments and what it does. A command speaks with a [Voice],
// and ends with an exit status. Package manual describes commands.
package cli

import (
	"flag"
	"iter"
	"strings"
)

// Command is one of nslaunch's own commands.
type Command struct {
	Name     string
	Options  string // the flags that its usage names: "[-t TEMPLATE] [--list [--json]]"
	Args     []Arg
	Summary  string
	Examples []Example
	Groups   []FlagGroup // of its flags; those in none come after them
	Relays   bool        // its exit status is that of what it runs or waits for

	// Flags adds its flags, and returns what is done once they have been read. It does nothing else: help and
	// completion call it, too.
	Flags func(*flag.FlagSet) Run
}

// Run does what a command is for, and returns its exit status.
type Run func(*Call) int

// Arg is an argument of a command.
type Arg struct {
	Word     string   // its placeholder in texts: PROFILE; "" of one that has Words
	Words    []string // those that it may be, if it is one of some
	Kind     Kind
	Optional bool
	Many     bool // there may be more of them
}

// Kind is what an argument names.
type Kind int

// The kinds of arguments. Completion offers what there is of a kind.
const (
	Word        Kind = iota // any other argument
	Profile                 // a path of one, or a preset
	Sandbox                 // that runs
	PastSandbox             // that runs or has ended
	Namespace               // the inode number of one
	Explained               // a profile, or a sandbox that runs
	CommandName             // of nslaunch
	Key                     // of a profile
	File
	Argv // the words of a command to run, before which "--" may stand
)

// String returns the argument in the form of a usage line: [FILE], NAME…, bash|zsh|fish.
func (a Arg) String() string {
	s := a.Word
	if a.Words != nil {
		s = strings.Join(a.Words, "|")
	}
	if a.Many {
		s += "…"
	}
	if a.Optional {
		s = "[" + s + "]"
	}
	if a.Kind == Argv {
		s = "[--] " + s
	}
	return s
}

// Usage returns what may stand after the command's name.
func (c Command) Usage() string {
	var parts []string
	if c.Options != "" {
		parts = append(parts, c.Options)
	}
	for _, a := range c.Args {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, " ")
}

// Line returns the command as a user enters it.
func (c Command) Line() string { return strings.TrimRight("nslaunch "+c.Name+" "+c.Usage(), " ") }

// failed is the status of what kept the command from what it is for.
func (c Command) failed() int {
	if c.Relays {
		return ExitSetup
	}
	return ExitProblem
}

// misused is the status of a command line that is wrong.
func (c Command) misused() int {
	if c.Relays {
		return ExitSetup
	}
	return ExitUsage
}

// Find returns the command of a name. Those after it are not made.
func Find(commands iter.Seq[Command], name string) (Command, bool) {
	for c := range commands {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}

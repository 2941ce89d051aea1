package cli

import (
	"fmt"
	"strings"
)

// Call is one call of a command.
type Call struct {
	*Voice
	Command Command
	Words   []string // all that stands after the command's name
	Args    []string // what is left of them after the flags
	Dashed  bool     // "--" stands before Args
}

// Do calls the command with the words after its name, and returns the exit status.
func (c Command) Do(v *Voice, words []string) int {
	fs := newFlags(c.Name, v)
	run := c.Flags(fs)
	words = split(fs, words)
	call := &Call{Voice: v, Command: c, Words: words}
	wrong, err := parse(fs, words)
	for _, text := range wrong {
		call.Misused("%s", text)
	}
	switch {
	case len(wrong) > 0:
		return c.misused()
	case err != nil:
		return call.Put(c.Help())
	case len(c.Args) == 0 && fs.NArg() > 0:
		return call.Misused("unexpected argument %q", fs.Arg(0))
	}
	call.Args = fs.Args()
	if at := len(words) - len(call.Args); at > 0 {
		call.Dashed = words[at-1] == "--" && c.parses(words[:at-1])
	}
	return run(call)
}

// parses reports whether words are flags with all of their values: a "--" behind them is no value then.
func (c Command) parses(words []string) bool {
	fs := newFlags(c.Name, &Voice{})
	c.Flags(fs)
	return fs.Parse(words) == nil
}

// Heed gives the voice the flags that change it. A process that goes on with what the command began calls it.
func (c Command) Heed(v *Voice, words []string) {
	fs := newFlags(c.Name, v)
	c.Flags(fs)
	_ = fs.Parse(split(fs, words)) // the command has read them without an error
}

// Arg returns an argument, "" if it was not given.
func (c *Call) Arg(i int) string {
	if i >= len(c.Args) {
		return ""
	}
	return c.Args[i]
}

// Misused says what is wrong with the command line, and returns the status.
func (c *Call) Misused(format string, args ...any) int {
	text := fmt.Sprintf(format, args...)
	if !strings.HasSuffix(text, ")") { // which is a hint already
		text += " (see nslaunch help " + c.Command.Name + ")"
	}
	c.Errorf("%s", text)
	return c.Command.misused()
}

// Fail says why the command cannot do what it is for, and returns the status.
func (c *Call) Fail(err error) int {
	c.Complain(err)
	return c.Command.failed()
}

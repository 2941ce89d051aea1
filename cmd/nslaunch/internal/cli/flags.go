package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/meant"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Value is the value of a flag that says what it may be.
type Value struct {
	Put   func(string) error
	Words []string // that it may be
	Key   string   // of the profile, which it sets
}

// Set implements [flag.Value].
func (v *Value) Set(s string) error { return v.Put(s) }

// String implements [flag.Value].
func (v *Value) String() string { return "" }

// Flag describes a flag of a command.
type Flag struct {
	Name  string   `json:"name"`
	Also  []string `json:"also,omitempty"`  // its other names
	Value string   `json:"value,omitempty"` // its placeholder in texts; "" of a flag without a value
	Usage string   `json:"usage"`
}

// Dashed returns the flag as a user enters it.
func (f Flag) Dashed() string { return dashed(f.Name) }

// All returns the flag with its other names, those of one letter first: "-n, --lines".
func (f Flag) All() string {
	var all []string
	for _, name := range append([]string{f.Name}, f.Also...) {
		all = append(all, dashed(name))
	}
	slices.SortStableFunc(all, func(a, b string) int { return min(len(a), 3) - min(len(b), 3) })
	return strings.Join(all, ", ")
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// FlagList describes the flags of a command, in the order of their names.
func (c Command) FlagList() []Flag { return list(c.FlagSet()) }

// FlagSet returns the flags of a command, for callers that list them.
func (c Command) FlagSet() *flag.FlagSet {
	fs := newFlags(c.Name, &Voice{})
	c.Flags(fs)
	return fs
}

// CommonFlags describes those that every command has.
func CommonFlags() []Flag { return list(newFlags("", &Voice{})) }

// CommonWords returns how many words a flag that every command has takes at the beginning of args: it may stand
// before a command's name, too. 0 if there is none.
func CommonWords(args []string) int {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return 0
	}
	switch name, _, assigned := strings.Cut(strings.TrimLeft(args[0], "-"), "="); {
	case newFlags("", &Voice{}).Lookup(name) == nil:
		return 0
	case assigned:
		return 1
	}
	return 2
}

// newFlags returns a flag set, which prints nothing by itself, with the flags that every command has. They
// change the voice.
func newFlags(name string, v *Voice) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	oneOf := func(to *string, words ...string) *Value {
		return &Value{Words: words, Put: func(s string) error {
			if !slices.Contains(words, s) {
				return fmt.Errorf("want %s", strings.Join(words, ", "))
			}
			*to = s
			return nil
		}}
	}
	fs.Var(oneOf(&v.color, "auto", "always", "never"), "color", "use colours: `WHEN` is auto (default: on a terminal), always or never")
	fs.Var(oneOf(&v.format, "text", "json"), "log-format", "write errors and notes in `FORMAT`: text (default) or json")
	return fs
}

// NoValue is the error of a flag that has no value and got one.
const NoValue = "this flag has no value"

// valueError says what is wrong with the value of a flag that there is. It is the last argument that was parsed, or the
// one before its value.
func valueError(fs *flag.FlagSet, words []string, text string) string {
	last := len(words) - fs.NArg() - 1
	for at := last; at >= 0 && at >= last-1; at-- {
		typed, value, assigned := strings.Cut(words[at], "=")
		name := strings.TrimLeft(typed, "-")
		f := fs.Lookup(name)
		if f == nil || name == typed {
			continue
		}
		if !assigned && at < last {
			value = words[last]
		}
		_, why, ok := strings.Cut(text, " for flag -"+name+": ")
		if isSwitch(f.Value) {
			_, why, ok = strings.Cut(text, " for -"+name+": ")
		}
		switch {
		case ok && assigned && (why == "parse error" || why == NoValue):
			return fmt.Sprintf("%s has no value, got %q (write %[1]s alone)", typed, value)
		case ok:
			return fmt.Sprintf("invalid value %q for flag %s: %s", value, typed, why)
		case text == "flag needs an argument: -"+name:
			return "flag needs an argument: " + typed
		}
	}
	return text
}

func list(fs *flag.FlagSet) []Flag {
	var all []Flag
	fs.VisitAll(func(f *flag.Flag) {
		if Lookup(fs, f.Name) == f {
			value, usage := flag.UnquoteUsage(f)
			all = append(all, Flag{f.Name, names(fs, f.Name), value, usage})
		}
	})
	return all
}

// flagError says what is wrong with a flag, which it names as the user did: package flag names all with one dash. words are
// those that have been parsed. rest are the words after an unknown flag and its value, if they begin with another flag.
func flagError(fs *flag.FlagSet, words []string, err error) (text string, rest []string) {
	text = err.Error()
	name, unknown := strings.CutPrefix(text, "flag provided but not defined: -")
	if !unknown {
		return valueError(fs, words, text), nil
	}
	typed, args := dashed(name), fs.Args()
	assigned := false
	if at := len(words) - fs.NArg() - 1; at >= 0 && strings.HasPrefix(words[at], "-") {
		var value string
		if typed, value, assigned = strings.Cut(words[at], "="); assigned {
			args = []string{value}
		}
	}
	hint, own := meant.Flag(fs.Name(), meant.Typed{Name: name, Args: args, Assigned: assigned}, known(fs))
	if rest = fs.Args()[own:]; len(rest) == 0 || len(rest[0]) < 2 || rest[0][0] != '-' || rest[0] == "--" {
		rest = nil
	}
	return "unknown flag " + quote.Line(typed) + hint, rest
}

// parse reads flags, and returns all that is wrong with them: it goes on after an unknown flag. The error is [flag.ErrHelp], if any.
func parse(fs *flag.FlagSet, words []string) (wrong []string, err error) {
	for {
		err := fs.Parse(words)
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return wrong, err
		}
		text, rest := flagError(fs, words, err)
		if wrong = append(wrong, text); rest == nil {
			return wrong, nil
		}
		words = rest
	}
}

// known returns the names of all flags of a command.
func known(fs *flag.FlagSet) []string {
	var all []string
	fs.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) })
	return all
}

// Foreign returns what to write for a flag of ours, with its value, that is meant as one of another program; "" if it has no such meaning.
func Foreign(fs *flag.FlagSet, name string, args ...string) string {
	return meant.Foreign(fs.Name(), meant.Typed{Name: name, Args: args}, known(fs))
}

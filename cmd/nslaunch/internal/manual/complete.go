package manual

import (
	"fmt"
	"iter"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
)

// CompleteWord is what the scripts call nslaunch with, and the words up to the cursor.
const CompleteWord = "__complete"

// Offer is a word that may stand at the cursor, and what it is.
type Offer struct{ Word, Says string }

// files is the offer of any file.
func files() []Offer { return []Offer{{Word: ":files"}} }

// Completions returns what the last word can become, one candidate a line, perhaps with a description
// after a tab. ":files" asks the shell for the names of files.
func Completions(commands iter.Seq[cli.Command], words []string) string {
	if len(words) == 0 {
		words = []string{""}
	}
	var b strings.Builder
	for _, o := range Complete(commands, words[:len(words)-1], words[len(words)-1]) {
		if o.Says == "" {
			fmt.Fprintln(&b, o.Word)
		} else {
			fmt.Fprintf(&b, "%s\t%s\n", o.Word, o.Says)
		}
	}
	return b.String()
}

// Complete returns what may stand in the place of word, after the words before it. All that it knows
// of a command is what that says of itself.
func Complete(commands iter.Seq[cli.Command], before []string, word string) []Offer {
	for n := cli.CommonWords(before); n > 0 && n <= len(before); n = cli.CommonWords(before) {
		before = before[n:]
	}
	run, _ := cli.Find(commands, "run")
	if len(before) == 0 {
		if strings.HasPrefix(word, "-") {
			return fitting(word, flagOffers(run))
		}
		return append(fitting(word, commandOffers(commands)), profileOffers(word)...)
	}
	c, known := cli.Find(commands, before[0])
	args := before[1:]
	if !known { // a profile in its place
		c, args = run, before
	}
	argument := func(index int) []Offer {
		a, ok := argAt(c, index)
		if !ok {
			return nil
		}
		return argOffers(commands, a, word)
	}
	fs := c.FlagSet()
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		if a == "--" {
			return files()
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			return argument(1 + len(args))
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if f := cli.Lookup(fs, name); f == nil || hasValue || cli.IsSwitch(f) {
			continue
		} else if len(args) == 0 {
			return flagValues(f, word)
		}
		args = args[1:]
	}
	if !strings.HasPrefix(word, "-") {
		return argument(0)
	}
	if name, value, hasValue := strings.Cut(word, "="); hasValue {
		f := cli.Lookup(fs, strings.TrimLeft(name, "-"))
		if f == nil {
			return nil
		}
		all := flagValues(f, value)
		for i := range all {
			if all[i] != files()[0] {
				all[i].Word = name + "=" + all[i].Word
			}
		}
		return all
	}
	return fitting(word, flagOffers(c))
}

// fitting are the offers that begin with word.
func fitting(word string, all []Offer) []Offer {
	var fit []Offer
	for _, o := range all {
		if strings.HasPrefix(o.Word, word) {
			fit = append(fit, o)
		}
	}
	return fit
}

func commandOffers(commands iter.Seq[cli.Command]) []Offer {
	var all []Offer
	for c := range commands {
		all = append(all, Offer{c.Name, c.Summary})
	}
	return all
}

func flagOffers(c cli.Command) []Offer {
	var all []Offer
	for _, f := range c.FlagList() {
		all = append(all, Offer{f.Dashed(), f.Usage})
		for _, name := range f.Also {
			if len(name) > 1 {
				all = append(all, Offer{"--" + name, f.Usage})
			}
		}
	}
	return append(all, Offer{"--help", "print help"})
}

// argAt returns the argument of a command that stands at an index; the last may repeat.
func argAt(c cli.Command, index int) (cli.Arg, bool) {
	last := len(c.Args) - 1
	if index > last && (last < 0 || !c.Args[last].Many) {
		return cli.Arg{}, false
	}
	return c.Args[min(index, last)], true
}

// argOffers are the offers for an argument.
func argOffers(commands iter.Seq[cli.Command], a cli.Arg, word string) []Offer {
	switch a.Kind {
	case cli.Profile:
		return profileOffers(word)
	case cli.Sandbox, cli.PastSandbox:
		return fitting(word, sandboxOffers("", a.Kind == cli.PastSandbox))
	case cli.Namespace:
		return fitting(word, namespaceOffers())
	case cli.Explained:
		return append(fitting(word, sandboxOffers("", false)), profileOffers(word)...)
	case cli.CommandName:
		return fitting(word, commandOffers(commands))
	case cli.Argv, cli.File:
		return files()
	case cli.Key:
		return fitting(word, keyOffers(""))
	}
	return fitting(word, wordOffers(a.Words...))
}

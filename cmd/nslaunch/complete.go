package main

import (
	"flag"
	"strings"
	"unicode"
)

// offer is a word that may stand at the cursor, and what it is.
type offer struct{ word, says string }

// files is the offer of any file.
func files() []offer { return []offer{{word: ":files"}} }

// complete returns what may stand in the place of word, after the words before it. All that it knows
// of a command is its row among the commands, and its flags.
func complete(before []string, word string) []offer {
	for n := commonWords(before); n > 0 && n <= len(before); n = commonWords(before) {
		before = before[n:]
	}
	if len(before) == 0 {
		if strings.HasPrefix(word, "-") {
			run, _ := find("run")
			return fitting(word, flagOffers(run.flags()))
		}
		return append(fitting(word, commandOffers()), profileOffers(word)...)
	}
	c, known := find(before[0])
	args := before[1:]
	if !known {
		c, _ = find("run")
		args = before
	}
	fs := c.flags()
	if fs == nil {
		return nil
	}
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		if a == "--" {
			return files()
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			return placeOffers(c, 1+len(args), word)
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if f := fs.Lookup(name); f == nil || hasValue || isSwitch(f) {
			continue
		} else if len(args) == 0 {
			return flagValues(f, word)
		}
		args = args[1:]
	}
	if !strings.HasPrefix(word, "-") {
		return placeOffers(c, 0, word)
	}
	if name, value, hasValue := strings.Cut(word, "="); hasValue {
		f := fs.Lookup(strings.TrimLeft(name, "-"))
		if f == nil {
			return nil
		}
		all := flagValues(f, value)
		for i := range all {
			if all[i] != files()[0] {
				all[i].word = name + "=" + all[i].word
			}
		}
		return all
	}
	return fitting(word, flagOffers(fs))
}

// fitting are the offers that begin with word.
func fitting(word string, all []offer) []offer {
	var fit []offer
	for _, o := range all {
		if strings.HasPrefix(o.word, word) {
			fit = append(fit, o)
		}
	}
	return fit
}

func commandOffers() []offer {
	var all []offer
	for _, c := range commands() {
		all = append(all, offer{c.name, c.summary})
	}
	return all
}

func flagOffers(fs *flag.FlagSet) []offer {
	var all []offer
	for _, f := range flagsHelp(fs) {
		all = append(all, offer{f.dashed(), f.Usage})
	}
	return append(all, offer{"--help", "print help"})
}

// isSwitch reports whether a flag is one that has no value.
func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// places returns what the arguments of a command are, in order, as its usage has them: PROFILE…,
// NAME|PID, bash|zsh|fish. Flags are left out.
func (c command) places() []string {
	var all []string
	usage := strings.NewReplacer("[", " ", "]", " ").Replace(c.usage)
	fields := strings.Fields(usage)
	for i, f := range fields {
		switch {
		case strings.HasPrefix(f, "-") || f == "FLAGS":
		case i > 0 && strings.HasPrefix(fields[i-1], "-") && fields[i-1] != "--" && !isPlaceAlone(c, fields[i-1]):
		default:
			all = append(all, f)
		}
	}
	return all
}

// isPlaceAlone reports whether what follows a flag in the usage of a command is no value of the flag's.
func isPlaceAlone(c command, name string) bool {
	name, _, _ = strings.Cut(name, "|")
	fs := c.flags()
	if fs == nil {
		return true
	}
	f := fs.Lookup(strings.TrimLeft(name, "-"))
	return f == nil || isSwitch(f)
}

// placeOffers are the offers for the argument at an index; the last place may repeat.
func placeOffers(c command, index int, word string) []offer {
	places := c.places()
	if len(places) == 0 {
		return nil
	}
	if index >= len(places) {
		index = len(places) - 1
		if !strings.HasSuffix(places[index], "…") {
			return nil
		}
	}
	place := strings.TrimSuffix(places[index], "…")
	switch place {
	case "PROFILE":
		return profileOffers(word)
	case "NAME", "NAME|PID":
		return fitting(word, sandboxOffers("", c.name == "wait" || c.name == "logs"))
	case "COMMAND":
		return fitting(word, commandOffers())
	case "ARGV", "FILE":
		return files()
	case "KEY":
		return fitting(word, keyOffers(""))
	}
	if strings.IndexFunc(place, unicode.IsUpper) < 0 { // one of some words
		return fitting(word, wordOffers(strings.Split(place, "|")...))
	}
	return nil
}

package cli

import (
	"flag"
	"slices"
	"strings"
)

// Alias adds another name of the flag of, which help shows beside the first. The value is that of the flag, if v is nil.
func Alias(fs *flag.FlagSet, name, of string, v flag.Value) {
	f := fs.Lookup(of)
	if v == nil {
		v = f.Value
	}
	fs.Var(alias{v, of}, name, f.Usage)
}

// alias is the value of another name of a flag.
type alias struct {
	flag.Value
	of string
}

// String returns the value; "" of the zero alias, which package flag makes to ask for a default.
func (a alias) String() string {
	if a.Value == nil {
		return ""
	}
	return a.Value.String()
}

// IsBoolFlag reports whether the flag has no value.
func (a alias) IsBoolFlag() bool { return isSwitch(a.Value) }

// Lookup returns the flag of a name, or that which the name is an alias of; nil if there is none.
func Lookup(fs *flag.FlagSet, name string) *flag.Flag {
	f := fs.Lookup(name)
	if f != nil {
		if a, ok := f.Value.(alias); ok {
			return fs.Lookup(a.of)
		}
	}
	return f
}

// IsSwitch reports whether a flag has no value.
func IsSwitch(f *flag.Flag) bool { return isSwitch(f.Value) }

func isSwitch(v flag.Value) bool {
	b, ok := v.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// split separates combined flags of one letter, as getopt(3) reads them: -rn is -r -n, and -n5 is -n=5. It does not split the name of
// a flag, or an argument with a letter that no flag has. Arguments after the flags do not change.
func split(fs *flag.FlagSet, words []string) []string {
	var all []string
	for i := 0; i < len(words); i++ {
		word := words[i]
		if len(word) < 2 || word[0] != '-' || word == "--" {
			return append(all, words[i:]...)
		}
		name, _, assigned := strings.Cut(strings.TrimLeft(word, "-"), "=")
		f := fs.Lookup(name)
		if f == nil && word[1] != '-' {
			apart := letters(fs, word[1:], words[i+1:])
			if len(apart) > 0 {
				last := apart[len(apart)-1]
				f, assigned = fs.Lookup(last[1:2]), len(last) > 2
				all = append(all, apart[:len(apart)-1]...)
				word = last
			}
		}
		all = append(all, word)
		if f != nil && !assigned && !IsSwitch(f) && i+1 < len(words) {
			i++
			all = append(all, words[i])
		}
	}
	return all
}

// letters returns the flags that a word without its dash has, nil if it has a letter that is none, also not of another
// program. args are the arguments after it.
func letters(fs *flag.FlagSet, word string, args []string) []string {
	var all []string
	for i := range len(word) {
		letter := word[i : i+1]
		switch f, rest := fs.Lookup(letter), word[i+1:]; {
		case f == nil && (len(word) == 1 || Foreign(fs, word, args...) != "" || Foreign(fs, letter, args...) == ""):
			return nil
		case f == nil:
			all = append(all, "-"+letter)
		case IsSwitch(f):
			all = append(all, "-"+letter)
		case rest == "":
			return append(all, "-"+letter)
		default:
			return append(all, "-"+letter+"="+strings.TrimPrefix(rest, "="))
		}
	}
	return all
}

// names returns the other names of a flag.
func names(fs *flag.FlagSet, of string) []string {
	var all []string
	fs.VisitAll(func(f *flag.Flag) {
		if a, ok := f.Value.(alias); ok && a.of == of {
			all = append(all, f.Name)
		}
	})
	slices.SortStableFunc(all, func(a, b string) int { return len(a) - len(b) })
	return all
}

package meant

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nearest"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Typed is a flag as the user wrote it.
type Typed struct {
	Name     string   // without dashes
	Args     []string // the value that was assigned with "=", or else the arguments after the flag
	Assigned bool

	used *int // how many of Args are the flag's own; nil if nobody asks
}

// value is the value of the flag, if it has one.
func (t Typed) value() string { return t.arg(0) }

// arg is an argument of the flag: "" at the end of the line or the next flag.
func (t Typed) arg(i int) string {
	v := t.peek(i)
	if v != "" && t.used != nil {
		*t.used = max(*t.used, i+1)
	}
	return v
}

// peek is an argument after the flag, which may be another's.
func (t Typed) peek(i int) string {
	for at, a := range t.Args {
		if strings.HasPrefix(a, "-") && !t.Assigned && !digits(a[1:]) {
			break
		}
		if at == i {
			return a
		}
	}
	return ""
}

// Flag returns a hint at what to write for a flag that a command of ours does not have; "" if there is none. known are
// the flags that the command has. own is how many of the arguments after the flag surely belong to it.
func Flag(command string, t Typed, known []string) (hint string, own int) {
	t.used = &own
	if hint := Foreign(command, t, known); hint != "" {
		if t.Assigned {
			own = 0
		}
		return " (" + hint + ")", own
	}
	return similar(t, known), 0
}

// similar returns a hint at the flag that is spelt almost the same; "" if there is none.
func similar(t Typed, known []string) string {
	if len(t.Name) == 1 || slices.ContainsFunc(foreignFlags(), func(f flag) bool { return f.is(t) }) {
		return ""
	}
	long := slices.DeleteFunc(slices.Clone(known), func(f string) bool { return len(f) == 1 })
	if meant := nearest.Of(t.Name, long); meant != "" {
		return " (did you mean --" + meant + "?)"
	}
	return ""
}

// Foreign returns what to write for a flag of another program, or why there is nothing to write; "" if the flag or its value
// is none of theirs.
func Foreign(command string, t Typed, known []string) string {
	for _, f := range foreignFlags() {
		if t.used != nil {
			*t.used = 0
		}
		if !f.is(t) || f.in != "" && f.in != command {
			continue
		}
		write := f.write
		if f.as != nil {
			write = f.as(t)
		}
		write = withMount(write, known)
		switch {
		case write != "" && all(write, known) && f.also != "":
			return "write " + fill(write, t) + "; " + f.also
		case write != "" && all(write, known):
			return "write " + fill(write, t)
		case write == "" && f.note != "" && (f.in != "" || slices.Contains(known, "set")):
			return f.note
		}
	}
	return ""
}

// is reports whether a row is about a flag and its value.
func (f flag) is(t Typed) bool {
	if !matches(f.names, t.Name) {
		return false
	}
	switch f.value {
	case "":
		return true
	case assigned:
		return t.Assigned
	}
	return matches(f.value, t.value())
}

// matches reports whether one of the patterns of a row matches a text. A "*" also matches slashes.
func matches(patterns, text string) bool {
	flat := strings.NewReplacer("/", "|")
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		ok, _ := path.Match(flat.Replace(pattern), flat.Replace(text))
		return ok
	})
}

// all reports whether a command has all flags of a hint.
func all(write string, known []string) bool {
	inShell := false // in a command whose output is the value
	for _, word := range strings.Fields(write) {
		if inShell = strings.Contains(word, "$(") || inShell && !strings.HasSuffix(word, ")"); inShell {
			continue
		}
		if name := strings.TrimLeft(word, "-"); name != word && !slices.Contains(known, name) {
			return false
		}
	}
	return true
}

// withMount adds the mount namespace that settings of files need where no profile has one.
func withMount(write string, known []string) string {
	for _, flag := range []string{"--new ", "--bind ", "--ro-bind ", "--tmpfs "} {
		if strings.Contains(write, flag) || !slices.Contains(known, "new") {
			return write
		}
	}
	for _, key := range []string{"mounts.", "root.", "root=", "dev=", "service."} {
		if strings.Contains(write, "--set "+key) {
			return "--new mount " + write
		}
	}
	return write
}

// fill puts the arguments of a flag into a hint, and quotes each word for a shell. A hint with a "$" is a text for the
// shell already. A placeholder whose argument is missing stays as a word, such as PATH.
func fill(write string, t Typed) string {
	words, shell := strings.Fields(write), strings.Contains(write, "$")
	for i, word := range words {
		var b strings.Builder
		for {
			before, rest, ok := strings.Cut(word, "{")
			b.WriteString(before)
			if !ok {
				break
			}
			name, after, _ := strings.Cut(rest, "}")
			word = after
			b.WriteString(argument(name, t, shell))
		}
		words[i] = b.String()
		if !shell {
			words[i] = quote.Word(words[i])
		}
	}
	return strings.Join(words, " ")
}

// argument returns what a placeholder means: "PATH" the first argument of the flag, "2PATH" the second. One that a hint
// cannot contain stays a placeholder.
func argument(name string, t Typed, shell bool) string {
	at := 0
	if name[0] >= '1' && name[0] <= '9' {
		at, name = int(name[0]-'1'), name[1:]
	}
	v := t.arg(at)
	if v == "" || strings.ContainsAny(v, `"\$`) || shell && quote.Word(v) != v {
		return name
	}
	return v
}

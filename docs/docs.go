// Package docs embeds the pages on the profile language. The JSON Schema, the help and the manual quote them.
package docs

import (
	_ "embed"
	"strings"
)

// Profile is the page that lists every key of the profile language, in Markdown.
//
//go:embed reference/profile.md
var Profile string

// Extending is the page on extends, presets and --set, in Markdown.
//
//go:embed reference/extending.md
var Extending string

// Key is what the page says about one key.
type Key struct {
	Path     string   // as in errors: process.cwd, mounts."/path".ro
	Meaning  string   // its first paragraph
	Facts    []Fact   // type, default, what it needs, as far as the page names them
	Default  string   // the default in TOML; "" if there is none, or if it depends on something
	Examples []string // lines of TOML that set the key
}

// Fact is a named property of a key, such as its type.
type Fact struct{ Name, Text string }

// Keys returns the keys that the page describes, in its order. A key has a heading in backquotes, below that a
// paragraph, and below that a list of facts. Keys of one form have rows in a table whose first column is "key".
func Keys() []Key {
	r := reader{index: map[string]int{}}
	for line := range strings.Lines(Profile) {
		r.line(strings.TrimSpace(line))
	}
	return r.keys
}

// reader reads the page line by line.
type reader struct {
	keys  []Key
	index map[string]int // of keys, by path

	here  []string // the keys of the heading above
	state state
	head  []string // of the table that is being read; nil outside of one
}

// state is the part of a key's description that the reader is in.
type state int

const (
	atText    state = iota // what follows the facts
	atHeading              // right below the heading
	atMeaning              // in the first paragraph
	atFacts                // in the list of facts
)

func (r *reader) line(line string) {
	if title := strings.TrimLeft(line, "#"); title != line {
		r.here, r.state, r.head = nil, atText, nil
		if strings.HasPrefix(title, " `") {
			r.here, r.state = quoted(title), atHeading
		}
		return
	}
	if cells := row(line); cells != nil {
		r.row(cells)
		return
	}
	r.head = nil
	fact, isFact := strings.CutPrefix(line, "- ")
	switch {
	case line == "":
		switch r.state {
		case atMeaning:
			r.state = atFacts
		case atFacts:
			if len(r.here) > 0 && len(r.key(r.here[0]).Facts) > 0 {
				r.state = atText
			}
		}
	case r.state == atFacts && isFact:
		for _, path := range r.here {
			name, text, _ := strings.Cut(fact, ": ")
			r.key(path).add(name, text)
		}
	case r.state == atHeading || r.state == atMeaning:
		for _, path := range r.here {
			k := r.key(path)
			k.Meaning = strings.TrimSpace(k.Meaning + " " + line)
		}
		r.state = atMeaning
	default:
		r.state = atText
	}
}

// row reads a row of a table, if that is one of keys.
func (r *reader) row(cells []string) {
	if r.head == nil {
		r.head = cells
		return
	}
	for at, name := range r.head {
		if name != "key" || at >= len(cells) {
			continue
		}
		for _, path := range quoted(cells[at]) {
			for i := at + 1; i < len(r.head) && i < len(cells) && r.head[i] != "key"; i++ {
				r.key(path).add(r.head[i], cells[i])
			}
		}
	}
}

// key returns the key of that path, which is valid until the next call.
func (r *reader) key(path string) *Key {
	i, ok := r.index[path]
	if !ok {
		i = len(r.keys)
		r.index[path] = i
		r.keys = append(r.keys, Key{Path: path})
	}
	return &r.keys[i]
}

// add adds a fact. Only a default that is one piece of code is a value of TOML.
func (k *Key) add(name, text string) {
	name = strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
	switch code := quoted(text); {
	case text == "":
		return
	case name == "Meaning":
		k.Meaning = text
		return
	case name == "Default" && len(code) == 1 && text == "`"+code[0]+"`":
		k.Default = code[0]
	case name == "Example":
		for _, c := range code {
			if sets(c, k.Path) {
				k.Examples = append(k.Examples, c)
			}
		}
		return // the editor shows examples by itself
	}
	k.Facts = append(k.Facts, Fact{name, text})
}

// sets reports whether a line of TOML sets the key of that path: in a row on several keys, each line is about one.
func sets(line, path string) bool {
	set, _, _ := strings.Cut(line, " = ")
	before, _, inMounts := strings.Cut(path, `."/path"`)
	if inMounts {
		return strings.HasPrefix(set, before+`."`)
	}
	path = strings.ReplaceAll(path, "[]", "")
	return set == path || strings.HasPrefix(path, set+".")
}

// row returns the cells of a table's row, nil for any other line. The line below the head of a table is a row
// of cells without names of keys.
func row(line string) []string {
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// quoted returns the pieces of s between backquotes.
func quoted(s string) []string {
	var all []string
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

// Description is what an editor shows about a key.
type Description struct {
	Text     string
	Default  string   // in TOML; "" for none
	Examples []string // lines of TOML
}

// Describe returns the description of a key by its path, as in errors. It is empty for a key that the page does not
// describe.
func Describe() func(path string) Description {
	all := map[string]Description{}
	for _, k := range Keys() {
		var parts []string
		if k.Meaning != "" {
			parts = append(parts, k.Meaning)
		}
		for _, f := range k.Facts {
			parts = append(parts, f.Name+": "+f.Text)
		}
		all[k.Path] = Description{strings.Join(parts, "\n\n"), k.Default, k.Examples}
	}
	return func(path string) Description { return all[Row(path)] }
}

// Row returns the path of a key on the page, which describes add and remove once for all lists.
func Row(path string) string {
	for _, change := range []string{".add", ".remove"} {
		if strings.HasSuffix(path, change) {
			return "LIST" + change
		}
	}
	return path
}

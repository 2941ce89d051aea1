// Package docs embeds the page on the profile language. The schema, the help and the manual quote it.
package docs

import (
	_ "embed"
	"strings"
)

// Profile is the page on the profile language, in Markdown.
//
//go:embed profile.md
var Profile string

// Key is what the page on the profile language says of one key.
type Key struct {
	Path  string // as in errors: process.cwd, mounts."/path".ro
	Says  string // what it says, in a line
	Facts []Fact // its type, its default, what it needs, as far as they are told
}

// Fact is one cell of a key's row.
type Fact struct{ Name, Text string }

// Keys returns the keys that the tables of the page tell of, in the order of the page.
func Keys() []Key {
	var keys []Key
	index := map[string]int{}
	var head, above []string
	for line := range strings.Lines(Profile) {
		cells := row(line)
		switch {
		case cells == nil:
			head = nil
			continue
		case head == nil:
			head = cells
			continue
		}
		for i := range cells {
			if cells[i] == "the same" && i < len(above) {
				cells[i] = above[i]
			}
		}
		above = cells
		for at, name := range head {
			if name != "key" || at >= len(cells) {
				continue
			}
			end := at + 1
			for end < len(head) && head[end] != "key" {
				end++
			}
			for _, path := range quoted(cells[at]) {
				i, ok := index[path]
				if !ok {
					i = len(keys)
					index[path] = i
					keys = append(keys, Key{Path: path})
				}
				keys[i].add(head[at+1:end], cells[at+1:end])
			}
		}
	}
	return keys
}

// add takes the cells of one row.
func (k *Key) add(names, cells []string) {
	for i, name := range names {
		switch text := cells[i]; {
		case text == "":
		case name == "what it says":
			k.Says = text
		default:
			k.Facts = append(k.Facts, Fact{name, text})
		}
	}
}

// row returns the cells of a table's row, nil for any other line. The one below the head has
// keys of no name.
func row(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// quoted returns what stands between backquotes.
func quoted(s string) []string {
	var all []string
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

// Describe returns the words on a key, its path as in errors; "" for one that the page has none on.
func Describe() func(path string) string {
	texts := map[string]string{}
	for _, k := range Keys() {
		var parts []string
		if k.Says != "" {
			parts = append(parts, k.Says)
		}
		for _, f := range k.Facts {
			parts = append(parts, f.Name+": "+f.Text)
		}
		texts[k.Path] = strings.Join(parts, "\n\n")
	}
	return func(path string) string { return texts[Row(path)] }
}

// Row returns the path at which the page tells of a key: of what changes a list, once for all of them.
func Row(path string) string {
	for _, change := range []string{".add", ".remove"} {
		if strings.HasSuffix(path, change) {
			return "LIST" + change
		}
	}
	return path
}

package toml

import (
	"strings"
)

// Text returns the text of a value, if all of it is in one line.
func (m Mark) Text() (string, bool) {
	if m.Src == nil {
		return "", false
	}
	pos := m.ValuePos()
	line, width, ok := pos.Excerpt()
	if !ok || pos.Col > len(line) {
		return "", false
	}
	text := line[pos.Col-1 : pos.Col-1+width]
	return text, text != "{" && text != "[" // which go on in the next line
}

// Set returns the text that sets a key, as it fits into the file that has the marks: "size = ... in [mounts]" below the header of a
// table, all of an inline table, and all of a section that is a bare value. src is that file. from is the key that this one is
// written in place of, or "". main returns the main key of a section.
func (o Marks) Set(src *Source, from, key, text string, main func(section string) string) (set string, placed bool) {
	for above := ParentKey(key); above != ""; above = ParentKey(above) {
		table, ok := o[above]
		if !ok || table.Src != src {
			continue
		}
		rest := key[len(above)+1:]
		name := main(above)
		bare, isBare := o[JoinKey(above, name)]
		isBare = name != "" && isBare && bare.Src == src && bare.Short(JoinKey(above, name))
		switch {
		case table.Kind == MarkMember || table.Kind == MarkEntry || table.Kind == MarkElement:
			return rest + " = " + text, true
		case isBare || table.Kind == MarkValue && name != "":
			if rest == name {
				return o.Set(src, "", above, text, main)
			}
			if !isBare {
				bare = table
			}
			if was, ok := bare.Text(); ok {
				return o.Set(src, "", above, "{ "+name+" = "+was+", "+rest+" = "+text+" }", main)
			}
		case table.Kind == MarkTable:
			return rest + " = " + text + " in [" + above + "]", true
		case table.Kind == MarkInline:
			if whole, ok := o.spliced(above, from, key, text); ok {
				return o.Set(src, "", above, whole, main)
			}
		}
	}
	return key + " = " + text, false
}

// spliced returns the text of the inline table at above, with a value for a key in it.
func (o Marks) spliced(above, from, key, text string) (string, bool) {
	table := o[above]
	whole, ok := table.Text()
	if !ok {
		return "", false
	}
	here := func(key string) (Mark, bool) {
		m, ok := o[key]
		return m, ok && m.Src == table.Src
	}
	pair := key[len(above)+1:] + " = " + text
	old, replaces := here(key)
	start := old.value
	if replaces {
		pair = text
	} else if old, replaces = here(from); replaces && Within(ParentKey(from), above) {
		start = old.Key
	} else {
		replaces = false
	}
	if !replaces {
		inner := strings.TrimRight(whole[:len(whole)-1], " \t,")
		if inner != "{" {
			inner += ","
		}
		return inner + " " + pair + " }", true
	}
	was, ok := old.Text()
	start -= table.value
	end := old.value - table.value + len(was)
	if !ok || start < 1 || end < start || end >= len(whole) {
		return "", false
	}
	return whole[:start] + pair + whole[end:], true
}

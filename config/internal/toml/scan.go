package toml

import (
	"strings"
)

// scanner reads a TOML document in one pass: the tree of its values, and where
// each key and value is. What it is not sure of it leaves to the parser,
// which also writes the errors: there is no tree then, and the marks mean
// something up to the first mistake in the text.
type scanner struct {
	src    *Source
	text   string
	at     int
	marks  Marks
	tree   map[string]any
	unsure bool           // the tree is not the document's
	count  map[string]int // of [[key]]: how many there are so far
	depth  int            // of the value that is being read
	deep   int            // where maxDepth was passed, 0 where it was not
	twice  *clash         // the first, nil where there is none
}

// scan reads a document that has no bad text.
func scan(src *Source) *scanner {
	s := &scanner{src: src, text: string(src.Text), tree: map[string]any{}}
	// About as many as there are paths: a map that grows is made anew several times.
	s.marks = make(Marks, min(strings.Count(s.text, "=")+strings.Count(s.text, ","), 512))
	if strings.HasPrefix(s.text, Bom) {
		s.at = len(Bom)
	}
	path, table := "", s.tree
	for s.skip(true); s.at < len(s.text); s.skip(true) {
		before := s.at
		if s.peek() == '[' {
			path, table = s.header()
		} else {
			s.pair(path, table)
		}
		if s.at == before {
			s.unsure = true
			break
		}
		s.endOfLine()
	}
	return s
}

// endOfLine looks for what may follow a header or a pair.
func (s *scanner) endOfLine() {
	s.skip(false)
	if s.at < len(s.text) && s.peek() != '\n' && s.peek() != '\r' && s.peek() != '#' {
		s.unsure = true
	}
}

// expect passes over a byte that has to be there.
func (s *scanner) expect(c byte) {
	if s.at < len(s.text) {
		if s.text[s.at] != c {
			s.unsure = true
		}
		s.at++
		return
	}
	s.unsure = true
}

// tooDeep ends the scan where a bracket or dot opens one level too many.
func (s *scanner) tooDeep(levels int) bool {
	if levels <= maxDepth {
		return false
	}
	if s.deep == 0 {
		s.deep = s.at
	}
	s.at = len(s.text)
	return true
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// skip passes over blanks, and where lines is set over line ends and comments.
func (s *scanner) skip(lines bool) {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t':
		case lines && (c == '\n' || c == '\r'):
		case lines && c == '#':
			end := strings.IndexByte(s.text[s.at:], '\n')
			if end < 0 {
				s.at = len(s.text)
				return
			}
			s.at += end
		default:
			return
		}
	}
}

// mark notes a path. The first note counts, except for a table that was only
// opened on the way to another.
func (s *scanner) mark(path string, key, value int, kind MarkKind) {
	old, again := s.marks[path]
	if again && !old.Kind.allows(kind) && s.twice == nil {
		s.twice, s.unsure = &clash{path, old.Key, key}, true
	}
	if !again || kind == MarkTable && old.Kind == MarkOpened {
		s.marks[path] = Mark{Src: s.src, Key: key, value: value, Kind: kind}
	}
}

// clash is a key that is defined twice, with the offsets of both.
type clash struct {
	path          string
	first, second int
}

// below returns the table that a dotted key or a header passes through, which
// may be opened by that. Of a list it is the last one.
func (s *scanner) below(table map[string]any, name string) map[string]any {
	switch t := table[name].(type) {
	case nil:
		sub := map[string]any{}
		table[name] = sub
		return sub
	case map[string]any:
		return t
	case []map[string]any:
		return t[len(t)-1]
	}
	s.unsure = true // the key is defined twice
	return map[string]any{}
}

// header reads [a.b] or [[a.b]] and returns the table that it opens.
func (s *scanner) header() (path string, table map[string]any) {
	start := s.at
	s.at++
	list := s.peek() == '['
	if list {
		s.at++
	}
	table = s.tree
	for parts := 1; ; parts++ {
		s.skip(false)
		offset := s.at
		name := s.keyPart()
		path = JoinKey(path, name)
		s.skip(false)
		if s.peek() == '.' {
			if s.tooDeep(parts + 1) {
				return path, table
			}
			s.at++
			s.mark(path, offset, start, MarkOpened)
			table = s.below(table, name)
			if n := s.count[path]; n > 0 {
				path = IndexKey(path, n-1)
			}
			continue
		}
		if list {
			if s.count == nil {
				s.count = map[string]int{}
			}
			s.mark(path, offset, start, MarkList)
			s.count[path]++
			path = IndexKey(path, s.count[path]-1)
			s.mark(path, offset, start, MarkEntry)
			s.expect(']')
			all, _ := table[name].([]map[string]any)
			table[name] = append(all, map[string]any{})
		} else {
			s.mark(path, offset, start, MarkTable)
		}
		s.expect(']')
		return path, s.below(table, name)
	}
}

// pair reads a.b = value in the table at path.
func (s *scanner) pair(path string, table map[string]any) {
	for parts := 1; ; parts++ {
		s.skip(false)
		offset := s.at
		name := s.keyPart()
		path = JoinKey(path, name)
		s.skip(false)
		switch s.peek() {
		case '.':
			if s.tooDeep(parts + 1) {
				return
			}
			s.at++
			s.mark(path, offset, offset, MarkDotted)
			table = s.below(table, name)
			continue
		case '=':
			s.at++
			s.skip(false)
			table[name] = s.value(path, offset, false)
		default:
			s.unsure = true
		}
		return
	}
}

// value reads a value. key is the offset of its key; an element has none.
func (s *scanner) value(path string, key int, element bool) any {
	start, kind := s.at, MarkValue
	if element {
		key, kind = start, MarkElement
	}
	var v any
	switch s.peek() {
	case '{':
		kind = MarkInline
		if element {
			kind = MarkMember
		}
		s.mark(path, key, start, kind)
		table := map[string]any{}
		s.members('}', func(int) { s.pair(path, table) })
		return table
	case '[':
		s.mark(path, key, start, kind)
		list := make([]any, 0, 4)
		s.members(']', func(i int) { list = append(list, s.value(IndexKey(path, i), 0, true)) })
		return list
	case '"', '\'':
		v = s.quoted()
	default:
		v = s.plain()
	}
	s.mark(path, key, start, kind)
	return v
}

// members calls one at the start of each member between brackets.
func (s *scanner) members(end byte, one func(i int)) {
	s.depth++
	defer func() { s.depth-- }()
	if s.tooDeep(s.depth) {
		return
	}
	s.at++
	commas := 0
	for i := 0; ; i++ {
		s.skip(true)
		for s.peek() == ',' {
			commas++
			s.at++
			s.skip(true)
		}
		if commas > i || s.peek() != end && commas < i {
			s.unsure = true
		}
		if s.at >= len(s.text) {
			s.unsure = true
			return
		}
		if s.peek() == end {
			s.at++
			return
		}
		before := s.at
		one(i)
		if s.at == before {
			s.unsure = true
			s.at = len(s.text) // not TOML: stop here
		}
	}
}

// plain reads a value that is not in quotes or brackets.
func (s *scanner) plain() any {
	start := s.at
	for s.at < len(s.text) && strings.IndexByte(",]}#\r\n", s.text[s.at]) < 0 {
		s.at++
	}
	v := plainValue(strings.TrimRight(s.text[start:s.at], " \t"))
	if v == nil {
		s.unsure = true
	}
	return v
}

// quoted reads a string of any of the four kinds.
func (s *scanner) quoted() string {
	quote := s.text[s.at]
	three := `"""`
	if quote == '\'' {
		three = "'''"
	}
	width := 1
	if strings.HasPrefix(s.text[s.at:], three) {
		width = 3
	}
	s.at += width
	start := s.at
	escapes := false
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\n' && width == 1:
			s.unsure = true
		case c == '\\' && quote == '"':
			escapes = true
			s.at++
			s.unsure = s.unsure || width == 1 && s.peek() == '\n'
		case c == quote && width == 1:
			s.at++
			return s.content(s.text[start:s.at-1], escapes)
		case c == quote && strings.HasPrefix(s.text[s.at:], three):
			s.at += width
			// Up to two quotes may stand before the closing three.
			for n := 0; n < 2 && s.peek() == quote; n++ {
				s.at++
			}
			text := s.text[start : s.at-width]
			if strings.HasPrefix(text, "\r\n") {
				text = text[1:]
			}
			return s.content(strings.TrimPrefix(text, "\n"), escapes)
		}
	}
	s.at = len(s.text)
	s.unsure = true
	return ""
}

// content returns the string that the text between quotes means.
func (s *scanner) content(text string, escapes bool) string {
	if !escapes {
		return text
	}
	text, ok := unescape(text)
	if !ok {
		s.unsure = true
	}
	return text
}

// keyPart reads one part of a key. Unlike a value, a key in quotes is never
// of several lines: `""` is the empty key.
func (s *scanner) keyPart() string {
	start := s.at
	if c := s.peek(); c == '"' || c == '\'' {
		escapes := false
		for s.at++; s.at < len(s.text) && s.text[s.at] != c; s.at++ {
			switch {
			case c == '"' && s.text[s.at] == '\\':
				escapes = true
				s.at++
				s.unsure = s.unsure || s.peek() == '\n'
			case s.text[s.at] == '\n':
				s.unsure = true
			}
		}
		end := min(s.at, len(s.text))
		s.unsure = s.unsure || s.at >= len(s.text)
		s.at = min(s.at+1, len(s.text))
		return s.content(s.text[start+1:end], escapes)
	}
	for s.at < len(s.text) && bareKeyByte(s.text[s.at]) {
		s.at++
	}
	s.unsure = s.unsure || s.at == start
	return s.text[start:s.at]
}

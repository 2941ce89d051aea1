package config

import (
	"bytes"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of tables and arrays. No key of ours needs more
// than a few levels, and the TOML parser's cost grows with a power of them.
const maxDepth = 32

// scanner finds where each key and value of a TOML document stands. It checks
// nothing: the marks mean something up to the first mistake in the text,
// which the parser finds.
type scanner struct {
	src   *source
	text  []byte
	at    int
	marks origins
	count map[string]int // of [[key]]: how many there are so far
	depth int            // of the value that is being read
	deep  int            // where maxDepth was passed, 0 where it was not
	twice *clash         // the first, nil where there is none
}

// scan reads a document for its marks.
func scan(src *source) *scanner {
	s := &scanner{src: src, text: src.text, marks: origins{}}
	if bytes.HasPrefix(s.text, []byte(bom)) {
		s.at = len(bom)
	}
	table := ""
	for s.skip(true); s.at < len(s.text); s.skip(true) {
		before := s.at
		if s.peek() == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
		if s.at == before {
			break
		}
	}
	return s
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
			end := bytes.IndexByte(s.text[s.at:], '\n')
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

// mark notes a path. The first note stands, but for a table that was only
// opened on the way to another.
func (s *scanner) mark(path string, key, value int, kind markKind) {
	old, again := s.marks[path]
	if again && !old.kind.allows(kind) && s.twice == nil {
		s.twice = &clash{path, old.key, key}
	}
	if !again || kind == markTable && old.kind == markOpened {
		s.marks[path] = mark{src: s.src, key: key, value: value, kind: kind}
	}
}

// clash is a key that is defined twice, with the offsets of both.
type clash struct {
	path          string
	first, second int
}

// header reads [a.b] or [[a.b]] and returns the path of the table that it opens.
func (s *scanner) header() string {
	start := s.at
	s.at++
	list := s.peek() == '['
	if list {
		s.at++
	}
	path := ""
	for parts := 1; ; parts++ {
		s.skip(false)
		offset := s.at
		path = joinKey(path, s.keyPart())
		s.skip(false)
		if s.peek() == '.' {
			if s.tooDeep(parts + 1) {
				return path
			}
			s.at++
			s.mark(path, offset, start, markOpened)
			if n := s.count[path]; n > 0 {
				path = indexKey(path, n-1)
			}
			continue
		}
		if list {
			if s.count == nil {
				s.count = map[string]int{}
			}
			s.mark(path, offset, start, markList)
			s.count[path]++
			path = indexKey(path, s.count[path]-1)
			s.mark(path, offset, start, markEntry)
			s.at += len("]")
		} else {
			s.mark(path, offset, start, markTable)
		}
		s.at = min(s.at+len("]"), len(s.text))
		return path
	}
}

// pair reads a.b = value in the table at path.
func (s *scanner) pair(path string) {
	for parts := 1; ; parts++ {
		s.skip(false)
		offset := s.at
		path = joinKey(path, s.keyPart())
		s.skip(false)
		switch s.peek() {
		case '.':
			if s.tooDeep(parts + 1) {
				return
			}
			s.at++
			s.mark(path, offset, offset, markDotted)
			continue
		case '=':
			s.at++
			s.skip(false)
			s.value(path, offset, false)
		}
		return
	}
}

// value reads a value. key is the offset of its key; an element has none.
func (s *scanner) value(path string, key int, element bool) {
	start, kind := s.at, markValue
	if element {
		key, kind = start, markElement
	}
	switch s.peek() {
	case '{':
		kind = markInline
		if element {
			kind = markMember
		}
		s.mark(path, key, start, kind)
		s.members('}', func(int) { s.pair(path) })
		return
	case '[':
		s.mark(path, key, start, kind)
		s.members(']', func(i int) { s.value(indexKey(path, i), 0, true) })
		return
	case '"', '\'':
		s.quoted()
	default:
		if end := bytes.IndexAny(s.text[s.at:], ",]}#\r\n"); end >= 0 {
			s.at += end
		} else {
			s.at = len(s.text)
		}
	}
	s.mark(path, key, start, kind)
}

// members calls one at the start of each member between brackets.
func (s *scanner) members(end byte, one func(i int)) {
	s.depth++
	defer func() { s.depth-- }()
	if s.tooDeep(s.depth) {
		return
	}
	s.at++
	for i := 0; ; i++ {
		s.skip(true)
		for s.peek() == ',' {
			s.at++
			s.skip(true)
		}
		if s.at >= len(s.text) {
			return
		}
		if s.peek() == end {
			s.at++
			return
		}
		before := s.at
		one(i)
		if s.at == before {
			s.at = len(s.text) // not TOML: stop here
		}
	}
}

// quoted passes over a string of any of the four kinds.
func (s *scanner) quoted() {
	quote := s.text[s.at]
	three := []byte{quote, quote, quote}
	width := 1
	if bytes.HasPrefix(s.text[s.at:], three) {
		width = 3
	}
	for s.at += width; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\' && quote == '"':
			s.at++
		case c == quote && width == 1:
			s.at++
			return
		case c == quote && bytes.HasPrefix(s.text[s.at:], three):
			s.at += width
			// Up to two quotes may stand before the closing three.
			for n := 0; n < 2 && s.peek() == quote; n++ {
				s.at++
			}
			return
		}
	}
	s.at = len(s.text)
}

// keyPart reads one part of a key. Unlike a value, a key in quotes is never
// of several lines: `""` is the empty key.
func (s *scanner) keyPart() string {
	start := s.at
	if c := s.peek(); c == '"' || c == '\'' {
		for s.at++; s.at < len(s.text) && s.text[s.at] != c; s.at++ {
			if c == '"' && s.text[s.at] == '\\' {
				s.at++
			}
		}
		end := min(s.at, len(s.text))
		s.at = min(s.at+1, len(s.text))
		if c == '"' {
			return unescape(string(s.text[start+1 : end]))
		}
		return string(s.text[start+1 : end])
	}
	for s.at < len(s.text) && bareKeyByte(s.text[s.at]) {
		s.at++
	}
	return string(s.text[start:s.at])
}

// unescape resolves the escapes of a basic string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := 0
		switch s[i] {
		case 'b':
			b.WriteByte('\b')
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'f':
			b.WriteByte('\f')
		case 'r':
			b.WriteByte('\r')
		case 'e':
			b.WriteByte(0x1b)
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default: // \" and \\
			b.WriteByte(s[i])
		}
		if digits > 0 && i+digits < len(s) {
			if r, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32); err == nil {
				b.WriteRune(rune(r))
			}
			i += digits
		}
	}
	return b.String()
}

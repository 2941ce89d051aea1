package config

import "bytes"

// source is a text that values come from: a file, or a flag, which has a name
// and no text.
type source struct {
	name  string
	text  []byte
	dir   string // where its relative paths start, absolute; "" where that is unknown
	layer int    // where several make a profile: what a later one says wins
	from  *mark  // the element of an extends that names it; nil for the profile itself
}

// pos returns the place of the byte at offset. It counts lines only now, as
// few places are ever asked for.
func (s *source) pos(offset int) Pos {
	if s.text == nil {
		return Pos{File: s.name}
	}
	before := s.text[:min(offset, len(s.text))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	col := 1 + len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	if line == 1 && bytes.HasPrefix(before, []byte(bom)) {
		col -= len(bom) // editors do not show it
	}
	return Pos{s.name, line, col}
}

const bom = "\xef\xbb\xbf"

// mark is where a key and its value are written, as offsets into src. An
// element of an array has no key: both are the element's.
type mark struct {
	src        *source
	key, value int
	kind       markKind
	as         string // the path in the source, where merging has changed it
}

// short tells whether a value was written for the section that the key at path
// is the main one of.
func (m mark) short(path string) bool { return m.as != "" && m.as == parentKey(path) }

func (m mark) keyPos() Pos   { return m.src.pos(m.key) }
func (m mark) valuePos() Pos { return m.src.pos(m.value) }

// markKind tells how a path came to be in the file.
type markKind uint8

const (
	markValue   markKind = iota // key = value
	markElement                 // an element of an array
	markInline                  // key = { … }
	markMember                  // { … } as an element of an array
	markTable                   // [key]
	markOpened                  // a in [a.b], if no [a] came before
	markDotted                  // a in a.b = value
	markList                    // the list of all [[key]]
	markEntry                   // one [[key]]
)

// table tells whether the mark is that of a table or of a list of them, whose
// place says nothing about a key that is not written in it.
func (k markKind) table() bool { return k > markElement }

// allows tells whether TOML allows a path of kind k to come up again, as next.
func (k markKind) allows(next markKind) bool {
	switch next {
	case markOpened:
		return k > markMember
	case markTable:
		return k == markOpened
	case markDotted, markList:
		return k == next
	}
	return false
}

package toml

import (
	"bytes"
	"path/filepath"
)

// Source is a text that values come from: a file, or a flag, which has a name
// and no text.
type Source struct {
	Name  string
	Text  []byte
	Dir   string // where its relative paths start, absolute; "" where that is unknown
	Layer int    // where several make a profile: what a later one says wins
	From  *Mark  // the element of an extends that names it; nil for the profile itself
}

// Pos returns the place of the byte at offset. It counts lines only now, as
// few places are ever asked for.
func (s *Source) Pos(offset int) Pos {
	if s.Text == nil {
		return Pos{File: s.Name}
	}
	before := s.Text[:min(offset, len(s.Text))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	col := 1 + len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	if line == 1 && bytes.HasPrefix(before, []byte(Bom)) {
		col -= len(Bom) // editors do not show it
	}
	return Pos{s.Name, line, col, s}
}

// Bom may be at the start of a text, and has no meaning.
const Bom = "\xef\xbb\xbf"

// Path identifies a source: it is absolute where that is known.
func (s *Source) Path() string {
	if s.Dir == "" || s.Name == "-" {
		return s.Name
	}
	return filepath.Join(s.Dir, filepath.Base(s.Name))
}

// Via returns where a source is named that others extend: the places on the
// way to the profile, the nearest first.
func (s *Source) Via() []Pos {
	var way []Pos
	for m := s.From; m != nil; m = m.Src.From {
		way = append(way, m.ValuePos())
	}
	return way
}

// Mark is where a key and its value are written, as offsets into src. An
// element of an array has no key: both are the element's.
type Mark struct {
	Src        *Source
	Key, value int
	Kind       MarkKind
	As         string // the path in the source, where merging has changed it
}

// Short reports whether a value was written for the section that the key at path
// is the main one of.
func (m Mark) Short(path string) bool { return m.As != "" && m.As == ParentKey(path) }

// KeyPos returns the place of the key.
func (m Mark) KeyPos() Pos { return m.Src.Pos(m.Key) }

// ValuePos returns the place of the value.
func (m Mark) ValuePos() Pos { return m.Src.Pos(m.value) }

// MarkKind is how a path came to be in the file.
type MarkKind uint8

const (
	MarkValue   MarkKind = iota // key = value
	MarkElement                 // an element of an array
	MarkInline                  // key = { … }
	MarkMember                  // { … } as an element of an array
	MarkTable                   // [key]
	MarkOpened                  // a in [a.b], if no [a] came before
	MarkDotted                  // a in a.b = value
	MarkList                    // the list of all [[key]]
	MarkEntry                   // one [[key]]
)

// Table reports whether the mark is that of a table or of a list of them, whose
// place says nothing about a key that is not written in it.
func (k MarkKind) Table() bool { return k > MarkElement }

// allows reports whether TOML allows a path of kind k to come up again, as next.
func (k MarkKind) allows(next MarkKind) bool {
	switch next {
	case MarkOpened:
		return k > MarkMember
	case MarkTable:
		return k == MarkOpened
	case MarkDotted, MarkList:
		return k == next
	}
	return false
}

package quote

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Screen is a writer for what another program wrote, on its way to a terminal. It escapes what is not [Printable], as [Line] does,
// but for line ends, tabs and carriage returns, which stay on the line. Colours, which are SGR sequences, pass or are left out; they end with their line.
type Screen struct {
	W      io.Writer
	Colors bool

	rest    []byte // the beginning of a character or a sequence
	painted bool   // the line has a colour
}

// longestSGR bounds a sequence, in bytes.
const longestSGR = 64

// Write implements [io.Writer]. A character or sequence that is not whole yet waits for the next call, or for Close.
func (s *Screen) Write(text []byte) (int, error) {
	s.rest = append(s.rest, text...)
	return len(text), s.flush(false)
}

// Close writes what is left, and ends the colours of the last line.
func (s *Screen) Close() error { return s.flush(true) }

func (s *Screen) flush(last bool) error {
	var b bytes.Buffer
	text := s.rest
	for len(text) > 0 {
		n := s.one(&b, text, last)
		if n == 0 {
			break
		}
		text = text[n:]
	}
	s.rest = append(s.rest[:0], text...)
	if last {
		s.plain(&b)
	}
	_, err := s.W.Write(b.Bytes())
	return err
}

// plain ends the colours.
func (s *Screen) plain(b *bytes.Buffer) {
	if s.painted {
		b.WriteString("\x1b[0m")
		s.painted = false
	}
}

// one writes the first character or sequence of a text, and returns its length; 0 if it may go on.
func (s *Screen) one(b *bytes.Buffer, text []byte, last bool) int {
	if text[0] == 0x1b {
		switch n, whole := sgr(text); {
		case !whole && !last && n == len(text):
			return 0
		case whole:
			if s.Colors {
				b.Write(text[:n])
				s.painted = true
			}
			return n
		}
	}
	if !last && !utf8.FullRune(text) {
		return 0
	}
	r, size := utf8.DecodeRune(text)
	switch {
	case r == '\n':
		s.plain(b)
		b.WriteByte('\n')
	case r == '\t' || r == '\r':
		b.WriteRune(r)
	default:
		b.WriteString(Line(string(text[:size])))
	}
	return size
}

// sgr returns how many bytes of a text are a sequence ESC [ numbers m, and whether it is whole.
func sgr(text []byte) (n int, whole bool) {
	for i, c := range text {
		switch {
		case i == 0 || i == 1 && c == '[':
		case i > 1 && c == 'm':
			return i + 1, true
		case i > 1 && i < longestSGR && (c >= '0' && c <= '9' || c == ';' || c == ':'):
		default:
			return i, false
		}
	}
	return len(text), false
}

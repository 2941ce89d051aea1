package drawing

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Fonts are named and not embedded: the reader's own are used.
const (
	sans = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
	mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
)

// Anchor says which part of a text its place is.
type Anchor string

const (
	Start  Anchor = ""
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Font is how a text looks.
type Font struct {
	Size       float64
	Bold, Mono bool
	Anchor     Anchor
}

// Fonts that pictures share.
var (
	Title   = Font{Size: 18, Bold: true}
	Heading = Font{Size: 14, Bold: true}
	Body    = Font{Size: 13}
	Small   = Font{Size: 12}
	Code    = Font{Size: 12, Mono: true}
)

// At returns the font with another anchor.
func (f Font) At(a Anchor) Font { f.Anchor = a; return f }

// Line is the distance of two lines.
func (f Font) Line() float64 { return f.Size * 1.4 }

func (f Font) attributes() string {
	var s string
	if f.Size != Body.Size {
		s += fmt.Sprintf(` font-size="%s"`, number(f.Size))
	}
	if f.Bold {
		s += ` font-weight="600"`
	}
	if f.Mono {
		s += fmt.Sprintf(` font-family="%s"`, mono)
	}
	if f.Anchor != Start {
		s += fmt.Sprintf(` text-anchor="%s"`, f.Anchor)
	}
	return s
}

// Width estimates the width of a text, which the reader's font decides. It is rather too large than too small.
func (f Font) Width(text string) float64 {
	var em float64
	for _, r := range quote.Line(text) {
		em += f.advance(r)
	}
	if f.Bold && !f.Mono {
		em *= 1.08
	}
	return em * f.Size
}

// advance is the width of a character in a wide font of this kind, by the size of the font.
func (f Font) advance(r rune) float64 {
	switch {
	case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r > 0xffff:
		return 1.1
	case f.Mono:
		return 0.61
	case strings.ContainsRune("ijlI.,:;'|! ", r):
		return 0.33
	case strings.ContainsRune("ftr()[]{}-/\"", r):
		return 0.42
	case strings.ContainsRune("mwMW@%", r):
		return 0.95
	case unicode.IsUpper(r):
		return 0.7
	}
	return 0.62
}

// Wrap breaks a text at blanks into lines that fit into a width. A word that is longer than a line is broken anywhere.
func (f Font) Wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(quote.Line(text)) {
		if line != "" && f.Width(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for f.Width(word) > width {
			head := f.fitting(word, width)
			lines = append(lines, head)
			word = word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fitting is as much of a word as fits into a width, but at least one character.
func (f Font) fitting(word string, width float64) string {
	end := 0
	for i, r := range word {
		next := i + len(string(r))
		if end > 0 && f.Width(word[:next]) > width {
			break
		}
		end = next
	}
	return word[:end]
}

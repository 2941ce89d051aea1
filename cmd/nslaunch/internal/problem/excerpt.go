package problem

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Excerpt is the line of a profile that has a problem, as it is shown on a terminal:
//
//	3 | memry = "512M"
//	  | ^^^^^
//
// Nothing in it acts on a terminal.
type Excerpt struct {
	Number string // of the line
	Line   string
	Before string // the blanks in front of the carets
	Carets string
}

// Excerpt returns the line with the problem, at most so many columns wide. ok is false for a problem without a line.
func (p Problem) Excerpt(columns int) (e Excerpt, ok bool) {
	line, width, ok := p.at.Excerpt()
	if !ok {
		return e, false
	}
	e.Number = fmt.Sprint(p.at.Line)
	start := min(p.at.Col-1, len(line))
	e.place(line, start, min(start+width, len(line)), max(columns-len(e.Number)-len("   | "), 20))
	return e, true
}

// place sets the line and the carets below what is between two offsets. Of a line that is too long for the columns it
// leaves out what is far from there.
func (e *Excerpt) place(line string, start, end, columns int) {
	before, token, after := visible(line[:start]), visible(line[start:end]), visible(line[end:])
	if quote.Width(before)+quote.Width(token)+quote.Width(after) > columns {
		token = quote.Cut(token, columns*2/3)
		room := columns - quote.Width(token)
		if w := quote.Width(before); w > room-min(quote.Width(after), room/4) {
			before = "…" + last(before, room-min(quote.Width(after), room/4)-1)
		}
		after = quote.Cut(after, columns-quote.Width(before)-quote.Width(token))
	}
	e.Line = strings.TrimRight(before+token+after, " ")
	e.Before = strings.Repeat(" ", quote.Width(before))
	e.Carets = strings.Repeat("^", max(quote.Width(token), 1))
}

// visible returns a part of a line as it is shown: a tab as four blanks, and what a terminal would act on escaped.
func visible(s string) string { return quote.Line(strings.ReplaceAll(s, "\t", "    ")) }

// last returns as much of the end of a text as columns have room for.
func last(s string, columns int) string {
	width, at := 0, len(s)
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:at])
		if width += quote.RuneWidth(r); width > columns {
			break
		}
		at -= size
	}
	return s[at:]
}

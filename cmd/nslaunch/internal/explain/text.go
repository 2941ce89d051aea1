package explain

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// Bounds of a line of text, in columns.
const (
	labelWidth = 15
	leastWidth = 40
	mostWidth  = 80
)

// Width returns the columns that a text is written for, given those of the terminal; 0 is one that is not known.
func Width(columns int) int {
	if columns == 0 {
		return mostWidth
	}
	return max(leastWidth, min(columns, mostWidth))
}

// Text returns a summary for people, in lines of a width. Long lists are shortened unless all.
func Text(s *launcher.Summary, p cli.Painter, width int, all bool) string {
	var b strings.Builder
	b.WriteString(heading(s, p, width) + "\n")
	for _, r := range rowsOf(s, all) {
		label := r.label
		for _, l := range r.lines {
			for i, text := range cli.Wrap(l.whole(), width-labelWidth) {
				first := ""
				if i == 0 {
					first, label = label, ""
				}
				b.WriteString(strings.TrimRight(p.Bold(first)+strings.Repeat(" ", labelWidth-len(first))+l.painted(text, p), " ") + "\n")
			}
		}
	}
	return b.String()
}

// Short returns the rows of a summary that matter most, a line each, as a head for other texts.
func Short(s *launcher.Summary, p cli.Painter, width int) string {
	var b strings.Builder
	for _, r := range rowsOf(s, false) {
		switch r.label {
		case "can write", "cannot see", "network", "runs as":
			texts := make([]string, len(r.lines))
			for i, l := range r.lines {
				texts[i] = l.whole()
			}
			text := quote.Cut(strings.Join(texts, "; "), width-labelWidth)
			b.WriteString(p.Bold(r.label) + strings.Repeat(" ", labelWidth-len(r.label)) + text + "\n")
		}
	}
	return b.String()
}

// heading names the sandbox and its command, on one line.
func heading(s *launcher.Summary, p cli.Painter, width int) string {
	name := quote.Line(s.Name)
	if name == "" {
		name = "this sandbox"
	}
	rest := ""
	switch {
	case s.PID > 0 && len(s.Command) > 0:
		rest = fmt.Sprintf(" is running, as process %d: ", s.PID)
	case len(s.Command) > 0:
		rest = " runs "
	case s.PID == 0:
		rest = " runs the command that you give"
	}
	rest = quote.Cut(rest+quote.Words(s.Command, " "), max(width-quote.Width(name), 20))
	return p.Bold(name) + rest
}

// whole is what is said and its tag.
func (l line) whole() string {
	if l.tag == "" {
		return l.text
	}
	return l.text + " (" + l.tag + ")"
}

// painted is a part of a line in the colour of its tone.
func (l line) painted(text string, p cli.Painter) string {
	switch l.tone {
	case kept:
		return p.Green(text)
	case thrown:
		return p.Yellow(text)
	case hidden:
		return p.Faint(text)
	}
	return text
}

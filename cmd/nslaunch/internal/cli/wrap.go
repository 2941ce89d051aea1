package cli

import (
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// leastWidth is the width below which lines are not broken: the terminal does that as well.
const leastWidth = 24

// Wrap breaks a text at blanks into lines of a width, and a word that is too long anywhere. What follows the first line is
// indented.
func Wrap(text string, width int) []string {
	if width < leastWidth {
		return []string{text}
	}
	var lines []string
	current := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			current = word
		case quote.Width(current+" "+word) <= width:
			current += " " + word
		default:
			lines = append(lines, current)
			current = "  " + word
		}
		for quote.Width(current) > width {
			start := quote.Start(current, width)
			lines = append(lines, start)
			current = "  " + current[len(start):]
		}
	}
	return append(lines, current)
}

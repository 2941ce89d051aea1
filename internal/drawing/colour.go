package drawing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Tone is what a shape or a text means. It has a colour for each.
type Tone string

const (
	Plain   Tone = "plain"   // what is not said to be anything else
	Faint   Tone = "faint"   // less important
	Inside  Tone = "inside"  // the sandbox, and what is its own
	Kept    Tone = "kept"    // what the sandbox can change for good
	Thrown  Tone = "thrown"  // what it can change and loses
	Hidden  Tone = "hidden"  // what it cannot see
	Warning Tone = "warning" // what is not protected
)

// colour is one colour, by its class: what it colours, and a tone.
type colour struct{ class, light, dark string }

var page = colour{"page", "#ffffff", "#0d1117"}

// colourOf returns the colour of a part of a shape with this tone: "f" is the fill, "s" the border, "t" the text, and "l" a line
// that connects, which has the colour of the text.
func colourOf(part string, t Tone) colour {
	// Three pairs, light and dark: fill, border, text.
	pairs := map[Tone][6]string{
		Plain:   {"#f6f8fa", "#161b22", "#afb8c1", "#484f58", "#1f2328", "#e6edf3"},
		Faint:   {"#ffffff", "#0d1117", "#d0d7de", "#30363d", "#59636e", "#9198a1"},
		Inside:  {"#eef6ff", "#0c1d36", "#0969da", "#4493f8", "#0550ae", "#79c0ff"},
		Kept:    {"#e6f9ec", "#0f2a19", "#1a7f37", "#3fb950", "#116329", "#56d364"},
		Thrown:  {"#fff8e1", "#2b2109", "#bf8700", "#d29922", "#7d4e00", "#e3b341"},
		Hidden:  {"#ffffff", "#0d1117", "#8c959f", "#6e7681", "#59636e", "#9198a1"},
		Warning: {"#ffefed", "#32120f", "#cf222e", "#f85149", "#a40e26", "#ff9492"},
	}[t]
	i := map[string]int{"f": 0, "s": 2, "t": 4, "l": 4}[part]
	return colour{part + "-" + string(t), pairs[i], pairs[i+1]}
}

// darkRules are the rules of CSS for the dark colours of these classes, and of the page. The light ones are
// attributes, which programs without CSS understand, too.
func darkRules(classes []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".page { fill: %s }\n", page.dark)
	for _, class := range slices.SortedFunc(slices.Values(classes), cmp.Compare) {
		part, tone, _ := strings.Cut(class, "-")
		property := "fill"
		if part == "s" || part == "l" {
			property = "stroke"
		}
		fmt.Fprintf(&b, ".%s { %s: %s }\n", class, property, colourOf(part, Tone(tone)).dark)
	}
	return b.String()
}

// Package drawing writes simple pictures as SVG: boxes, labels, wrapped text and connections. A picture has a background of its own, so that it
// can be read on any page, and dark colours where the reader prefers them. The same calls give the same bytes.
package drawing

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Drawing is a picture that is being made. All lengths are in pixels, from the top left corner.
type Drawing struct {
	b                  strings.Builder
	width, bottom      float64
	title, description string
	used               []string // classes of colours
}

// New begins a picture of this width. Its height is that of what it shows. Title and description are what a screen reader says.
func New(width float64, title, description string) *Drawing {
	return &Drawing{width: width, title: title, description: description}
}

// margin is the space below the lowest shape.
const margin = 16

// String returns the picture as a file of SVG.
func (d *Drawing) String() string {
	w, h := number(d.width), number(math.Ceil(d.bottom)+margin)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" font-family="%s" font-size="%s">`+"\n",
		w, h, w, h, sans, number(Body.Size))
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>\n", escape(d.title), escape(d.description))
	fmt.Fprintf(&b, "<style>\n@media (prefers-color-scheme: dark) {\n%s}\n</style>\n", darkRules(d.used))
	fmt.Fprintf(&b, `<rect width="%s" height="%s" rx="10" class="page" fill="%s"/>`+"\n", w, h, page.light)
	return b.String() + d.b.String() + "</svg>\n"
}

// Rect is a place in a picture.
type Rect struct{ X, Y, W, H float64 }

// Right is the right edge of a place.
func (r Rect) Right() float64 { return r.X + r.W }

// Bottom is the lower edge of a place.
func (r Rect) Bottom() float64 { return r.Y + r.H }

// Inset is the place within that is smaller by this much on each side.
func (r Rect) Inset(by float64) Rect { return Rect{r.X + by, r.Y + by, r.W - 2*by, r.H - 2*by} }

// Box draws a box with round corners.
func (d *Drawing) Box(r Rect, t Tone) { d.box(r, t, "") }

// Dashed draws a box with a dashed border, for what is absent or not kept.
func (d *Drawing) Dashed(r Rect, t Tone) { d.box(r, t, ` stroke-dasharray="5 4"`) }

func (d *Drawing) box(r Rect, t Tone, more string) {
	fill, border := d.paint("f", t), d.paint("s", t)
	fmt.Fprintf(&d.b, `<rect x="%s" y="%s" width="%s" height="%s" rx="8" class="%s %s" fill="%s" stroke="%s" stroke-width="1.5"%s/>`+"\n",
		number(r.X), number(r.Y), number(r.W), number(r.H), fill.class, border.class, fill.light, border.light, more)
	d.below(r.Bottom() + 1)
}

// Text draws one line of text with its baseline at y. What cannot be printed is escaped.
func (d *Drawing) Text(x, y float64, f Font, t Tone, text string) {
	colour := d.paint("t", t)
	fmt.Fprintf(&d.b, `<text x="%s" y="%s" class="%s" fill="%s"%s>%s</text>`+"\n",
		number(x), number(y), colour.class, colour.light, f.attributes(), escape(text))
	d.below(y + f.Size/3)
}

// Paragraph draws text in lines that fit into a width, the first one below y, and returns where the last one ends.
func (d *Drawing) Paragraph(x, y, width float64, f Font, t Tone, text string) float64 {
	for _, line := range f.Wrap(text, width) {
		d.Text(x, y+f.Size, f, t, line)
		y += f.Line()
	}
	return y
}

// Rule draws a straight line that divides, in the colour of a border.
func (d *Drawing) Rule(x1, y1, x2, y2 float64, t Tone) { d.path(d.paint("s", t), x1, y1, x2, y2) }

// path draws a line through points.
func (d *Drawing) path(c colour, points ...float64) {
	var steps []string
	for i := 0; i < len(points); i += 2 {
		steps = append(steps, number(points[i])+" "+number(points[i+1]))
		d.below(points[i+1] + 1)
	}
	fmt.Fprintf(&d.b, `<path d="M%s" class="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-linejoin="round"/>`+"\n",
		strings.Join(steps, " L"), c.class, c.light)
}

// below notes how far down the picture reaches.
func (d *Drawing) below(y float64) { d.bottom = max(d.bottom, y) }

// paint returns a colour, and notes that the picture has it.
func (d *Drawing) paint(part string, t Tone) colour {
	c := colourOf(part, t)
	if !slices.Contains(d.used, c.class) {
		d.used = append(d.used, c.class)
	}
	return c
}

// number writes a length with at most one digit after the point.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// escape returns a text for SVG, on one line.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(quote.Line(s))
}

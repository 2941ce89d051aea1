package explain

import (
	"github.com/nslaunch/nslaunch/internal/drawing"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// The columns of a picture.
const (
	pictureWidth = 860
	edge         = 20 // of the host
	gap          = 18 // between boxes
	insideWidth  = 500
)

// SVG draws a summary: the host, the sandbox in it, and what is on either side. Long lists are shortened unless all.
func SVG(s *launcher.Summary, all bool) string {
	rows := map[string][]line{}
	for _, r := range rowsOf(s, all) {
		rows[r.label] = r.lines
	}
	title := "The sandbox " + s.Name
	if s.Name == "" {
		title = "A sandbox"
	}
	p := picture{Drawing: drawing.New(pictureWidth, title, describe(s))}
	left, right := drawing.Rect{X: edge + gap, Y: 64, W: insideWidth}, drawing.Rect{X: edge + insideWidth + 2*gap, Y: 64}
	right.W = pictureWidth - edge - gap - right.X

	// What is outside is laid out first, and drawn last: the host lies below everything.
	var draw []func()
	y := right.Y
	for _, b := range []box{
		{"cannot see", rows["cannot see"], drawing.Hidden, true},
		{"network", rows["network"], networkTone(s.Network), false},
		{"processes", rows["processes"], drawing.Plain, false},
		{"limits", rows["limits"], drawing.Plain, false},
	} {
		r := drawing.Rect{X: right.X, Y: y, W: right.W, H: b.height(right.W)}
		draw = append(draw, func() { p.box(r, b) })
		y = r.Bottom() + gap
	}
	inner := drawing.Rect{X: left.X + gap, Y: left.Y + 42, W: left.W - 2*gap}
	at := inner.Y
	for _, b := range writeBoxes(rows["can write"]) {
		r := drawing.Rect{X: inner.X, Y: at, W: inner.W, H: b.height(inner.W)}
		draw = append(draw, func() { p.box(r, b) })
		at = r.Bottom() + gap
	}
	for _, b := range []box{
		{"can read", rows["can read"], drawing.Plain, false},
		{"runs as", rows["runs as"], drawing.Plain, false},
		{"environment", rows["environment"], drawing.Plain, false},
	} {
		if len(b.lines) == 0 {
			continue
		}
		r := drawing.Rect{X: inner.X, Y: at, W: inner.W, H: b.height(inner.W)}
		draw = append(draw, func() { p.box(r, b) })
		at = r.Bottom() + gap
	}
	left.H = max(at, y-gap) - left.Y
	y = left.Bottom() + gap
	for _, b := range []box{
		{"not protected", rows["not protected"], drawing.Warning, false},
		{"notes", rows["notes"], drawing.Plain, false},
	} {
		if len(b.lines) == 0 {
			continue
		}
		r := drawing.Rect{X: left.X, Y: y, W: right.Right() - left.X}
		r.H = b.height(r.W)
		draw = append(draw, func() { p.box(r, b) })
		y = r.Bottom() + gap
	}

	host := drawing.Rect{X: edge, Y: edge, W: pictureWidth - 2*edge, H: y - edge}
	p.Box(host, drawing.Faint)
	p.Text(host.X+gap, host.Y+28, drawing.Title, drawing.Plain, "your machine")
	p.Box(left, drawing.Inside)
	p.Text(left.X+gap, left.Y+27, drawing.Heading, drawing.Inside, cut(title+command(s), drawing.Heading, left.W-2*gap))
	for _, one := range draw {
		one()
	}
	return p.String()
}

// cut shortens a text to one line of a width.
func cut(text string, f drawing.Font, width float64) string {
	if text = quote.Line(text); f.Width(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && f.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// describe is the text that a screen reader reads in place of the picture.
func describe(s *launcher.Summary) string {
	text := ""
	for _, r := range rowsOf(s, false) {
		for i, l := range r.lines {
			switch {
			case i == 0 && text == "":
				text = r.label + ": " + l.whole()
			case i == 0:
				text += ". " + r.label + ": " + l.whole()
			default:
				text += "; " + l.whole()
			}
		}
	}
	return text + "."
}

func command(s *launcher.Summary) string {
	if len(s.Command) == 0 {
		return ""
	}
	return " runs " + s.Command[0]
}

func networkTone(n launcher.Network) drawing.Tone {
	if n.Of == launcher.NSOfHost {
		return drawing.Warning
	}
	return drawing.Plain
}

// box is a row that is drawn.
type box struct {
	label  string
	lines  []line
	tone   drawing.Tone
	dashed bool
}

// writeBoxes are a box for what is kept, and one for what is thrown away.
func writeBoxes(lines []line) []box {
	var stays, goes []line
	for _, l := range lines {
		if l.tone == thrown {
			goes = append(goes, line{text: l.text})
		} else {
			stays = append(stays, l)
		}
	}
	var all []box
	if len(stays) > 0 {
		tone := drawing.Kept
		if stays[0].tone != kept {
			tone = drawing.Plain
		}
		all = append(all, box{"can write", stays, tone, false})
	}
	if len(goes) > 0 {
		all = append(all, box{"can write, thrown away at the end", goes, drawing.Thrown, true})
	}
	return all
}

// pad is the space between the edge of a box and its text.
const pad = 12

func (b box) height(width float64) float64 {
	h := pad + drawing.Heading.Line() + pad/2
	for _, l := range b.lines {
		h += float64(len(drawing.Body.Wrap(l.whole(), width-2*pad)))*drawing.Body.Line() + lead
	}
	return h + pad/2
}

// lead is the space between two lines that are not of one text.
const lead = 3

// picture draws boxes.
type picture struct{ *drawing.Drawing }

func (p picture) box(r drawing.Rect, b box) {
	if b.dashed {
		p.Dashed(r, b.tone)
	} else {
		p.Box(r, b.tone)
	}
	p.Text(r.X+pad, r.Y+pad+drawing.Heading.Size-2, drawing.Heading, b.tone, b.label)
	y := r.Y + pad + drawing.Heading.Line()
	text := drawing.Plain
	if b.tone == drawing.Hidden {
		text = drawing.Hidden
	}
	for _, l := range b.lines {
		y = p.Paragraph(r.X+pad, y, r.W-2*pad, drawing.Body, text, l.whole()) + lead
	}
}

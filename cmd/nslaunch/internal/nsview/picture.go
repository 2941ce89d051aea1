package nsview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/drawing"
	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Measures of the picture, in pixels.
const (
	pictureWidth = 760
	pad          = 16
	gap          = 12
	mostShown    = 6  // processes that a box names
	mostColumns  = 76 // of the line of a process
)

// Picture draws trees of namespaces as SVG. Each user namespace is a box, with the namespaces that it owns, the processes that are in it, and the
// boxes of the user namespaces in it.
func Picture(tops []*nslist.Node, s Sandboxes) string {
	d := drawing.New(pictureWidth, "Namespaces", "Each box is a user namespace, with the namespaces that it owns, its processes, and the user namespaces in it.")
	p := picture{d, s}
	y := float64(pad)
	var alone []*nslist.Node
	for _, top := range tops {
		if top.Type != "user" {
			alone = append(alone, top)
		}
	}
	if len(alone) > 0 {
		y = p.Paragraph(pad, y, pictureWidth-2*pad, drawing.Body, drawing.Faint, "owned elsewhere: "+names(alone)) + gap
	}
	for _, top := range tops {
		if top.Type == "user" {
			y = p.user(top, drawing.Rect{X: pad, Y: y, W: pictureWidth - 2*pad}, 0) + gap
		}
	}
	return d.String()
}

type picture struct {
	*drawing.Drawing
	sandboxes Sandboxes
}

// user draws a user namespace at the top of a place, and returns where its box ends.
func (p picture) user(n *nslist.Node, r drawing.Rect, depth int) float64 {
	tone := []drawing.Tone{drawing.Plain, drawing.Inside}[depth%2]
	r.H = p.height(n, r.W)
	p.Box(r, tone)
	x, width := r.X+pad, r.W-2*pad
	y := p.Paragraph(x, r.Y+pad/2, width, drawing.Heading, tone, heading(n, p.sandboxes))
	for _, line := range lines(n) {
		y = p.Paragraph(x, y, width, line.font, line.tone, line.text)
	}
	for _, below := range users(n) {
		y = p.user(below, drawing.Rect{X: x, Y: y + gap, W: width}, depth+1)
	}
	return r.Bottom()
}

// height is that of the box of a user namespace.
func (p picture) height(n *nslist.Node, width float64) float64 {
	tall := func(f drawing.Font, text string) float64 { return float64(len(f.Wrap(text, width-2*pad))) * f.Line() }
	h := pad/2 + tall(drawing.Heading, heading(n, p.sandboxes)) + pad
	for _, line := range lines(n) {
		h += tall(line.font, line.text)
	}
	for _, below := range users(n) {
		h += gap + p.height(below, width-2*pad)
	}
	return h
}

// users are the user namespaces in another.
func users(n *nslist.Node) []*nslist.Node {
	return slices.DeleteFunc(slices.Clone(n.Below), func(b *nslist.Node) bool { return b.Type != "user" })
}

// heading names a user namespace: by its sandboxes, and its number.
func heading(n *nslist.Node, s Sandboxes) string {
	text := fmt.Sprintf("user %d", n.Inode)
	if own := s[n.Inode]; len(own) > 0 {
		text = "sandbox " + quote.Words(own, ", ") + ": " + text
	}
	if n.OwnerUID > 0 {
		text += fmt.Sprintf(", made by uid %d", n.OwnerUID)
	}
	return text
}

// line is a paragraph of a box.
type line struct {
	font drawing.Font
	tone drawing.Tone
	text string
}

// lines are what a box says: what the namespace owns, and its processes.
func lines(n *nslist.Node) []line {
	var all []line
	if owned := slices.DeleteFunc(slices.Clone(n.Below), func(b *nslist.Node) bool { return b.Type == "user" }); len(owned) > 0 {
		all = append(all, line{drawing.Body, drawing.Plain, "owns " + names(owned)})
	} else {
		all = append(all, line{drawing.Body, drawing.Faint, "owns no other namespace"})
	}
	for i, process := range n.Processes {
		if i == mostShown && len(n.Processes) > mostShown+1 {
			return append(all, line{drawing.Body, drawing.Faint, fmt.Sprintf("and %d more processes", len(n.Processes)-i)})
		}
		who := ""
		if process.User != "" {
			who = " of " + quote.Line(process.User)
		}
		text := fmt.Sprintf("process %d%s: %s", process.PID, who, quote.Line(process.Command))
		all = append(all, line{drawing.Code, drawing.Plain, quote.Cut(text, mostColumns)})
	}
	return all
}

// names lists namespaces. Of a pid namespace it says in which other one it is.
func names(nodes []*nslist.Node) string {
	var parts []string
	for _, n := range nodes {
		part := fmt.Sprintf("%s %d", n.Type, n.Inode)
		if n.Parent != 0 {
			part += fmt.Sprintf(" (in pid %d)", n.Parent)
		}
		if n.File != "" {
			part += " (" + quote.Word(n.File) + ")"
		}
		if len(n.Processes) == 0 {
			part += " (no process)"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

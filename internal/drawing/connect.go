package drawing

import (
	"fmt"
	"math"
)

// Connect draws an arrow from one box to another, between the sides that face each other. It has one bend on its way where
// the boxes are not opposite.
func (d *Drawing) Connect(from, to Rect, t Tone) { d.Arrow(t, route(from, to)...) }

// route returns the points of a line between two boxes.
func route(from, to Rect) []float64 {
	down := to.Y >= from.Bottom()
	if down || from.Y >= to.Bottom() { // one above the other
		y1, y2 := from.Bottom(), to.Y
		if !down {
			y1, y2 = from.Y, to.Bottom()
		}
		x1, x2 := facing(from.X, from.Right(), to.X, to.Right())
		if x1 == x2 {
			return []float64{x1, y1, x2, y2}
		}
		middle := (y1 + y2) / 2
		return []float64{x1, y1, x1, middle, x2, middle, x2, y2}
	}
	x1, x2 := from.Right(), to.X
	if to.X < from.X {
		x1, x2 = from.X, to.Right()
	}
	y1, y2 := facing(from.Y, from.Bottom(), to.Y, to.Bottom())
	if y1 == y2 {
		return []float64{x1, y1, x2, y2}
	}
	middle := (x1 + x2) / 2
	return []float64{x1, y1, middle, y1, middle, y2, x2, y2}
}

// facing returns where a line leaves one box and reaches the other, on an axis: the middle of what both have of it, else the
// middle of each.
func facing(a1, a2, b1, b2 float64) (a, b float64) {
	low, high := max(a1, b1), min(a2, b2)
	if high-low >= 16 {
		return (low + high) / 2, (low + high) / 2
	}
	return (a1 + a2) / 2, (b1 + b2) / 2
}

// Arrow draws a line through points, given as x and y in turn, with a head at its end.
func (d *Drawing) Arrow(t Tone, points ...float64) {
	n := len(points)
	x, y := points[n-2], points[n-1]
	angle := math.Atan2(y-points[n-3], x-points[n-4])
	d.path(d.paint("l", t), points...)
	at := func(turn, length float64) string {
		return number(x-length*math.Cos(angle+turn)) + " " + number(y-length*math.Sin(angle+turn))
	}
	head := d.paint("t", t)
	fmt.Fprintf(&d.b, `<path d="M%s %s L%s L%s Z" class="%s" fill="%s"/>`+"\n",
		number(x), number(y), at(0.45, 9), at(-0.45, 9), head.class, head.light)
}

// Elbow draws a branch of a tree: down from (x, y1), then right to (x2, y2).
func (d *Drawing) Elbow(x, y1, x2, y2 float64, t Tone) {
	d.path(d.paint("l", t), x, y1, x, y2, x2, y2)
}

// Command pictures draws the pictures of the documentation: go run ./docs/pictures, at the top of the repository.
package main

import (
	"fmt"
	"os"

	"github.com/nslaunch/nslaunch/internal/drawing"
)

func main() {
	if err := os.WriteFile("docs/pictures/sandbox.svg", []byte(sandbox()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// row is something of the machine, and what a sandbox has of it.
type row struct {
	host    string
	use     string // written on the arrow; "" if the sandbox does not see it
	tone    drawing.Tone
	sandbox string
}

// sandbox draws what preset:dev keeps apart.
func sandbox() string {
	rows := []row{
		{"the project", "reads, writes", drawing.Kept, "the project, .git read-only"},
		{"programs in /usr", "reads", drawing.Inside, "programs, read-only"},
		{"your home: keys, settings", "", drawing.Thrown, "an empty home, in memory"},
		{"/tmp", "", drawing.Thrown, "an empty /tmp, in memory"},
		{"processes", "", drawing.Inside, "its own processes"},
		{"network", "", drawing.Inside, "loopback only"},
		{"your terminal", "keys, output", drawing.Inside, "a terminal of its own"},
	}
	const (
		width, top, step, height = 760, 84, 44, 32
		left, hostWidth          = 36, 240
		right, boxWidth          = 460, 250
	)
	bottom := float64(top + step*len(rows))
	d := drawing.New(width, "What preset:dev keeps apart",
		"Your machine with a sandbox in it. The sandbox writes to the project and reads programs. Its home, /tmp, processes, network and terminal are its own. The kernel is shared.")
	d.Box(drawing.Rect{X: 16, Y: 16, W: width - 32, H: bottom + 46}, drawing.Plain)
	d.Text(left, 46, drawing.Title, drawing.Plain, "Your machine")
	d.Box(drawing.Rect{X: right - 20, Y: 30, W: boxWidth + 40, H: bottom - 30}, drawing.Inside)
	d.Text(right, 58, drawing.Title, drawing.Inside, "Sandbox")
	d.Text(right+boxWidth, 58, drawing.Code.At(drawing.End), drawing.Inside, "preset:dev")
	for i, r := range rows {
		y := float64(top + step*i)
		from := drawing.Rect{X: left, Y: y, W: hostWidth, H: height}
		to := drawing.Rect{X: right, Y: y, W: boxWidth, H: height}
		if r.use == "" {
			d.Dashed(from, drawing.Hidden)
		} else {
			d.Box(from, drawing.Faint)
			d.Connect(from, to, drawing.Plain)
			d.Text((from.Right()+right-20)/2, y+12, drawing.Small.At(drawing.Middle), drawing.Faint, r.use)
		}
		d.Text(left+14, y+21, drawing.Body, drawing.Plain, r.host)
		d.Box(to, r.tone)
		d.Text(right+14, y+21, drawing.Body, r.tone, r.sandbox)
	}
	d.Box(drawing.Rect{X: left, Y: bottom + 12, W: width - 72, H: 36}, drawing.Warning)
	d.Text(width/2, bottom+35, drawing.Body.At(drawing.Middle), drawing.Warning, "one Linux kernel for both: a bug in it can be a way out")
	return d.String()
}

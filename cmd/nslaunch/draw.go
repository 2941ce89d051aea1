package main

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// drawPlan returns a plan for people: its steps below the process that does them, which stands below
// the one that made it, with the place of the profile on the right.
func drawPlan(plan *launcher.Plan, p cli.Painter) string {
	depth := map[launcher.Actor]int{launcher.ByLauncher: 0, launcher.ByStage: 1, launcher.ByInit: 2, launcher.ByCommand: 1}
	width := 0
	for _, s := range plan.Steps { // without an init, the stage becomes the command
		if s.By == launcher.ByInit {
			depth[launcher.ByCommand] = 3
		}
	}
	for _, s := range plan.Steps {
		width = max(width, min(4*depth[s.By]+len([]rune(quote.Line(s.Action.String()))), widest))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Bold(plan.Name))
	var by launcher.Actor
	for i, s := range plan.Steps {
		indent := strings.Repeat("    ", depth[s.By])
		if s.By != by {
			by = s.By
			branch := ""
			if indent != "" {
				branch = indent[4:] + " └─ "
			}
			fmt.Fprintf(&b, "     %s%s\n", p.Faint(branch), p.Blue(string(by)))
		}
		text := quote.Line(s.Action.String())
		gap := strings.Repeat(" ", max(width-len(indent)-len([]rune(text)), 0))
		place := p.Faint("default")
		if !s.Origin.Pos.IsZero() {
			place = p.Green(s.Origin.Pos.String())
		}
		fmt.Fprintf(&b, "%s  %s %s%s  %s\n", p.Faint(fmt.Sprintf("%4d", i+1)), indent, text, gap, place)
	}
	return b.String()
}

// widest is the width from which on the places of the profile are no longer aligned.
const widest = 72

// Package doctor launches small sandboxes to find what a machine lets the caller do. It also tries a profile, up to its command's first
// system call.
package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// Doctor tries by launching, as nslaunch launches.
type Doctor struct {
	// Compile makes the plan of a profile for this machine, with arguments for its command.
	Compile func(*config.Profile, []string) (*launcher.Plan, error)
	// Place is that of the options of a launch.
	Place func(context.Context, launcher.Placement) (launcher.Placed, error)
}

// Finding is the outcome of one check.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // of what is there: "ABI 7"
	Cause  string `json:"cause,omitempty"`
	Cure   string `json:"cure,omitempty"`
	// NeededFor is what does not work without it: keys of a profile, or commands. "" is nothing.
	NeededFor string `json:"needed_for,omitempty"`
	// Information marks what sandboxes do not need.
	Information bool `json:"information,omitempty"`
}

// Diagnosis is what doctor prints.
type Diagnosis struct {
	Kernel   string            `json:"kernel"`
	UID      int               `json:"uid"`
	Findings []Finding         `json:"findings"`
	Profile  string            `json:"profile,omitempty"`
	Problems []problem.Problem `json:"problems,omitempty"` // of the profile, here
	Runs     *bool             `json:"runs,omitempty"`     // nil without a profile
}

// Examine makes every check of the machine.
func (d Doctor) Examine() *Diagnosis {
	return &Diagnosis{Kernel: kernelRelease(), UID: os.Geteuid(), Findings: d.checks()}
}

// Table returns the diagnosis for people. Each row says what the feature is good for. Its lines fit into a terminal of these columns; 0 is not known, and nothing is broken.
func (d *Diagnosis) Table(p cli.Painter, columns int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Bold(fmt.Sprintf("Linux %s, as uid %d", d.Kernel, d.UID)))
	width := 0
	for _, f := range d.Findings {
		width = max(width, len(f.Name))
	}
	indent := 5 + width + 2
	for _, f := range d.Findings {
		mark := p.Red("no ")
		switch {
		case f.Information && f.NeededFor == "":
			mark = p.Faint("-  ")
		case f.OK:
			mark = p.Green("yes")
		case f.Information:
			mark = p.Yellow("no ")
		}
		var lines []string
		add := func(label string, paint func(string) string, text string) {
			for i, part := range cli.Wrap(label+quote.Line(text), columns-indent) {
				if rest, ok := strings.CutPrefix(part, label); ok && i == 0 && label != "" {
					part = paint(label) + rest
				}
				lines = append(lines, part)
			}
		}
		if f.OK && f.NeededFor != "" {
			add("", nil, f.NeededFor)
		}
		if f.Detail != "" {
			add("", nil, f.Detail)
		}
		if f.Cause != "" {
			add("", nil, f.Cause)
		}
		if f.Cure != "" {
			add("try: ", p.Green, f.Cure)
		}
		if !f.OK && f.NeededFor != "" {
			add("needed for: ", p.Faint, f.NeededFor)
		}
		text := strings.Join(lines, "\n"+strings.Repeat(" ", indent))
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%s  %-*s  %s", mark, width, f.Name, text), " "))
	}
	if d.Runs != nil {
		mark, verb := p.Green("yes"), "can"
		if !*d.Runs {
			mark, verb = p.Red("no "), "cannot"
		}
		fmt.Fprintf(&b, "\n%s  %s %s run here\n", mark, quote.Word(d.Profile), verb)
	}
	return b.String()
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// finding is the outcome of one check.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // of what is there: "ABI 7"
	Cause  string `json:"cause,omitempty"`
	Cure   string `json:"cure,omitempty"`
	// Information: what nslaunch does not need.
	Information bool `json:"information,omitempty"`
}

// diagnosis is what doctor prints as JSON.
type diagnosis struct {
	Kernel   string    `json:"kernel"`
	UID      int       `json:"uid"`
	Findings []finding `json:"findings"`
	Profile  string    `json:"profile,omitempty"`
	Problems []problem `json:"problems,omitempty"` // of the profile, here
	Runs     *bool     `json:"runs,omitempty"`     // nil without a profile
}

func cmdDoctor(args []string) int {
	fs := newFlags("doctor")
	var c changes
	changeFlags(fs, &c)
	asJSON := fs.Bool("json", false, "print it as JSON")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() > 1 {
		return misused("doctor", exitUsage, "one profile at a time, got %d", fs.NArg())
	}
	if fs.NArg() == 0 && c.flags() != nil {
		return misused("doctor", exitUsage, "%s changes a profile, and there is none", c.flags()[0])
	}
	d := diagnosis{Kernel: kernelRelease(), UID: os.Geteuid(), Findings: examine()}
	var errs []error
	if d.Profile = fs.Arg(0); d.Profile != "" {
		notes, err := tryProfile(d.Profile, &c)
		if !*asJSON {
			remark(notes)
		}
		runs := err == nil
		d.Runs = &runs
		if err != nil {
			errs = problems(err)
		}
		for _, err := range errs {
			d.Problems = append(d.Problems, newProblem(d.Profile, err))
		}
		for _, n := range notes {
			d.Problems = append(d.Problems, noteProblem(n))
		}
	}
	var status int
	if *asJSON {
		status = printJSON(d)
	} else {
		status = put(d.table(paint()))
		for _, err := range errs {
			complain(err)
		}
	}
	if len(errs) > 0 {
		return exitProblem
	}
	return status
}

// table is the diagnosis for people.
func (d diagnosis) table(p painter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.bold(fmt.Sprintf("Linux %s, uid %d", d.Kernel, d.UID)))
	width := 0
	for _, f := range d.Findings {
		width = max(width, len(f.Name))
	}
	for _, f := range d.Findings {
		mark := p.red("no ")
		switch {
		case f.OK:
			mark = p.green("yes")
		case f.Information:
			mark = p.yellow("no ")
		}
		line := fmt.Sprintf("%s  %-*s  %s", mark, width, f.Name, quote.Line(cmp.Or(f.Detail, f.Cause)))
		fmt.Fprintln(&b, strings.TrimRight(line, " "))
		below := strings.Repeat(" ", 5+width+2)
		if f.Detail != "" && f.Cause != "" {
			fmt.Fprintf(&b, "%s%s\n", below, quote.Line(f.Cause))
		}
		if f.Cure != "" {
			fmt.Fprintf(&b, "%s%s %s\n", below, p.green("try:"), quote.Line(f.Cure))
		}
	}
	if d.Runs != nil {
		verdict := p.green("yes")
		if !*d.Runs {
			verdict = p.red("no ")
		}
		fmt.Fprintf(&b, "\n%s  %s can run here\n", verdict, quote.Word(d.Profile))
	}
	return b.String()
}

// tryProfile sets the sandbox of a profile up and executes its command, which does nothing. It returns what would
// not be done of the profile, and what could not be tried.
func tryProfile(path string, c *changes) ([]launcher.Note, error) {
	p, err := config.Load(path, c.vars(), c.settings...)
	if err != nil {
		return nil, err
	}
	untried := ""
	if len(p.Command.Argv) > 0 {
		plan, err := compileHere(p, nil)
		if err != nil {
			return nil, err
		}
		err = rehearse(plan)
		if !errors.Is(err, launcher.ErrUnconfined) {
			return degraded(plan.Notes), err
		}
		untried = "whether it can be executed was not tried: " + strings.ReplaceAll(err.Error(), "\n", ": ")
	}
	plan, err := planFor(p)
	if err != nil {
		return nil, err
	}
	notes := degraded(plan.Notes)
	if untried != "" {
		notes = append(notes, launcher.Note{Origin: p.Origin("command"), Text: untried})
	}
	return notes, try(plan)
}

// Package problem turns an error or a note into text for people, and into parts for programs.
package problem

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// Problem is one problem of a profile or of its launch, or a note on it.
type Problem struct {
	Level   string   `json:"level,omitempty"` // "note", or nothing
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"`
	Column  int      `json:"column,omitempty"`
	Key     string   `json:"key,omitempty"`
	Message string   `json:"message"`
	Extends []string `json:"extended_from,omitempty"` // the places that led to the file, the nearest first
	Step

	Text string `json:"-"` // all of it, for people

	at   config.Pos
	more int // how many problems it counts, which are not among the others
}

// Step has the fields of a failed step.
type Step struct {
	Action string `json:"action,omitempty"`
	Errno  string `json:"errno,omitempty"`
	Said   string `json:"said,omitempty"` // by the kernel
	Cause  string `json:"cause,omitempty"`
	Cure   string `json:"cure,omitempty"`
}

// Of returns the problems that err holds, one or more. File is the profile of those that do not name theirs.
func Of(file string, err error) []Problem {
	var list config.Errors
	if !errors.As(err, &list) {
		return []Problem{one(file, err)}
	}
	all := make([]Problem, len(list))
	for i, e := range list {
		all[i] = one(file, e)
	}
	return all
}

func one(file string, err error) Problem {
	p := Problem{File: file, Message: err.Error(), Text: quote.Line(err.Error())}
	var e *config.Error
	var step *launcher.StepError
	switch {
	case errors.As(err, &step):
		at := step.Step.Origin
		p.at = at.Pos
		p.File, p.Line, p.Column, p.Key, p.Message = at.Pos.File, at.Pos.Line, at.Pos.Col, at.Key, step.What()
		p.Step = OfStep(step)
		p.Text = err.Error() // which has lines for its cause and cure
	case errors.As(err, &e):
		p.at, p.more = e.Pos, e.More
		p.File, p.Line, p.Column, p.Key, p.Message = e.Pos.File, e.Pos.Line, e.Pos.Col, e.Key, e.Msg
		for _, pos := range e.Via {
			p.Extends = append(p.Extends, pos.String())
		}
	}
	return p
}

// Most is how many problems of a profile are shown on a terminal.
const Most = 20

// Count returns how many errors there are and in which file, "2 errors in dev.toml"; "" for a single one.
func Count(found []Problem) string {
	n, files := 0, map[string]bool{}
	for _, p := range found {
		n += max(1, p.more)
		files[p.File] = true
	}
	if n < 2 {
		return ""
	}
	where := ""
	switch file := found[0].File; {
	case len(files) > 1:
		where = fmt.Sprintf(" in %d files", len(files))
	case file != "" && !strings.HasPrefix(file, "--"):
		where = " in " + quote.Word(file)
	}
	if len(found) > Most {
		where += fmt.Sprintf(", the first %d are shown", Most)
	}
	return fmt.Sprintf("%d errors%s", n, where)
}

// OfStep returns the parts of a step's failure.
func OfStep(step *launcher.StepError) Step {
	s := Step{Action: step.Step.Action.String(), Said: step.Said, Cause: step.Cause, Cure: step.Cure}
	var errno unix.Errno
	if errors.As(step, &errno) {
		s.Errno = unix.ErrnoName(errno)
	}
	return s
}

// OfNote returns what a note says.
func OfNote(n launcher.Note) Problem {
	return Problem{Level: "note", File: n.Origin.Pos.File, Line: n.Origin.Pos.Line, Column: n.Origin.Pos.Col,
		Key: n.Origin.Key, Message: n.Text, Text: quote.Line(n.String())}
}

// Degraded returns the notes on what is not done here.
func Degraded(notes []launcher.Note) []launcher.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n launcher.Note) bool { return !n.Degraded })
}

// ForRun returns the notes that a launch shows: those of what is not done here, and of commands that most likely fail.
func ForRun(notes []launcher.Note) []launcher.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n launcher.Note) bool { return !n.Degraded && !n.AtRun })
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

func cmdCheck(args []string) int {
	fs := newFlags("check")
	host := fs.Bool("host", false, "also ask this machine whether it can run the profile")
	var c changes
	changeFlags(fs, &c)
	asJSON := fs.Bool("json", false, "print the problems as a JSON array")
	if status, ok := parse(fs, args, exitUsage); !ok {
		return status
	}
	if fs.NArg() == 0 {
		return misused("check", exitUsage, "no profile")
	}
	found, remarks := []problem{}, []problem{}
	for _, path := range fs.Args() {
		notes, err := checkProfile(path, &c, *host)
		for _, err := range problems(err) {
			if err != nil {
				found = append(found, newProblem(path, err))
			}
		}
		if !*asJSON {
			remark(notes)
		}
		for _, n := range notes {
			remarks = append(remarks, noteProblem(n))
		}
	}
	var status int
	if *asJSON {
		status = printJSON(append(found, remarks...))
	} else {
		var b strings.Builder
		for _, p := range found {
			b.WriteString(p.text + "\n")
		}
		status = put(b.String())
	}
	if len(found) > 0 {
		return exitProblem
	}
	return status
}

func checkProfile(path string, c *changes, host bool) ([]launcher.Note, error) {
	p, err := config.Load(path, c.vars(), c.settings...)
	if err != nil || !host {
		return nil, err
	}
	words := []string{}
	if len(p.Command.Argv) == 0 {
		words = []string{"true"} // the command may be given on the command line
	}
	plan, err := compileHere(p, words)
	if err != nil {
		return nil, err
	}
	plan.NoteTyping()
	return plan.Notes, nil
}

// problem is one problem of a profile, as check prints it, or a note on it.
type problem struct {
	Level   string   `json:"level,omitempty"` // "note", or nothing
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"`
	Column  int      `json:"column,omitempty"`
	Key     string   `json:"key,omitempty"`
	Message string   `json:"message"`
	Extends []string `json:"extended_from,omitempty"` // the places that led to the file, the nearest first
	ofStep

	text string
}

func noteProblem(n launcher.Note) problem {
	return problem{Level: "note", File: n.Origin.Pos.File, Line: n.Origin.Pos.Line, Column: n.Origin.Pos.Col,
		Key: n.Origin.Key, Message: n.Text}
}

func newProblem(path string, err error) problem {
	p := problem{File: path, Message: err.Error(), text: errorText(err)}
	var e *config.Error
	var step *launcher.StepError
	switch {
	case errors.As(err, &step):
		at := step.Step.Origin
		p.File, p.Line, p.Column, p.Key, p.Message = at.Pos.File, at.Pos.Line, at.Pos.Col, at.Key, step.What()
		p.ofStep = newOfStep(step)
	case errors.As(err, &e):
		p.File, p.Line, p.Column, p.Key, p.Message = e.Pos.File, e.Pos.Line, e.Pos.Col, e.Key, e.Msg
		for _, pos := range e.Via {
			p.Extends = append(p.Extends, pos.String())
		}
	}
	return p
}

// printJSON prints a result for programs, and returns the command's status.
func printJSON(v any) int {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // of our own types
	return put(string(quote.JSON(b.Bytes())))
}

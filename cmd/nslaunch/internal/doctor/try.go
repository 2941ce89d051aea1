package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
)

// noCommand is what doctor executes in a sandbox: nothing. That it is missing is the last step of a
// launch, so all others have been done for real, and nothing has run or is left.
const noCommand = "/proc/self/nslaunch-doctor"

// Try sets the sandbox of a profile up and executes its command, which does nothing. It returns what would
// not be done of the profile, and what could not be tried.
func (d Doctor) Try(p *config.Profile) ([]launcher.Note, error) {
	untried := ""
	if len(p.Command.Argv) > 0 {
		plan, err := d.Compile(p, nil)
		if err != nil {
			return nil, err
		}
		err = d.rehearse(plan)
		if !errors.Is(err, launcher.ErrUnconfined) {
			return problem.Degraded(plan.Notes), err
		}
		untried = "whether it can be executed was not tried: " + strings.ReplaceAll(err.Error(), "\n", ": ")
	}
	plan, err := d.planFor(p)
	if err != nil {
		return nil, err
	}
	notes := problem.Degraded(plan.Notes)
	if untried != "" {
		notes = append(notes, launcher.Note{Origin: p.Origin("command"), Text: untried})
	}
	return notes, d.try(plan)
}

// planFor compiles a profile with no command for this machine.
func (d Doctor) planFor(p *config.Profile) (*launcher.Plan, error) {
	p.Command = config.Command{Argv: []string{noCommand}, Args: config.ArgsReplace}
	return d.Compile(p, []string{noCommand})
}

// try carries out the plan of planFor, and records nothing. The error is of the first step that cannot be done.
func (d Doctor) try(plan *launcher.Plan) error {
	var exit launcher.Exit
	err := d.withNothing(func(o launcher.Options) (err error) {
		exit, err = launcher.Run(context.Background(), plan, o)
		return err
	})
	var step *launcher.StepError
	switch {
	case errors.As(err, &step) && step.Missing:
		return nil
	case err == nil:
		return fmt.Errorf("there is a program at %s, which ended with status %d", noCommand, exit.Status())
	}
	return err
}

// rehearse carries out a plan, and executes its command, too.
func (d Doctor) rehearse(plan *launcher.Plan) error {
	return d.withNothing(func(o launcher.Options) error { return launcher.Rehearse(context.Background(), plan, o) })
}

// withNothing calls a launch with what the command has to have and nobody sees.
func (d Doctor) withNothing(launch func(launcher.Options) error) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	return launch(launcher.Options{Stdin: null, Stdout: null, Stderr: null, Place: d.Place, Notify: func(string, []byte, []int) {}})
}

// tried is the finding on what a profile made of settings does here.
func (d Doctor) tried(name string, settings map[string]any) Finding {
	var all []config.Setting
	for key, v := range settings {
		all = append(all, config.Setting{Key: key, Value: v, From: "doctor"})
	}
	all = append(all, config.Setting{Key: "name", Value: "doctor", From: "doctor"},
		config.Setting{Key: "process.terminal", Value: "none", From: "doctor"})
	p, err := config.New(all, config.CallerVars())
	if err == nil {
		var plan *launcher.Plan
		if plan, err = d.planFor(p); err == nil {
			err = d.try(plan)
		}
	}
	return found(name, err)
}

// found is the finding of an error, or of none.
func found(name string, err error) Finding {
	f := Finding{Name: name, OK: err == nil}
	var step *launcher.StepError
	switch {
	case err == nil:
	case errors.As(err, &step):
		failed := problem.OfStep(step)
		f.Detail = strings.TrimRight(failed.Action+": "+failed.Errno, ": ")
		f.Cause, f.Cure = step.Cause, step.Cure
		if step.Said != "" {
			f.Cause = "the kernel says: " + step.Said + "; " + step.Cause
		}
	default:
		var causes, cures []string
		for _, p := range problem.Of("", err) {
			cause := p.Message
			// A problem of a profile has its cure in brackets.
			if at := strings.LastIndex(cause, " ("); at > 0 && strings.HasSuffix(cause, ")") {
				if cure := cause[at+2 : len(cause)-1]; !slices.Contains(cures, cure) {
					cures = append(cures, cure)
				}
				cause = cause[:at]
			}
			causes = append(causes, cause)
		}
		f.Cause, f.Cure = strings.Join(causes, "; "), strings.Join(cures, "; ")
	}
	return f
}

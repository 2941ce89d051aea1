package launcher

import (
	"errors"
	"slices"

	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

var errNoCommand = errors.New("there is no command to execute")

// WithCommand returns the plan with another command, which gets the same environment. The plan itself does not change.
// It is of use after [Run] reported that the command is missing: then nothing of the first launch is left.
func WithCommand(p *Plan, argv []string) (*Plan, error) {
	other, last := *p, len(p.Steps)-1
	execute, ok := p.Steps[last].Action.(step.Execute)
	if !ok || len(argv) == 0 {
		return nil, errNoCommand
	}
	execute.Argv = argv
	other.Command = argv
	other.Steps = slices.Clone(p.Steps)
	other.Steps[last].Action = execute
	var err error
	if other.Program, err = step.Assemble(&other, p.Program.CloneFlags); err != nil {
		return nil, err
	}
	return &other, nil
}

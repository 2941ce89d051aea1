package launcher

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/resident"
)

// newRules says what holds while the command of a plan runs.
func newRules(p *plan.Plan, o *Options) resident.Rules {
	pr := p.Source.Process
	return resident.Rules{
		Stop: signalNumber(pr.StopSignal), StopTimeout: pr.StopTimeout,
		Terminal: p.Host.Terminal, Inherits: pr.Terminal == config.TerminalInherit, JobControl: o.JobControl,
	}
}

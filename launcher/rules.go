package launcher

import (
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"golang.org/x/sys/unix"
)

// rules are what holds while the command runs. All of it is of fixed size.
type rules struct {
	Stop        unix.Signal // asks the command to end
	StopTimeout time.Duration
	Terminal    host.TerminalState
	Inherits    bool // the command has the launcher's terminal, if there is one
	JobControl  bool
}

func newRules(p *plan.Plan, o *Options) rules {
	pr := p.Source.Process
	return rules{signalNumber(pr.StopSignal), pr.StopTimeout, p.Host.Terminal, pr.Terminal == config.TerminalInherit, o.JobControl}
}

package launcher

import (
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/compile"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// target says how to enter what the launch has started.
func (l *launch) target() plan.Target {
	t := compile.TargetOf(l.plan)
	t.Process, _ = process.At(l.process.PID) // one that has ended is nobody
	t.Namespaces = l.process.Namespaces
	t.Unit, t.Cgroup = l.placed.Unit, l.placed.Cgroup
	if l.plan.Source.Process.Init {
		t.Init = l.children[0]
	}
	return t
}

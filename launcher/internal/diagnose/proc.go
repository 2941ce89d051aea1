package diagnose

import (
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

func adviceOtherProc() plan.Advice {
	return plan.Advice{Cause: "/proc belongs to another pid namespace: the numbers there are other processes, and nslaunch has to write to files of its child",
		Cure: plan.Try("mount one of this pid namespace before nslaunch starts: unshare --mount-proc instead of --mount, or mount -t proc proc /proc")}
}

// otherProc is the advice for a /proc of another pid namespace. Such a one has a number for each pid
// namespace from its own down to nslaunch's, or none at all.
func (f *Failure) otherProc() plan.Advice {
	status := f.machine.text("/proc/self/status")
	if len(strings.Fields(field(status, "NSpid"))) > 1 || f.machine.root == "" && status == "" && f.machine.exists("/proc/1") {
		return adviceOtherProc()
	}
	return plan.Advice{}
}

// writesToProc reports whether the launcher writes to a file of its child in /proc.
func writesToProc(a plan.Action) bool {
	switch a.(type) {
	case step.DenySetgroups, step.WriteMap, step.SetOOMScoreAdj:
		return true
	}
	return false
}

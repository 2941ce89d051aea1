package diagnose

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// enter is about setns(2) with a descriptor of a process.
func (f *Failure) enter(a step.Enter) plan.Advice {
	switch f.Errno {
	case unix.EPERM:
		return plan.Advice{Cause: fmt.Sprintf("entering its namespaces needs CAP_SYS_ADMIN in the user namespace that owns them, and permission to inspect process %d, which its user and root have", a.Process.PID),
			Cure: plan.Try("enter its user namespace too, or run nslaunch as root")}
	case unix.ESRCH:
		return plan.Advice{Cause: fmt.Sprintf("process %d has ended", a.Process.PID), Cure: plan.Try("start the sandbox again")}
	case unix.EINVAL:
		return plan.Advice{Cause: "most likely the pid namespace is not below the one that nslaunch runs in", Cure: plan.Try("run nslaunch in that pid namespace, or outside of it")}
	}
	return plan.Advice{}
}

// joinCgroup is about a control group that the caller may not move a process to.
func (f *Failure) joinCgroup(a step.JoinCgroup) plan.Advice {
	switch f.Errno {
	case unix.EACCES, unix.EPERM:
		return plan.Advice{Cause: fmt.Sprintf("uid %d can move a process into the sandbox's unit only from a unit of its own systemd manager", f.Plan.Host.UID),
			Cure: plan.Try("put systemd-run --user --scope in front of nslaunch exec")}
	case unix.EBUSY:
		return plan.Advice{Cause: "the sandbox divided its control group, so no process can be in the group itself", Cure: plan.Try("run the command from within the sandbox")}
	}
	return plan.Advice{}
}

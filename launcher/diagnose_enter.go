package launcher

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// enter is about setns(2) with a descriptor of a process.
func (f *failure) enter(a enter) Advice {
	switch f.errno {
	case unix.EPERM:
		return Advice{Cause: fmt.Sprintf("entering its namespaces needs CAP_SYS_ADMIN in the user namespace that owns them, and leave to look into process %d, as its user and root have it", a.Process.PID),
			Cure: try("enter the user namespace, too, or run nslaunch as root")}
	case unix.ESRCH:
		return Advice{Cause: fmt.Sprintf("process %d has ended", a.Process.PID), Cure: try("start the sandbox again")}
	case unix.EINVAL:
		return Advice{Cause: "most likely the pid namespace is not below the one that nslaunch runs in", Cure: try("run nslaunch in that pid namespace, or outside of it")}
	}
	return Advice{}
}

// joinCgroup is about a control group that the caller may not move a process to.
func (f *failure) joinCgroup(a joinCgroup) Advice {
	switch f.errno {
	case unix.EACCES, unix.EPERM:
		return Advice{Cause: fmt.Sprintf("uid %d may move a process into the sandbox's unit only from within the tree of its own manager", f.plan.host.UID),
			Cure: try("systemd-run --user --scope nslaunch exec …")}
	case unix.EBUSY:
		return Advice{Cause: "the sandbox has divided its control group, and then no process can be in the group itself", Cure: try("run the command from within the sandbox")}
	}
	return Advice{}
}

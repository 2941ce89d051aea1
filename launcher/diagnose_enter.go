package launcher

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// enter is about setns(2) with a descriptor of a process.
func (f *failure) enter(a enter) advice {
	switch f.errno {
	case unix.EPERM:
		return advice{cause: fmt.Sprintf("entering its namespaces needs CAP_SYS_ADMIN in the user namespace that owns them, and leave to look into process %d, as its user and root have it", a.Process.PID),
			cure: "enter the user namespace, too, or run nslaunch as root"}
	case unix.ESRCH:
		return advice{cause: fmt.Sprintf("process %d has ended", a.Process.PID), cure: "start the sandbox again"}
	case unix.EINVAL:
		return advice{cause: "most likely the pid namespace is not below the one that nslaunch runs in", cure: "run nslaunch in that pid namespace, or outside of it"}
	}
	return advice{}
}

// joinCgroup is about a control group that the caller may not move a process to.
func (f *failure) joinCgroup(a joinCgroup) advice {
	switch f.errno {
	case unix.EACCES, unix.EPERM:
		return advice{cause: fmt.Sprintf("uid %d may move a process into the sandbox's unit only from within the tree of its own manager", f.plan.host.UID),
			cure: "systemd-run --user --scope nslaunch exec …"}
	case unix.EBUSY:
		return advice{cause: "the sandbox has divided its control group, and then no process can be in the group itself", cure: "run the command from within the sandbox"}
	}
	return advice{}
}

package diagnose

import (
	"fmt"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

const again = "run it again"

// openNamespace is about a namespace file that was there when the plan was made.
func (f *Failure) openNamespace(a step.OpenNamespace) plan.Advice {
	n := f.Plan.Source.Namespaces[a.Kind]
	ofProcess := n.OfProcess()
	switch f.Errno {
	case unix.ESTALE:
		if ofProcess {
			return plan.Advice{Cause: fmt.Sprintf("since the plan was made, process %d has ended or changed its %s namespace", n.PID, a.Kind),
				Cure: plan.Try(again)}
		}
		return plan.Advice{Cause: "since the plan was made, the file was replaced by another", Cure: plan.Try(again)}
	case unix.ENOENT, unix.ESRCH:
		if ofProcess {
			return plan.Advice{Cause: fmt.Sprintf("process %d has ended since the plan was made", n.PID),
				Cure: plan.Try(again + " with a process that runs")}
		}
		return plan.Advice{Cause: "the file is gone since the plan was made", Cure: plan.Try(again + " when the file exists")}
	case unix.EACCES, unix.EPERM:
		if ofProcess {
			return plan.Advice{Cause: host.JoinPIDWords(n.PID, a.Kind, host.NamespaceFile{Err: f.Errno}),
				Cure: plan.Try("run nslaunch as the user of that process, or as root")}
		}
	}
	return plan.Advice{}
}

// join is about setns(2).
func (f *Failure) join(a step.Join) plan.Advice {
	switch {
	case f.Errno == unix.EPERM:
		return f.mayNotJoin(a)
	case f.Errno == unix.EINVAL && a.Kind == config.PID:
		return plan.Advice{Cause: "only a pid namespace below the one that nslaunch runs in can be joined",
			Cure: plan.Try("run nslaunch in that pid namespace, or outside of it")}
	case f.Errno == unix.EINVAL:
		return plan.Advice{Cause: "most likely this kernel cannot join namespaces of that kind",
			Cure: plan.Change(plan.Key(a.Kind), "host")}
	}
	return plan.Advice{}
}

// mayNotJoin is about the capability that setns takes in the user namespace
// that owns the one to enter. Who lacks it in its own, the compiler refuses.
func (f *Failure) mayNotJoin(a step.Join) plan.Advice {
	h := f.Plan.Host
	own, owner := h.OwnNamespaces[config.User], h.Joins[a.Kind].Owner
	switch {
	case a.Kind == config.User:
		return plan.Advice{Cause: fmt.Sprintf("joining a user namespace needs CAP_SYS_ADMIN in it: its creator has that, and root outside of it, but uid %d is neither", h.UID),
			Cure: plan.Try("run nslaunch as the user who created it, or as root")}
	case owner == 0:
		return plan.Advice{Cause: "it belongs to a user namespace outside of the one that nslaunch runs in, and joining it needs CAP_SYS_ADMIN there",
			Cure: plan.Try("run nslaunch in that user namespace")}
	case f.joined(config.User) && owner != own && owner != h.Joins[config.User].Ino:
		return plan.Advice{Cause: "it belongs to another user namespace than the one that is joined, and joining it needs CAP_SYS_ADMIN there",
			Cure: plan.Try("join the namespaces of one process, or set namespaces.user = \"host\" and run nslaunch as root")}
	case a.Kind == config.Mount && !f.machine.filtered():
		return plan.Advice{Cause: "most likely CAP_SYS_CHROOT is missing, which joining a mount namespace needs besides CAP_SYS_ADMIN",
			Cure: plan.Try("run nslaunch with it, or as root")}
	}
	return plan.Advice{}
}

// intoPID is about the fork into a pid namespace.
func (f *Failure) intoPID() plan.Advice {
	if f.Errno == unix.ENOMEM && f.joined(config.PID) {
		return plan.Advice{Cause: "most likely the first process of the pid namespace has ended, and then nothing more can be started in it",
			Cure: plan.Try("join one that is alive, or %s", plan.Set(plan.Key(config.PID), "new"))}
	}
	return f.newNamespaces([]config.NamespaceKind{config.PID})
}

// time is about the offsets of time_namespaces(7).
func (f *Failure) time(a step.NewTime) plan.Advice {
	switch {
	case f.Call == "unshare":
		return f.newNamespaces([]config.NamespaceKind{config.TimeNS})
	case f.Call == "openat" && f.Errno == unix.ENOENT:
		return plan.Advice{Cause: "this kernel has no clock offsets: there is no /proc/self/timens_offsets", Cure: plan.Try("use a kernel built with CONFIG_TIME_NS, Linux 5.6 or newer"), Key: plan.Key(config.TimeNS)}
	case f.Call == "write" && f.Errno == unix.ERANGE:
		h := f.Plan.Host
		for _, c := range []clockFacts{{"monotonic", h.Monotonic, a.Monotonic}, {"boottime", h.Boottime, a.Boottime}} {
			if d := c.outOfRange(); d.Some() {
				return d
			}
		}
	}
	return plan.Advice{}
}

// clockFacts is a clock of the caller's, and the offset that it should get.
type clockFacts struct {
	name string
	now  host.ClockState
	set  step.ClockOffset
}

// highestClock is where the kernel stops: KTIME_SEC_MAX / 2.
const highestClock = 4611686018 * time.Second

// outOfRange explains what is wrong with an offset. Both offsets are from the
// initial time namespace.
func (c clockFacts) outOfRange() plan.Advice {
	if !c.set.Set {
		return plan.Advice{}
	}
	key := "time." + c.name
	machine := c.now.Now - c.now.Offset
	switch {
	case c.set.Offset < -machine:
		return plan.Advice{Cause: fmt.Sprintf("the %s clock would be below 0: here it is at %s", c.name, c.now.Now.Round(time.Second)), Cure: plan.Try("%s = \"0s\", without a sign, which starts it at 0", key), Key: key}
	case c.set.Offset > highestClock-machine:
		d := plan.Advice{Cause: fmt.Sprintf("the %s clock would pass the kernel's limit of 146 years", c.name), Cure: plan.Try("use a smaller offset"), Key: key}
		if c.now.Offset != 0 {
			d.Cause += fmt.Sprintf(", with the offset of %s that it has here already", c.now.Offset.Round(time.Second))
		}
		return d
	}
	return plan.Advice{}
}

package launcher

import (
	"fmt"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

const again = "start it again"

// openNamespace is about a namespace file that was there when the plan was made.
func (f *failure) openNamespace(a openNamespace) Advice {
	n := f.plan.profile.Namespaces[a.Kind]
	ofProcess := n.OfProcess()
	switch f.errno {
	case unix.ESTALE:
		if ofProcess {
			return Advice{Cause: fmt.Sprintf("since the plan was made, process %d has ended or changed its %s namespace", n.PID, a.Kind),
				Cure: try(again)}
		}
		return Advice{Cause: "since the plan was made, the file was replaced by another", Cure: try(again)}
	case unix.ENOENT, unix.ESRCH:
		if ofProcess {
			return Advice{Cause: fmt.Sprintf("process %d has ended since the plan was made", n.PID),
				Cure: try(again + " with a process that runs")}
		}
		return Advice{Cause: "the file is gone since the plan was made", Cure: try(again + " when it is there")}
	case unix.EACCES, unix.EPERM:
		if ofProcess {
			return Advice{Cause: host.JoinPIDWords(n.PID, a.Kind, host.NamespaceFile{Err: f.errno}),
				Cure: try("run nslaunch as the user of that process, or as root")}
		}
	}
	return Advice{}
}

// join is about setns(2).
func (f *failure) join(a join) Advice {
	switch {
	case f.errno == unix.EPERM:
		return f.mayNotJoin(a)
	case f.errno == unix.EINVAL && a.Kind == config.PID:
		return Advice{Cause: "only a pid namespace below the one that nslaunch runs in can be joined",
			Cure: try("run nslaunch in that pid namespace, or outside of it")}
	case f.errno == unix.EINVAL:
		return Advice{Cause: "most likely this kernel cannot join namespaces of that kind",
			Cure: change(key(a.Kind), "host")}
	}
	return Advice{}
}

// mayNotJoin is about the capability that setns takes in the user namespace
// that owns the one to enter. Who lacks it in its own, the compiler refuses.
func (f *failure) mayNotJoin(a join) Advice {
	h := f.plan.host
	own, owner := h.OwnNamespaces[config.User], h.Joins[a.Kind].Owner
	switch {
	case a.Kind == config.User:
		return Advice{Cause: fmt.Sprintf("joining a user namespace needs CAP_SYS_ADMIN in it, which its maker and root outside of it have, and uid %d is neither", h.UID),
			Cure: try("run nslaunch as who made it, or as root")}
	case owner == 0:
		return Advice{Cause: "it belongs to a user namespace outside of the one that nslaunch runs in, and joining it needs CAP_SYS_ADMIN there",
			Cure: try("run nslaunch outside")}
	case f.joined(config.User) && owner != own && owner != h.Joins[config.User].Ino:
		return Advice{Cause: "it belongs to another user namespace than the one that is joined, and joining it needs CAP_SYS_ADMIN there",
			Cure: try("join the namespaces of one process, or leave namespaces.user \"host\" and run nslaunch as root")}
	case a.Kind == config.Mount && !f.machine.filtered():
		return Advice{Cause: "most likely CAP_SYS_CHROOT is missing, which joining a mount namespace needs besides CAP_SYS_ADMIN",
			Cure: try("run nslaunch with it")}
	}
	return Advice{}
}

// intoPID is about the fork into a pid namespace.
func (f *failure) intoPID() Advice {
	if f.errno == unix.ENOMEM && f.joined(config.PID) {
		return Advice{Cause: "most likely the first process of the pid namespace has ended, and then nothing more can be started in it",
			Cure: try("join one that is alive, or %s", set(key(config.PID), "new"))}
	}
	return f.newNamespaces([]config.NamespaceKind{config.PID})
}

// time is about the offsets of time_namespaces(7).
func (f *failure) time(a newTime) Advice {
	switch {
	case f.call == "unshare":
		return f.newNamespaces([]config.NamespaceKind{config.TimeNS})
	case f.call == "openat" && f.errno == unix.ENOENT:
		return Advice{Cause: "this kernel has no clock offsets: there is no /proc/self/timens_offsets", Cure: try("a kernel built with CONFIG_TIME_NS, Linux 5.6 or newer"), Key: key(config.TimeNS)}
	case f.call == "write" && f.errno == unix.ERANGE:
		h := f.plan.host
		for _, c := range []clockFacts{{"monotonic", h.Monotonic, a.Monotonic}, {"boottime", h.Boottime, a.Boottime}} {
			if d := c.outOfRange(); d.some() {
				return d
			}
		}
	}
	return Advice{}
}

// clockFacts is a clock of the caller's, and what it is to be set to.
type clockFacts struct {
	name string
	now  host.ClockState
	set  clockOffset
}

// highestClock is where the kernel stops: KTIME_SEC_MAX / 2.
const highestClock = 4611686018 * time.Second

// outOfRange tells what is wrong with an offset. Both offsets are from the
// initial time namespace.
func (c clockFacts) outOfRange() Advice {
	if !c.set.Set {
		return Advice{}
	}
	key := "time." + c.name
	machine := c.now.Now - c.now.Offset
	switch {
	case c.set.Offset < -machine:
		return Advice{Cause: fmt.Sprintf("the %s clock would be below 0: here it is at %s", c.name, c.now.Now.Round(time.Second)), Cure: try("%s = \"0s\", without a sign, which starts it at 0", key), Key: key}
	case c.set.Offset > highestClock-machine:
		d := Advice{Cause: fmt.Sprintf("the %s clock would pass the kernel's limit of 146 years", c.name), Cure: try("a smaller offset"), Key: key}
		if c.now.Offset != 0 {
			d.Cause += fmt.Sprintf(", with the offset of %s that it has here already", c.now.Offset.Round(time.Second))
		}
		return d
	}
	return Advice{}
}

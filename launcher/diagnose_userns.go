package launcher

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// start is about the start of the stage, with all that is made in one clone.
func (f *failure) start(a startStage) Advice {
	if d := f.unreadable(); d.some() {
		return d
	}
	switch {
	case f.call == "memfd_create" && (f.errno == unix.EACCES || f.errno == unix.EPERM):
		return f.memfd()
	case f.call == "clone":
		return f.newNamespaces(a.New)
	}
	return Advice{}
}

// newNamespaces is about clone(2) and unshare(2); see their man pages.
func (f *failure) newNamespaces(kinds []config.NamespaceKind) Advice {
	switch f.errno {
	case unix.ENOSPC, unix.EUSERS:
		return f.tooManyNamespaces(kinds)
	case unix.EINVAL:
		for _, k := range kinds {
			if !f.machine.exists("/proc/self/ns/" + host.ProcName(k)) {
				return Advice{Cause: "this kernel has no " + string(k) + " namespaces", Cure: try("a kernel built with CONFIG_" + kernelOption(k)), Key: key(k)}
			}
		}
	case unix.EPERM, unix.EACCES:
		if slices.Contains(kinds, config.User) {
			return f.userForbidden()
		}
		if f.joined(config.User) {
			return Advice{Cause: "new namespaces need CAP_SYS_ADMIN in the user namespace that was joined",
				Cure: try("join one that was made by this user, or run nslaunch as root")}
		}
	}
	return Advice{}
}

// kernelOption is the option that a kernel is built with to have a kind.
func kernelOption(k config.NamespaceKind) string {
	switch k {
	case config.Mount:
		return "NAMESPACES"
	case config.Cgroup:
		return "CGROUPS"
	}
	return strings.ToUpper(string(k)) + "_NS"
}

// plenty is a limit that nobody has used up: user.max_*_namespaces are in the
// thousands unless someone set them.
const plenty = 1000

// tooManyNamespaces is about the limits of namespaces(7). A limit counts also
// what is made in the user namespaces below the one that it is set in.
func (f *failure) tooManyNamespaces(kinds []config.NamespaceKind) Advice {
	lowest, limit := config.NamespaceKind(""), int64(plenty)
	for _, k := range kinds {
		if n, ok := f.machine.maxNamespaces(k); ok && n < limit {
			lowest, limit = k, n
		}
	}
	name := "user." + maxName(lowest)
	raise := "as root: sysctl " + name + "=10000"
	switch {
	case limit == 0:
		return Advice{Cause: fmt.Sprintf("%s is 0, which forbids new %s namespaces", name, lowest),
			Cure: try(`in a sandbox of nslaunch: restrict.namespaces = "all" for that; elsewhere ` + raise), Key: key(lowest)}
	case lowest != "":
		return Advice{Cause: fmt.Sprintf("most likely as many %s namespaces are in use as %s allows, %d", lowest, name, limit), Cure: try(raise), Key: key(lowest)}
	case slices.Contains(kinds, config.User):
		return Advice{Cause: "most likely user namespaces are nested too deep, the kernel allows 32 levels; or an outer one has a limit" + usedUp,
			Cure: try("start it from an outer namespace, or raise the limits there")}
	case slices.Contains(kinds, config.PID):
		return Advice{Cause: "most likely pid namespaces are nested too deep, the kernel allows 32 levels; or an outer user namespace has a limit" + usedUp,
			Cure: try("start it from an outer namespace, or raise the limits there")}
	}
	return Advice{Cause: "most likely an outer user namespace has a limit" + usedUp, Cure: try("raise the limits there")}
}

const usedUp = " user.max_*_namespaces that is used up"

// userForbidden is about a new user namespace that the kernel refuses.
func (f *failure) userForbidden() Advice {
	user := key(config.User)
	h := f.plan.host
	if !h.Has(host.CapSysAdmin) && f.machine.forbiddenByDebian() {
		return Advice{Cause: "kernel.unprivileged_userns_clone is 0, which forbids user namespaces to ordinary users", Cure: try("as root: sysctl kernel.unprivileged_userns_clone=1, or run nslaunch as root"), Key: user}
	}
	for _, side := range []struct {
		name string
		id   uint32
		own  []config.IDRange
	}{{"uid", h.UID, h.UIDMap}, {"gid", h.GID, h.GIDMap}} {
		if !host.Covers(side.own, side.id, 1) {
			return Advice{Cause: "the caller's " + side.name + " is not mapped in its own user namespace, and then it may make none", Cure: try("map it in the outer namespace first, as unshare --map-current-user does"), Key: user}
		}
	}
	if f.machine.chrooted() {
		return Advice{Cause: "nslaunch runs in a chroot, where the kernel allows no new user namespace", Cure: try(outOfChroot), Key: user}
	}
	for _, d := range []Advice{f.appArmor(), f.refusedByOuter()} {
		if d.some() {
			d.Key = user
			return d
		}
	}
	return Advice{Cause: "most likely nslaunch runs in a chroot, where the kernel allows no new user namespace: nothing else that forbids it is to be seen", Cure: try(outOfChroot), Key: user}
}

const outOfChroot = "enter the tree with pivot_root(8) in place of chroot"

// appArmor is about Ubuntu's switch. A user namespace can then be made, and
// what needs a capability in it is refused.
func (f *failure) appArmor() Advice {
	if !f.newUser() || f.plan.host.Has(host.CapSysAdmin) || !f.machine.restrictedByAppArmor() {
		return Advice{}
	}
	return Advice{Cause: "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor denies an ordinary user all capabilities in a new user namespace",
		Cure: try(`as root: give nslaunch an AppArmor profile with the rule "userns,", or sysctl kernel.apparmor_restrict_unprivileged_userns=0`)}
}

// refusedByOuter is about what an outer container does not allow: AppArmor
// answers EACCES, a seccomp filter nearly always EPERM.
func (f *failure) refusedByOuter() Advice {
	profile, enforced := strings.CutSuffix(f.machine.appArmorLabel(), " (enforce)")
	if !enforced || f.errno == unix.EPERM && f.machine.filtered() {
		return f.seccomp()
	}
	cure := "start the outer container with another profile, in podman and docker --security-opt apparmor=PROFILE"
	if f.call == "clone" && f.newUser() {
		// The profile may be nslaunch's own: since Linux 6.7 one without this rule forbids user namespaces.
		cure = `as root: add the rule "userns," to that profile; or ` + cure
	}
	return Advice{Cause: "most likely the AppArmor profile that nslaunch runs under, " + profile + ", forbids the call" + f.inCall(), Cure: try(cure)}
}

// seccomp is about a filter of whoever started nslaunch.
func (f *failure) seccomp() Advice {
	if !f.machine.filtered() {
		return Advice{}
	}
	if f.ofService() {
		return f.serviceFilter()
	}
	return Advice{Cause: "most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call" + f.inCall(),
		Cure: try("start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE")}
}

package diagnose

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// forbid knows why a limit cannot be set.
func (f *Failure) forbid() plan.Advice {
	cure := plan.Try("%s, which restricts nothing", plan.Set("restrict.namespaces", "all"))
	switch f.Errno {
	case unix.EROFS:
		return plan.Advice{Cause: "/proc/sys is read-only here, as in a container", Cure: cure}
	case unix.ENOENT, unix.ENOTDIR:
		return plan.Advice{Cause: "/proc/sys/user, which limits namespaces, does not exist here", Cure: cure}
	case unix.EACCES:
		return plan.Advice{Cause: "the limits of namespaces in /proc/sys/user are not writable", Cure: cure}
	}
	return plan.Advice{}
}

// start is about the start of the stage, with all that is made in one clone.
func (f *Failure) start(a step.StartStage) plan.Advice {
	if d := f.unreadable(); d.Some() {
		return d
	}
	switch {
	case f.Call == "memfd_create" && (f.Errno == unix.EACCES || f.Errno == unix.EPERM):
		return f.memfd()
	case f.Call == "clone":
		return f.newNamespaces(a.New)
	}
	return plan.Advice{}
}

// newNamespaces is about clone(2) and unshare(2); see their man pages.
func (f *Failure) newNamespaces(kinds []config.NamespaceKind) plan.Advice {
	switch f.Errno {
	case unix.ENOSPC, unix.EUSERS:
		return f.tooManyNamespaces(kinds)
	case unix.EINVAL:
		for _, k := range kinds {
			if !f.machine.exists("/proc/self/ns/" + host.ProcName(k)) {
				return plan.Advice{Cause: "this kernel has no " + string(k) + " namespaces", Cure: plan.Try("use a kernel built with CONFIG_" + kernelOption(k)), Key: plan.Key(k)}
			}
		}
	case unix.EPERM, unix.EACCES:
		if slices.Contains(kinds, config.User) {
			return f.userForbidden()
		}
		if f.joined(config.User) {
			return plan.Advice{Cause: "new namespaces need CAP_SYS_ADMIN in the user namespace that was joined",
				Cure: plan.Try("join one that was made by this user, or run nslaunch as root")}
		}
	}
	return plan.Advice{}
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
func (f *Failure) tooManyNamespaces(kinds []config.NamespaceKind) plan.Advice {
	lowest, limit := config.NamespaceKind(""), int64(plenty)
	for _, k := range kinds {
		if n, ok := f.machine.maxNamespaces(k); ok && n < limit {
			lowest, limit = k, n
		}
	}
	name := "user." + step.MaxName(lowest)
	raise := "as root: sysctl " + name + "=10000"
	switch {
	case limit == 0:
		return plan.Advice{Cause: fmt.Sprintf("%s is 0, so no new %s namespaces can be created", name, lowest),
			Cure: plan.Try(`in a sandbox of nslaunch: restrict.namespaces = "all" for that; elsewhere ` + raise), Key: plan.Key(lowest)}
	case lowest != "":
		return plan.Advice{Cause: fmt.Sprintf("most likely all %s namespaces that %s allows are in use: %d", lowest, name, limit), Cure: plan.Try(raise), Key: plan.Key(lowest)}
	case slices.Contains(kinds, config.User):
		return plan.Advice{Cause: "most likely user namespaces are nested too deep, the kernel allows 32 levels; or an outer one has a limit" + usedUp,
			Cure: plan.Try("start it from an outer namespace, or raise the limits there")}
	case slices.Contains(kinds, config.PID):
		return plan.Advice{Cause: "most likely pid namespaces are nested too deep, the kernel allows 32 levels; or an outer user namespace has a limit" + usedUp,
			Cure: plan.Try("start it from an outer namespace, or raise the limits there")}
	}
	return plan.Advice{Cause: "most likely an outer user namespace has a limit" + usedUp, Cure: plan.Try("raise the limits there")}
}

const usedUp = " user.max_*_namespaces that is used up"

// userForbidden is about a new user namespace that the kernel refuses.
func (f *Failure) userForbidden() plan.Advice {
	user := plan.Key(config.User)
	h := f.Plan.Host
	if !h.Has(host.CapSysAdmin) && f.machine.forbiddenByDebian() {
		return plan.Advice{Cause: "kernel.unprivileged_userns_clone is 0, so ordinary users cannot create user namespaces", Cure: plan.Try("as root: sysctl kernel.unprivileged_userns_clone=1, or run nslaunch as root"), Key: user}
	}
	for _, side := range []struct {
		name string
		id   uint32
		own  []config.IDRange
	}{{"uid", h.UID, h.UIDMap}, {"gid", h.GID, h.GIDMap}} {
		if !host.Covers(side.own, side.id, 1) {
			return plan.Advice{Cause: "the caller's " + side.name + " is not mapped in its own user namespace, so it cannot create another one", Cure: plan.Try("map it in the outer namespace first, as unshare --map-current-user does"), Key: user}
		}
	}
	if f.machine.chrooted() {
		return plan.Advice{Cause: "nslaunch runs in a chroot, where the kernel allows no new user namespace", Cure: plan.Try(outOfChroot), Key: user}
	}
	for _, d := range []plan.Advice{f.appArmor(), f.refusedByOuter()} {
		if d.Some() {
			d.Key = user
			return d
		}
	}
	return plan.Advice{Cause: "most likely nslaunch runs in a chroot, where the kernel allows no new user namespace: nothing else here forbids it", Cure: plan.Try(outOfChroot), Key: user}
}

const outOfChroot = "enter the directory with pivot_root(8) instead of chroot"

// appArmor is about Ubuntu's switch. A user namespace can then be made, and
// what needs a capability in it is refused.
func (f *Failure) appArmor() plan.Advice {
	if !f.newUser() || f.Plan.Host.Has(host.CapSysAdmin) || !f.machine.restrictedByAppArmor() {
		return plan.Advice{}
	}
	return plan.Advice{Cause: "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor denies an ordinary user all capabilities in a new user namespace",
		Cure: f.machine.allowUserns()}
}

// allowUserns is the cure for Ubuntu's switch: an AppArmor profile for this program, which is bound to its path.
func (m machine) allowUserns() plan.Cure {
	const forAll = "as root, for all programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
	program, err := os.Readlink(m.root + "/proc/self/exe")
	switch {
	case err != nil || quote.Word(program) != program || strings.ContainsAny(program, "@^{}"): // special to AppArmor
		return plan.Try(forAll)
	case strings.Contains(program, "/go-build"):
		return plan.Try("install nslaunch, because go run uses another path each time, and AppArmor allows a path; or " + forAll)
	}
	file := "/etc/apparmor.d/nslaunch"
	if strings.Contains(m.text(file), "nslaunch "+program+" ") {
		return plan.Try("as root: apparmor_parser -r " + file)
	}
	file = "/etc/apparmor.d/" + strings.ReplaceAll(program[1:], "/", ".")
	return plan.Try(`as root: printf 'abi <abi/4.0>,\nprofile ` + program + ` flags=(unconfined) {\n  userns,\n}\n' >` + file + " && apparmor_parser -r " + file)
}

// refusedByOuter is about what an outer container does not allow: AppArmor
// answers EACCES, a seccomp filter nearly always EPERM.
func (f *Failure) refusedByOuter() plan.Advice {
	profile, enforced := strings.CutSuffix(f.machine.appArmorLabel(), " (enforce)")
	if !enforced || f.Errno == unix.EPERM && f.machine.filtered() {
		return f.seccomp()
	}
	cure := "start the outer container with another profile, in podman and docker --security-opt apparmor=PROFILE"
	if f.Call == "clone" && f.newUser() {
		// The profile may be nslaunch's own: since Linux 6.7 one without this rule forbids user namespaces.
		cure = `as root: add the rule "userns," to that profile; or ` + cure
	}
	return plan.Advice{Cause: "most likely the AppArmor profile that nslaunch runs under, " + profile + ", forbids the call" + f.inCall(), Cure: plan.Try(cure)}
}

// seccomp is about a filter that nslaunch was started under.
func (f *Failure) seccomp() plan.Advice {
	if !f.machine.filtered() {
		return plan.Advice{}
	}
	if f.ofService() {
		return f.serviceFilter()
	}
	return plan.Advice{Cause: "most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call" + f.inCall(),
		Cure: plan.Try("start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE")}
}

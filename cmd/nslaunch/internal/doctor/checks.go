package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// check is one row of the table: the profile that is tried, or a look at the machine.
type check struct {
	name string
	// user: a user namespace is made for it. Without one none of these can work, which is said once.
	user     bool
	settings map[string]any
	look     func(name string) Finding
}

// checks makes every check as the caller, for real.
func (d Doctor) checks() []Finding {
	privileged := hasCap(unix.CAP_SYS_ADMIN)
	user := d.tried("user namespace", map[string]any{"namespaces.user": "new"})
	all := []Finding{user}
	for _, c := range rows(privileged) {
		switch {
		case c.look != nil:
			all = append(all, c.look(c.name))
		case c.user && !user.OK:
			all = append(all, Finding{Name: c.name, Cause: "needs a user namespace, see above"})
		default:
			if c.user {
				c.settings["namespaces.user"] = "new"
			}
			all = append(all, d.tried(c.name, c.settings))
		}
	}
	return all
}

// rows are the rows below the first: for a caller who can make namespaces without a user namespace,
// or for all others.
func rows(privileged bool) []check {
	own := !privileged
	with := func(settings map[string]any) map[string]any {
		settings["namespaces.mount"] = "new"
		return settings
	}
	var all []check
	for _, k := range config.Kinds() {
		if k != config.User {
			all = append(all, check{name: string(k) + " namespace", user: own, settings: map[string]any{"namespaces." + string(k): "new"}})
		}
	}
	all = append(all, []check{
		{name: "all namespaces at once", user: true, settings: map[string]any{"namespaces": "new"}},
		{name: "ids: the caller as root", user: true, settings: map[string]any{"idmap": "root"}},
		{name: "ids: the caller as itself", user: true, settings: map[string]any{"idmap": "keep"}},
		{name: "ids: subordinate ones", user: true, settings: map[string]any{"idmap": "root+subid"}},
		{name: "a new /proc", user: own, settings: with(map[string]any{"namespaces.pid": "new", "proc": "new"})},
		{name: "a root of its own", user: own, settings: with(map[string]any{"root": "tmpfs", "dev": "minimal"})},
		{name: "overlay", user: own, settings: with(overlaySettings())},
		{name: "overlay in a user namespace", user: true, settings: with(overlaySettings())},
		{name: "idmapped bind mount", user: true, settings: with(map[string]any{"root": "tmpfs",
			"mounts": map[string]any{"/x": map[string]any{"ro": "/etc", "idmap": "user"}}})},
		{name: "pseudoterminal", settings: map[string]any{"process.terminal": "pty"}},
		{name: "execution of a memfd", look: lookMemfd},
		{name: "sealed image", look: lookImage},
		{name: "records of sandboxes", look: lookRecords},
		{name: "scope of the system's manager", settings: map[string]any{"scope.mode": "required", "scope.bus": "system"}},
		{name: "scope of the user's manager", settings: map[string]any{"scope.mode": "required", "scope.bus": "user"}},
		{name: "cgroup controllers", look: lookControllers},
		{name: "Landlock", look: lookLandlock},
		{name: "seccomp filters", look: lookSeccomp},
	}...)
	if own {
		all = slices.DeleteFunc(all, func(c check) bool { return c.name == "overlay" })
	}
	return all
}

func overlaySettings() map[string]any {
	return map[string]any{"root": "tmpfs", "mounts": map[string]any{"/x": map[string]any{"type": "overlay", "lower": []string{"/etc"}}}}
}

func hasCap(c int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[c/32].Effective>>(c%32)&1 == 1
}

func kernelRelease() string {
	var name unix.Utsname
	_ = unix.Uname(&name)
	return unix.ByteSliceToString(name.Release[:])
}

// lookMemfd executes a copy of this program that is in memory.
func lookMemfd(name string) Finding {
	err := executeMemfd()
	f := Finding{Name: name, OK: err == nil}
	if err != nil {
		f.Cause = fmt.Sprintf("%v: neither the sealed image nor, for root, a sealed copy of nslaunch can be executed", err)
		if mode, _ := os.ReadFile("/proc/sys/vm/memfd_noexec"); strings.TrimSpace(string(mode)) == "2" {
			f.Cure = "sysctl vm.memfd_noexec=1"
		}
	}
	return f
}

// lookImage asks what a launch would set a sandbox up with. The portable image does the same.
func lookImage(name string) Finding {
	f := Finding{Name: name, Information: true}
	p, err := config.New(nil, config.CallerVars())
	if err != nil {
		return found(name, err)
	}
	h, err := launcher.Probe(p)
	if err != nil {
		return found(name, err)
	}
	if f.OK = h.Portable == ""; !f.OK {
		f.Cause = "the portable image is taken: " + h.Portable
	}
	return f
}

// lookRecords writes a record, where those of sandboxes are.
func lookRecords(name string) Finding {
	dir, err := records.Try()
	f := found(name, err)
	f.Detail = dir
	return f
}

// lookControllers reads the controllers of the caller's control group. Those that limits need are there, or not.
func lookControllers(name string) Finding {
	f := Finding{Name: name}
	path := process.Cgroup("self")
	if path == "" {
		f.Cause = "no unified hierarchy of control groups (cgroup2)"
		return f
	}
	var have []string
	for dir := filepath.Join("/sys/fs/cgroup", path); have == nil; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err == nil {
			have = append([]string{}, strings.Fields(string(text))...)
		} else if !strings.HasPrefix(dir, "/sys/fs/cgroup/") {
			f.Cause = "cgroup2 is not mounted on /sys/fs/cgroup"
			return f
		}
	}
	var missing []string
	for _, want := range []string{"cpu", "memory", "pids"} {
		if !slices.Contains(have, want) {
			missing = append(missing, want)
		}
	}
	f.OK, f.Detail = missing == nil, strings.Join(have, " ")
	if missing != nil {
		f.Cause = "no " + strings.Join(missing, ", ") + ": limits of that kind cannot be enforced here"
		if f.Detail == "" {
			f.Detail, f.Cause = f.Cause, ""
		}
		f.Cure = "boot with cgroup_no_v1=all, or let systemd delegate them (Delegate=yes of user@.service)"
	}
	return f
}

// lookLandlock asks for the version of Landlock, which nslaunch does not use yet.
func lookLandlock(name string) Finding {
	f := Finding{Name: name, Information: true}
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		f.Cause = "landlock_create_ruleset: " + unix.ErrnoName(errno)
		return f
	}
	f.OK, f.Detail = true, fmt.Sprintf("ABI %d", abi)
	return f
}

// lookSeccomp asks whether a filter may kill a process, which nslaunch does not use yet.
func lookSeccomp(name string) Finding {
	f := Finding{Name: name, Information: true, OK: true}
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	if errno := seccompAction(&action); errno != 0 {
		f.OK, f.Cause = false, "seccomp: "+unix.ErrnoName(errno)
	}
	return f
}

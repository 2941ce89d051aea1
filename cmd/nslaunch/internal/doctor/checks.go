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
	use      string // what needs it, in the words of a profile
	cure     string // in place of one that changes the profile that is tried, which nobody sees
	settings map[string]any
	look     func(name string) Finding
}

// checks makes every check as the caller, for real.
func (d Doctor) checks() []Finding {
	privileged := hasCap(unix.CAP_SYS_ADMIN)
	user := d.tried("user namespace", map[string]any{"namespaces.user": "new"})
	user.NeededFor = "every sandbox of an ordinary user"
	all := []Finding{user}
	for _, c := range rows(privileged) {
		var f Finding
		switch {
		case c.look != nil:
			f = c.look(c.name)
			f.NeededFor = c.use
		case c.user && !user.OK:
			f = Finding{Name: c.name, Cause: "needs a user namespace, see above"}
		default:
			if c.user {
				c.settings["namespaces.user"] = "new"
			}
			f = d.tried(c.name, c.settings)
			f.NeededFor = c.use
			if c.cure != "" && (strings.HasPrefix(f.Cure, "--set ") || strings.HasPrefix(f.Cure, "remove it")) {
				f.Cure = c.cure
			}
		}
		all = append(all, f)
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
			all = append(all, check{name: string(k) + " namespace", user: own, use: "namespaces." + string(k) + ": " + ownOf(k), settings: map[string]any{"namespaces." + string(k): "new"}})
		}
	}
	all = append(all, []check{
		{name: "all namespaces at once", use: `namespaces = "new"`, user: true, settings: map[string]any{"namespaces": "new"}},
		{name: "ids: the caller as root", use: `idmap = "root": you are root in the sandbox`, user: true, settings: map[string]any{"idmap": "root"}},
		{name: "ids: the caller as itself", use: `idmap = "keep": you keep your ids`, user: true, settings: map[string]any{"idmap": "keep"}},
		{name: "ids: subordinate ones", use: `idmap = "root+subid": the sandbox has many users`, user: true, settings: map[string]any{"idmap": "root+subid"}},
		{name: "a new /proc", use: `proc = "new": hides other processes`, user: own, settings: with(map[string]any{"namespaces.pid": "new", "proc": "new"})},
		{name: "a root of its own", use: "root, and most presets: hides other files", user: own, settings: with(map[string]any{"root": "tmpfs", "dev": "minimal"})},
		{name: "overlay", use: `root.overlay, mounts of type "overlay"`, user: own, settings: with(overlaySettings())},
		{name: "overlay in a user namespace", use: `root.overlay, mounts of type "overlay"`, user: true, settings: with(overlaySettings())},
		{name: "idmapped bind mount", use: `mounts."/path".idmap: other owners`, cure: `run nslaunch as root, or map the ids of the whole sandbox: idmap = "keep"`, user: true, settings: with(map[string]any{"root": "tmpfs",
			"mounts": map[string]any{"/x": map[string]any{"ro": sample, "idmap": "user"}}})},
		{name: "pseudoterminal", use: `process.terminal = "pty"`, settings: map[string]any{"process.terminal": "pty"}},
		{name: "execution of a memfd", use: "fast launches, and safe ones by root", look: lookMemfd},
		{name: "sealed image", use: "fast launches by a tiny set-up program", look: lookImage},
		{name: "records of sandboxes", use: "ps, exec, stop, logs and explain NAME", look: lookRecords},
		scopeOf(os.Geteuid()),
		{name: "cgroup controllers", use: limitKeys, look: lookControllers},
		{name: "Landlock", look: lookLandlock},
		{name: "seccomp filters", look: lookSeccomp},
	}...)
	if own {
		all = slices.DeleteFunc(all, func(c check) bool { return c.name == "overlay" })
	}
	return all
}

// ownOf says what a sandbox has with a new namespace of a kind.
func ownOf(k config.NamespaceKind) string {
	return map[config.NamespaceKind]string{
		config.Mount:  "mounts of its own",
		config.PID:    "processes of its own",
		config.Net:    "a network of its own",
		config.IPC:    "message queues of its own",
		config.UTS:    "a host name of its own",
		config.Cgroup: "hides the host's groups",
		config.TimeNS: "clocks of its own",
	}[k]
}

// limitKeys are the limits of a whole sandbox, which control groups enforce.
const limitKeys = "limits.memory, limits.swap, limits.tasks and limits.cpu"

// scopeOf is the row of the manager that places the sandboxes of a user: that of the system for root, else the user's own.
func scopeOf(uid int) check {
	c := check{name: "scope of the user's manager", use: "scope, " + limitKeys, cure: "boot this machine with systemd; without it, everything else works",
		settings: map[string]any{"scope.mode": "required", "scope.bus": "user"}}
	if uid == 0 {
		c.name, c.settings["scope.bus"] = "scope of the system's manager", "system"
	}
	return c
}

// sample is a directory that every machine has, and that holds no one's settings or data.
const sample = "/usr"

func overlaySettings() map[string]any {
	return map[string]any{"root": "tmpfs", "mounts": map[string]any{"/x": map[string]any{"type": "overlay", "lower": []string{sample}}}}
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
		f.Cause = "the portable image is used instead: " + h.Portable
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
		f.Cause, f.Cure = "there is no unified hierarchy of control groups (cgroup2)", "boot with cgroup_no_v1=all"
		return f
	}
	var have []string
	for dir := filepath.Join("/sys/fs/cgroup", path); have == nil; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err == nil {
			have = append([]string{}, strings.Fields(string(text))...)
		} else if !strings.HasPrefix(dir, "/sys/fs/cgroup/") {
			f.Cause, f.Cure = "cgroup2 is not mounted on /sys/fs/cgroup", "as root: mount -t cgroup2 none /sys/fs/cgroup"
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
		f.Cause = "no " + strings.Join(missing, ", ") + ": limits that need it cannot be enforced here"
		if f.Detail == "" {
			f.Detail, f.Cause = f.Cause, ""
		}
		f.Cure = "boot with cgroup_no_v1=all, or let systemd delegate them (Delegate=yes of user@.service)"
	}
	return f
}

// unused is what is said of features of the kernel that nslaunch has no use for yet: nothing is missing without them.
const unused = "nslaunch does not use it yet"

// lookLandlock asks for the version of Landlock.
func lookLandlock(name string) Finding {
	f := Finding{Name: name, Information: true, Detail: unused}
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if f.OK = errno == 0; f.OK {
		f.Detail = fmt.Sprintf("ABI %d; %s", abi, unused)
	}
	return f
}

// lookSeccomp asks whether a filter may kill a process.
func lookSeccomp(name string) Finding {
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	return Finding{Name: name, Information: true, Detail: unused, OK: seccompAction(&action) == 0}
}

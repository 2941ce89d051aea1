package diagnose

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// What can be made for real is tested with the command; here is what cannot:
// other kernels and other systems, as files below a directory.

// aMachine is one whose files are these. It has all kinds of namespaces.
func aMachine(t *testing.T, files map[string]string) machine {
	t.Helper()
	m := machine{t.TempDir()}
	all := map[string]string{"/proc/self/mountinfo": "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n21 20 0:5 / /proc rw - proc proc rw\n"}
	for _, k := range config.Kinds() {
		all["/proc/self/ns/"+host.ProcName(k)] = ""
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if text == "-" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(m.root+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(m.root+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// anOrdinaryHost is what an ordinary user's Host is like.
func anOrdinaryHost() *host.Host {
	return &host.Host{
		UID: 1000, GID: 1000, LastCap: 40, Kernel: [2]int{6, 1}, PageSize: 4096, Cwd: "/home",
		UIDMap: []config.IDRange{{Count: 4294967295}}, GIDMap: []config.IDRange{{Count: 4294967295}},
		Rlimits:       map[string]config.Rlimit{"as": {Soft: config.RlimitInfinity}, "nofile": {Soft: 1024, Hard: 4096}, "stack": {Soft: 8 << 20}},
		SubUID:        host.SubIDs{File: "/etc/subuid"},
		SubGID:        host.SubIDs{File: "/etc/subgid"},
		Joins:         map[config.NamespaceKind]host.NamespaceFile{},
		OwnNamespaces: map[config.NamespaceKind]uint64{config.User: 1},
	}
}

// failing is the failure of a step of this profile, of an ordinary user.
func failing(t *testing.T, m machine, rest string, errno unix.Errno, call string) *Failure {
	t.Helper()
	p, err := config.Parse("p.toml", []byte("version = 1\n"+rest), config.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	return &Failure{Plan: &plan.Plan{Source: p, Host: anOrdinaryHost()}, machine: m, Errno: errno, Call: call}
}

const allNew = "namespaces = \"new\"\ncommand = [\"true\"]\n"

// wantAdvice compares what a diagnosis comes to: "KEY: CAUSE; try: CURE".
func wantAdvice(t *testing.T, name string, got plan.Advice, want string) {
	t.Helper()
	text := got.Cause
	if got.Key != "" {
		text = got.Key + ": " + text
	}
	if cure := got.Cure.In(&config.Profile{File: "p.toml"}); cure != "" {
		text += "; try: " + cure
	}
	if text != want {
		t.Errorf("%s: got\n%s\nwant\n%s", name, text, want)
	}
}

const (
	appArmorSwitch = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
	appArmorCause  = `kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor denies an ordinary user all capabilities in a new user namespace; try: `
	appArmorWords  = appArmorCause + forAllPrograms
	forAllPrograms = `as root, for all programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0`
)

// An AppArmor profile allows one path, so the cure depends on where nslaunch is.
func TestAppArmorCure(t *testing.T) {
	packaged := map[string]string{"/etc/apparmor.d/nslaunch": "abi <abi/4.0>,\nprofile nslaunch /usr/bin/nslaunch flags=(unconfined) {\n  userns,\n}\n"}
	for _, test := range []struct {
		program string
		files   map[string]string
		want    string
	}{
		{"/usr/bin/nslaunch", packaged, "as root: apparmor_parser -r /etc/apparmor.d/nslaunch"},
		{"/home/x/bin/nslaunch", packaged, `as root: printf 'abi <abi/4.0>,\nprofile /home/x/bin/nslaunch flags=(unconfined) {\n  userns,\n}\n' >/etc/apparmor.d/home.x.bin.nslaunch && apparmor_parser -r /etc/apparmor.d/home.x.bin.nslaunch`},
		{"/usr/bin/nslaunch", nil, `as root: printf 'abi <abi/4.0>,\nprofile /usr/bin/nslaunch flags=(unconfined) {\n  userns,\n}\n' >/etc/apparmor.d/usr.bin.nslaunch && apparmor_parser -r /etc/apparmor.d/usr.bin.nslaunch`},
		{"/root/.cache/go-build/ab/abcdef-d/nslaunch", packaged, "install nslaunch, because go run uses another path each time, and AppArmor allows a path; or " + forAllPrograms},
		{"/home/x/a b/nslaunch", packaged, forAllPrograms},
		{"/home/x/{a,b}/nslaunch", packaged, forAllPrograms},
	} {
		files := map[string]string{appArmorSwitch: "1\n", "/proc/self/attr/current": "unconfined\n"}
		maps.Copy(files, test.files)
		m := aMachine(t, files)
		if err := os.Symlink(test.program, m.root+"/proc/self/exe"); err != nil {
			t.Fatal(err)
		}
		wantAdvice(t, test.program, failing(t, m, allNew, unix.EPERM, "sethostname").Explain(step.SetHostname{Name: "x"}, unix.EPERM), appArmorCause+test.want)
	}
}

// AppArmor's switch is met where a namespace is made, or at a later step that needs a
// capability.
func TestAppArmor(t *testing.T) {
	on := aMachine(t, map[string]string{appArmorSwitch: "1\n", "/proc/self/attr/current": "unconfined\n"})
	for _, a := range []plan.Action{step.EnterUser{UID: 0, GID: 0}, step.SetPropagation{Target: "/"}, step.MountProc{}, step.CoverProc{}, step.Protect{Path: "/proc/sys"},
		step.SetHostname{Name: "x"}, step.SetDomainname{Name: "x"}, step.LoopbackUp{}, step.WriteMap{File: "uid_map"}, step.SetGroups{}, step.BecomeUser{}, step.DropBounding{},
		step.SetCapabilities{}, step.NewTime{}, step.Unshare{New: []config.NamespaceKind{config.Cgroup}}} {
		for _, errno := range []unix.Errno{unix.EPERM, unix.EACCES} {
			f := failing(t, on, allNew, errno, "some")
			wantAdvice(t, fmt.Sprintf("%T, %v", a, errno), f.Explain(a, errno), appArmorWords)
		}
	}
	user := step.StartStage{New: []config.NamespaceKind{config.User}}
	wantAdvice(t, "start", failing(t, on, allNew, unix.EACCES, "clone").Explain(user, unix.EACCES), "namespaces.user: "+appArmorWords)

	nested := aMachine(t, map[string]string{appArmorSwitch: "1\n", "/proc/self/attr/current": "unprivileged_userns (enforce)\n"})
	wantAdvice(t, "nested", failing(t, nested, allNew, unix.EACCES, "clone").Explain(user, unix.EACCES), "namespaces.user: "+appArmorWords)

	// A profile of nslaunch's own, without the rule. What the kernel does is tested on a machine of 6.12.
	own := aMachine(t, map[string]string{"/proc/self/attr/apparmor/current": "nslaunch (enforce)\n"})
	wantAdvice(t, "own", failing(t, own, allNew, unix.EACCES, "clone").Explain(user, unix.EACCES), "namespaces.user: most likely the AppArmor profile that nslaunch runs under, "+
		`nslaunch, forbids the call: clone; try: as root: add the rule "userns," to that profile; or start the outer container with another profile, `+
		"in podman and docker --security-opt apparmor=PROFILE")

	// A profile of an outer container.
	for _, test := range []struct {
		errno     unix.Errno
		seccomp   string
		forbidden string
	}{
		{unix.EACCES, "2", "the AppArmor profile that nslaunch runs under, docker-default, forbids the call: mount; try: start the outer container with another profile, in podman and docker --security-opt apparmor=PROFILE"},
		{unix.EPERM, "0", "the AppArmor profile that nslaunch runs under, docker-default, forbids the call: mount; try: start the outer container with another profile, in podman and docker --security-opt apparmor=PROFILE"},
		{unix.EPERM, "2", "the seccomp filter that nslaunch was started under, as in a container, forbids the call: mount; try: start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE"},
	} {
		m := aMachine(t, map[string]string{"/proc/self/attr/apparmor/current": "docker-default (enforce)\n", "/proc/self/status": "Seccomp:\t" + test.seccomp + "\n"})
		f := failing(t, m, allNew, test.errno, "mount")
		f.Plan.Host.Caps = 1 << host.CapSysAdmin
		wantAdvice(t, "docker, "+test.errno.Error(), f.Explain(step.SetPropagation{Target: "/"}, test.errno), "most likely "+test.forbidden)
	}

	// What has nothing to do with it.
	for name, f := range map[string]*Failure{
		"off":           failing(t, aMachine(t, map[string]string{appArmorSwitch: "0\n"}), allNew, unix.EPERM, "sethostname"),
		"not there":     failing(t, aMachine(t, nil), allNew, unix.EPERM, "sethostname"),
		"own profile":   failing(t, aMachine(t, map[string]string{appArmorSwitch: "1\n", "/proc/self/attr/apparmor/current": "nslaunch (unconfined)\n"}), allNew, unix.EPERM, "sethostname"),
		"no new user":   failing(t, on, "namespaces = { uts = \"new\" }\ncommand = [\"true\"]\n", unix.EPERM, "sethostname"),
		"another errno": failing(t, on, allNew, unix.EINVAL, "sethostname"),
	} {
		wantAdvice(t, name, f.Explain(step.SetHostname{Name: "x"}, f.Errno), "")
	}
	f := failing(t, on, allNew, unix.EPERM, "sethostname")
	f.Plan.Host.Caps = 1 << host.CapSysAdmin
	wantAdvice(t, "root", f.Explain(step.SetHostname{Name: "x"}, f.Errno), "")
}

// Of what may forbid a user namespace, the one that is to be seen is named.
func TestUserForbidden(t *testing.T) {
	const chroot = "enter the directory with pivot_root(8) instead of chroot"
	const filtered = "Name:\tx\nSeccomp:\t2\n"
	unmapped := func(h *host.Host) { h.UIDMap = nil }
	root := func(h *host.Host) { h.Caps = 1 << host.CapSysAdmin }
	for _, test := range []struct {
		name   string
		files  map[string]string
		change func(*host.Host)
		want   string
	}{
		{"Debian", map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n", "/proc/self/status": filtered}, nil,
			"kernel.unprivileged_userns_clone is 0, so ordinary users cannot create user namespaces; try: as root: sysctl kernel.unprivileged_userns_clone=1, or run nslaunch as root"},
		{"Debian, allowed", map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "1\n", "/proc/self/status": filtered}, nil,
			"most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call: clone; try: start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE"},
		{"Debian, root", map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n"}, root,
			"most likely nslaunch runs in a chroot, where the kernel allows no new user namespace: nothing else here forbids it; try: " + chroot},
		{"unmapped", map[string]string{"/proc/self/status": filtered}, unmapped,
			"the caller's uid is not mapped in its own user namespace, so it cannot create another one; try: map it in the outer namespace first, as unshare --map-current-user does"},
		{"chroot", map[string]string{"/proc/self/mountinfo": "21 20 0:5 / /proc rw - proc proc rw\n", "/proc/self/status": filtered}, nil,
			"nslaunch runs in a chroot, where the kernel allows no new user namespace; try: " + chroot},
		{"AppArmor and seccomp", map[string]string{appArmorSwitch: "1\n", "/proc/self/status": filtered}, nil, appArmorWords},
		{"AppArmor, root", map[string]string{appArmorSwitch: "1\n", "/proc/self/status": filtered}, root,
			"most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call: clone; try: start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE"},
	} {
		f := failing(t, aMachine(t, test.files), allNew, unix.EPERM, "clone")
		if test.change != nil {
			test.change(f.Plan.Host)
		}
		wantAdvice(t, test.name, f.Explain(step.StartStage{New: []config.NamespaceKind{config.User, config.Net}}, unix.EPERM), "namespaces.user: "+test.want)
	}
}

// Kernels and machines that lack something.
func TestLacking(t *testing.T) {
	plain := func(t *testing.T) machine { return aMachine(t, nil) }
	for _, test := range []struct {
		name   string
		m      machine
		rest   string
		errno  unix.Errno
		call   string
		action plan.Action
		want   string
	}{
		{"no time namespaces", aMachine(t, map[string]string{"/proc/self/ns/time": "-"}), allNew, unix.EINVAL, "unshare", step.NewTime{},
			"namespaces.time: this kernel has no time namespaces; try: use a kernel built with CONFIG_TIME_NS"},
		{"no user namespaces", aMachine(t, map[string]string{"/proc/self/ns/user": "-"}), allNew, unix.EINVAL, "clone", step.StartStage{New: config.Kinds()},
			"namespaces.user: this kernel has no user namespaces; try: use a kernel built with CONFIG_USER_NS"},
		{"no offsets", plain(t), allNew, unix.ENOENT, "openat", step.NewTime{},
			"namespaces.time: this kernel has no clock offsets: there is no /proc/self/timens_offsets; try: use a kernel built with CONFIG_TIME_NS, Linux 5.6 or newer"},
		{"an old kernel", plain(t), allNew, unix.ENOSYS, "mount_setattr", step.Protect{Path: "/proc/sys"},
			"this kernel, Linux 6.1, has no such call: mount_setattr; try: use a newer kernel: nslaunch needs Linux 6.1"},
		{"no proc at all", aMachine(t, map[string]string{"/proc/self/mountinfo": "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}), allNew, unix.EPERM, "fsmount", step.MountProc{},
			`no proc is mounted in the outer container, and the kernel allows a new one only where another is fully visible; try: mount one outside, or proc = "none"`},
		{"a masked proc that is not to be seen", plain(t), allNew, unix.EPERM, "fsmount", step.MountProc{},
			`most likely the outer /proc is partly masked, and the kernel allows a new one only where the old is fully visible; try: proc = "host", or start the outer container without masked paths`},
		{"files of the machine", plain(t), allNew, unix.ENFILE, "openat", step.OpenSelf{},
			"this machine has as many files open as fs.file-max allows; try: as root: raise it with sysctl"},
		{"memory", plain(t), allNew, unix.ENOMEM, "clone", step.ForkCommand{},
			"the kernel has no memory left, on the machine or in the cgroup that nslaunch runs in; try: end other processes, or raise the memory limit of the cgroup"},
		{"memory for the command", plain(t), allNew + "limits = { rlimits = { as = 65536 } }\n", unix.ENOMEM, "execve", step.Execute{Argv: []string{"/x"}},
			`limits.rlimits.as: most likely the limit of address space, 65536 bytes, is too little for ""; try: limits.rlimits.as = "infinity"`},
		{"nofile", aMachine(t, map[string]string{"/proc/sys/fs/nr_open": "1048576\n"}), allNew, unix.EPERM, "prlimit64", step.RaiseRlimit{Rlimit: config.Rlimit{Name: "nofile", Soft: 1, Hard: 2000000}},
			"not even root may have more than fs.nr_open, which is 1048576; try: limits.rlimits.nofile = 1048576, or as root: raise it with sysctl"},
		{"a hard limit", aMachine(t, map[string]string{"/proc/sys/fs/nr_open": "1048576\n"}), allNew, unix.EPERM, "prlimit64", step.SetRlimit{Rlimit: config.Rlimit{Name: "nofile", Soft: 1, Hard: 5000}},
			"raising the hard limit, now 4096, needs CAP_SYS_RESOURCE, which uid 1000 does not have here; try: use a limit that is not higher, or raise it for nslaunch: sudo prlimit --pid $$ --nofile=5000, or LimitNOFILE= of its unit"},
		{"a loader", plain(t), allNew, unix.ELIBBAD, "execve", step.Execute{Argv: []string{"x"}, Path: "/none"},
			`the loader of "" is not a program for this machine; try: reinstall the C library of that program`},
		{"a security module", plain(t), allNew, unix.EACCES, "execve", step.Execute{Argv: []string{"/x"}},
			`most likely a security module, such as AppArmor or SELinux, does not allow "/x" to be executed; try: look at its log: journalctl -k, or ausearch -m avc`},
		{"no memfd", aMachine(t, map[string]string{"/proc/sys/vm/memfd_noexec": "0\n"}), allNew, unix.EACCES, "memfd_create", step.StartStage{}, ""},
		{"a limit of nice values", aMachine(t, map[string]string{"/proc/self/stat": "7 (a) b) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 5 1 0 4242\n"}), allNew, unix.EACCES, "", step.SetNice{Value: -3},
			"a nice value below 5 needs CAP_SYS_NICE, which uid 1000 does not have here; try: process.nice = 5 or above, or raise the limit for nslaunch (ulimit -e, LimitNICE= of a unit)"},
		{"a nice value that is not known", plain(t), allNew, unix.EACCES, "", step.SetNice{Value: -3}, ""},
		{"a bug", plain(t), allNew, unix.EBADF, "close", step.NewKeyring{}, ""},
	} {
		f := failing(t, test.m, test.rest, test.errno, test.call)
		wantAdvice(t, test.name, f.Explain(test.action, test.errno), test.want)
	}
}

// Namespaces of processes, between the plan and the step.
func TestOpenNamespace(t *testing.T) {
	a := step.OpenNamespace{Kind: config.Net, File: host.NamespaceFile{Path: "/proc/7/ns/net"}}
	for _, test := range []struct {
		where string
		errno unix.Errno
		want  string
	}{
		{"pid:7", unix.ENOENT, "process 7 has ended since the plan was made; try: run it again with a process that runs"},
		{"pid:7", unix.ESRCH, "process 7 has ended since the plan was made; try: run it again with a process that runs"},
		{"pid:7", unix.ESTALE, "since the plan was made, process 7 has ended or changed its net namespace; try: run it again"},
		{"pid:7", unix.EACCES, "process 7 belongs to another user, so its net namespace needs CAP_SYS_PTRACE; try: run nslaunch as the user of that process, or as root"},
		{"/x", unix.ENOENT, "the file is gone since the plan was made; try: run it again when the file exists"},
		{"/x", unix.ESTALE, "since the plan was made, the file was replaced by another; try: run it again"},
		{"/x", unix.EIO, ""},
	} {
		f := failing(t, aMachine(t, nil), fmt.Sprintf("namespaces = { net = %q }\ncommand = [\"true\"]\n", test.where), test.errno, "openat")
		wantAdvice(t, fmt.Sprint(test.where, " ", test.errno), f.Explain(a, test.errno), test.want)
	}
}

// What newuidmap says is passed on, and explained where that is possible.
func TestMapHelper(t *testing.T) {
	const helper = "/usr/bin/newgidmap"
	m := aMachine(t, map[string]string{helper: "", "/proc/self/status": "NoNewPrivs:\t0\n"})
	refusal := &step.HelperError{Helper: helper, Output: "newgidmap: gid range [0-1) -> [5-6) not allowed\n"}
	f := failing(t, m, allNew, 0, "")
	wantAdvice(t, "no privilege", f.Explain(step.WriteMap{Helper: helper}, refusal),
		"/usr/bin/newgidmap has no privilege: neither the set-user-id bit nor file capabilities; try: as root: chmod u+s /usr/bin/newgidmap, or setcap cap_setgid+ep /usr/bin/newgidmap")
	f.Plan.Host.Caps = 1 << host.CapSetuid
	wantAdvice(t, "not allowed", f.Explain(step.WriteMap{Helper: helper}, refusal),
		"newgidmap does not find these ids granted to the user; nslaunch found them in /etc/subgid; try: grep subid /etc/nsswitch.conf: with an entry there, another source than the file counts")
	if got, want := refusal.Error(), "newgidmap: gid range [0-1) -> [5-6) not allowed"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	silent := &step.HelperError{Helper: helper, Status: syscall.WaitStatus(3 << 8)}
	if got, want := silent.Error(), "/usr/bin/newgidmap: exit status 3"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	killed := &step.HelperError{Helper: helper, Status: syscall.WaitStatus(9)}
	if got, want := killed.Error(), "/usr/bin/newgidmap: killed by SIGKILL"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	long := &step.HelperError{Helper: helper, Output: "usage: x\n y\n"}
	if got, want := long.Error(), "usage: x;  y"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	wantAdvice(t, "silent", f.Explain(step.WriteMap{Helper: helper}, silent), "")
}

// A clock may stand between 0 and the kernel's limit, whatever the caller's offset is.
func TestClockRange(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, test := range []struct {
		now, own, set time.Duration // the caller's clock and offset, the new offset
		want          string
	}{
		{time.Hour, 0, -time.Hour, ""},
		{time.Hour, 0, -time.Hour - 1, `time.boottime: the boottime clock would be below 0: here it is at 1h0m0s; try: time.boottime = "0s", without a sign, which starts it at 0`},
		{2 * time.Hour, time.Hour, -time.Hour, ""},
		{2 * time.Hour, time.Hour, -time.Hour - 1, `time.boottime: the boottime clock would be below 0: here it is at 2h0m0s; try: time.boottime = "0s", without a sign, which starts it at 0`},
		{time.Hour, 0, 140 * year, ""},
		{time.Hour, 0, 147 * year, `time.boottime: the boottime clock would pass the kernel's limit of 146 years; try: use a smaller offset`},
	} {
		c := clockFacts{"boottime", host.ClockState{Now: test.now, Offset: test.own}, step.ClockOffset{Set: true, Offset: test.set}}
		wantAdvice(t, fmt.Sprint(test.now, test.own, test.set), c.outOfRange(), test.want)
	}
	wantAdvice(t, "not set", clockFacts{set: step.ClockOffset{Offset: -time.Hour}}.outOfRange(), "")
}

// An error says where, what and why, whatever of that is known.
func TestStepErrorText(t *testing.T) {
	long := step.SetHostname{Name: strings.Repeat("é", 300)}
	for _, test := range []struct {
		e    plan.StepError
		want string
	}{
		{plan.StepError{Index: 8, Step: plan.Step{Action: step.MountProc{}, Origin: config.Origin{Key: "proc", Pos: config.Pos{File: "dev.toml", Line: 7, Col: 1}}}, Err: unix.EPERM, Cause: "c", Cure: "d"},
			"dev.toml:7:1: proc: step 9, mount proc on /proc with nodev,nosuid,noexec: EPERM\n  c\n  try: d"},
		{plan.StepError{Step: plan.Step{Action: step.MountProc{}}, Err: os.NewSyscallError("x", unix.EAGAIN)}, "step 1, mount proc on /proc with nodev,nosuid,noexec: EAGAIN"},
		{plan.StepError{Step: plan.Step{Action: step.MountProc{}, Origin: config.Origin{Pos: config.Pos{File: "--new"}}}, Err: errors.New("a reason")},
			"--new: step 1, mount proc on /proc with nodev,nosuid,noexec: a reason"},
		{plan.StepError{Step: plan.Step{Action: long}, Err: unix.Errno(4000)}, "step 1, " + long.String()[:239] + "…: errno 4000"},
	} {
		if got := test.e.Error(); got != test.want {
			t.Errorf("got\n%s\nwant\n%s", got, test.want)
		}
	}
	if err := error(&plan.StepError{Err: unix.EPERM}); !errors.Is(err, unix.EPERM) {
		t.Error("the errno is lost")
	}
}

// A default is reported at the key that implies it.
func TestPlace(t *testing.T) {
	f := failing(t, machine{}, "command = [\"true\"]\n[namespaces]\nuser = \"new\"\npid = \"new\"\nmount = \"new\"\nnet = \"new\"\ntime = \"new\"\n", 0, "")
	for key, want := range map[string]string{
		"proc":             "p.toml:5:1: proc",
		"propagation":      "p.toml:6:1: propagation",
		"network":          "p.toml:7:1: network",
		"time":             "p.toml:8:1: time",
		"idmap":            "p.toml:4:1: idmap",
		"process.init":     "p.toml:5:1: process.init",
		"process.terminal": "p.toml:2:1: process.terminal",
		"":                 "p.toml:2:1: command",
		"namespaces.net":   "p.toml:7:1: namespaces.net",
	} {
		if got := plan.Place(f.Plan.Source, f.Plan.Source.Origin(key)).String(); got != want {
			t.Errorf("%q: got %q; want %q", key, got, want)
		}
	}
}

package diagnose

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// A limit of 0 forbids a kind, and the message names it.
func TestDiagnoseNamespaceLimits(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for kind, step := range map[string]string{
			"user":   newEverything,
			"mnt":    newEverything,
			"pid":    newEverything,
			"net":    newEverything,
			"ipc":    newEverything,
			"uts":    newEverything,
			"cgroup": "make a new cgroup namespace",
			"time":   "make a new time namespace and enter it",
		} {
			key := kind
			if kind == "mnt" {
				key = "mount"
			}
			sysctl := "max_" + kind + "_namespaces"
			t.Run(kind, func(t *testing.T) {
				trouble{
					profile: everything,
					around:  nestedAfter("echo 0 > /proc/sys/user/" + sysctl),
					want: fmt.Sprintf(`p.toml:2:1: namespaces.%[1]s: step #, %[2]s: ENOSPC
  user.%[3]s is 0, so no new %[1]s namespaces can be created
  try: in a sandbox of nslaunch: restrict.namespaces = "all" for that; elsewhere as root: sysctl user.%[3]s=10000`, key, step, sysctl),
				}.check(t, u)
			})
		}
	})
}

// The limits of the sandbox's user namespace cannot be set.
func TestDiagnoseForbidNamespaces(t *testing.T) {
	const cure = `restrict.namespaces = "all", which restricts nothing`
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ name, script, want string }{
			{"read-only", "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys", "#, forbid new namespaces inside: EROFS\n  /proc/sys is read-only here, as in a container"},
			{"hidden", "mount -t tmpfs none /proc/sys", "#, open /proc/sys/user: ENOENT\n  /proc/sys/user, which limits namespaces, does not exist here"},
		} {
			t.Run(test.name, func(t *testing.T) {
				trouble{
					profile: "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nprocess.capabilities = \"none\"\nrestrict.namespaces = []\ncommand = [\"true\"]\n",
					around:  mountedAfter(test.script),
					want:    "p.toml:4:10: restrict.namespaces: step " + test.want + "\n  try: " + cure,
				}.check(t, u)
			})
		}
	})
}

// Limits that are used up.
func TestDiagnoseTooManyNamespaces(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		t.Run("in use", func(t *testing.T) {
			trouble{
				profile: "version = 1\ncommand = [\"true\"]\n[namespaces]\nuser = \"new\"\nnet = \"new\"\n",
				around:  nestedAfter("echo 1 > /proc/sys/user/max_net_namespaces; set -- unshare -n \"$@\""),
				want: `p.toml:5:1: namespaces.net: step #, start the stage in new user, net namespaces: ENOSPC
  most likely all net namespaces that user.max_net_namespaces allows are in use: 1
  try: as root: sysctl user.max_net_namespaces=10000`,
			}.check(t, u)
		})
		t.Run("too deep", func(t *testing.T) {
			trouble{
				profile: everything,
				around:  after(`for i in $(seq 33); do set -- unshare -Ur "$@"; done`),
				want: `p.toml:2:1: namespaces: step #, ` + newEverything + `: ENOSPC
  most likely user namespaces are nested too deep, the kernel allows 32 levels; or an outer one has a limit user.max_*_namespaces that is used up
  try: start it from an outer namespace, or raise the limits there`,
			}.check(t, u)
		})
		t.Run("outer limit", func(t *testing.T) {
			trouble{
				profile: "version = 1\nnamespaces = { uts = \"new\" }\ncommand = [\"true\"]\n",
				around:  nestedAfter("echo 0 > /proc/sys/user/max_uts_namespaces; set -- unshare -Ur \"$@\""),
				want: `p.toml:2:1: namespaces: step #, start the stage in a new uts namespace: ENOSPC
  most likely an outer user namespace has a limit user.max_*_namespaces that is used up
  try: raise the limits there`,
			}.check(t, u)
		})
	})
}

// A caller without an id of its own may make no user namespace.
func TestDiagnoseUnmappedCaller(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const mapIt = " is not mapped in its user namespace, which has none (map it from outside first, as unshare --map-current-user does)"
		trouble{
			profile: "version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"true\"]\n",
			around:  after(`set -- unshare -U "$@"`),
			want:    "p.toml:2:16: idmap: the caller's own uid" + mapIt + "\nnslaunch: error: p.toml:2:16: idmap: the caller's own gid" + mapIt,
		}.check(t, u)
		trouble{
			profile: "version = 1\nnamespaces = { user = \"new\" }\nidmap = \"none\"\ncommand = [\"true\"]\n",
			around:  after(`set -- unshare -U "$@"`),
			want: `p.toml:2:16: namespaces.user: step #, start the stage in a new user namespace: EPERM
  the caller's uid is not mapped in its own user namespace, so it cannot create another one
  try: map it in the outer namespace first, as unshare --map-current-user does`,
		}.check(t, u)
	})
}

// rootTree is a directory with what nslaunch needs to run in a chroot: itself and a place for proc.
func rootTree(t *testing.T, profile string) string {
	t.Helper()
	dir := nstest.TempDir(t)
	binary, err := os.ReadFile(nstest.Nslaunch(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nslaunch": string(binary), "p.toml": profile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// In a chroot there is no new user namespace, and its root may be no mount point.
func TestDiagnoseChroot(t *testing.T) {
	const inChroot = `/p.toml:2:16: namespaces.user: step #, start the stage in a new user namespace: EPERM
  nslaunch runs in a chroot, where the kernel allows no new user namespace
  try: enter the directory with pivot_root(8) instead of chroot`
	const perhaps = `/p.toml:2:16: namespaces.user: step #, start the stage in a new user namespace: EPERM
  most likely nslaunch runs in a chroot, where the kernel allows no new user namespace: nothing else here forbids it
  try: enter the directory with pivot_root(8) instead of chroot`
	const newUser = "version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"/nslaunch\"]\n"
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			name, profile, script string
			rootOnly              bool
			want                  string
		}{
			{"a directory", newUser, `mount -t proc proc $1/proc; exec $2 $1 /nslaunch /p.toml`, false, inChroot},
			{"a mount", newUser, `mount --bind $1 $1; mount -t proc proc $1/proc; exec $2 $1 /nslaunch /p.toml`, false, perhaps},
			// Root may compare its root with that of process 1.
			{"a mount, and init", newUser, `mount --bind $1 $1; mount -t proc proc $1/proc; unshare -pf sh -c "mount -t proc proc $1/proc; mount -t proc proc /proc; $2 $1 /nslaunch /p.toml"`, true, inChroot},
			{"no proc", newUser, `exec $2 $1 /nslaunch /p.toml`, false,
				`/proc is not mounted here, and nslaunch needs it (mount -t proc proc /proc)`},
			{"no mount point", "version = 1\nnamespaces = { mount = \"new\" }\ncommand = [\"/nslaunch\"]\n",
				`mount -t proc proc $1/proc; exec $2 $1 /nslaunch /p.toml`, true,
				`/p.toml:2:16: propagation: step #, make / slave, recursively: EINVAL
  / is not a mount point here: nslaunch runs in a chroot
  try: enter the directory with pivot_root(8), or run this before the chroot: mount --rbind DIR DIR`},
			{"no mount point, works", "version = 1\nnamespaces = { uts = \"new\" }\ncommand = [\"/nslaunch\", \"help\", \"none\"]\n",
				`mount -t proc proc $1/proc; exec $2 $1 /nslaunch /p.toml`, true, `no such command or key: "none" (see nslaunch help, and nslaunch man 5 for all keys)`},
		} {
			if test.rootOnly && !u.IsRoot() {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				chroot := fmt.Sprintf("chroot --userspec=%d:%d", u.UID, u.GID)
				before := nstest.Snapshot(t)
				dir := rootTree(t, test.profile)
				got := nstest.Run(t, nstest.Superuser(t).Command(t, "unshare", "-m", "sh", "-euc", test.script, "sh", dir, chroot))
				if nstest.WithoutImage(unnumbered(got.Stderr)) != "nslaunch: error: "+test.want+"\n" {
					t.Errorf("got status %d and stderr\n%swant\n%s", got.Status, got.Stderr, test.want)
				}
				nstest.AssertNothingLeft(t, before)
			})
		}
	})
}

// An outer container's filter, as podman and docker have it.
func TestDiagnoseSeccomp(t *testing.T) {
	likely := func(call string) string {
		return `
  most likely the seccomp filter that nslaunch was started under, as in a container, forbids the call: ` + call + `
  try: start the outer container with a filter that allows it, in podman and docker --security-opt seccomp=FILE`
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct {
			name     string
			rootOnly bool
			denials  []systest.Denial
			profile  string
			want     string
		}{
			{"clone", false, []systest.Denial{{Call: unix.SYS_CLONE, Flags: unix.CLONE_NEWUSER, Errno: unix.EPERM}, {Call: unix.SYS_UNSHARE, Flags: unix.CLONE_NEWUSER, Errno: unix.EPERM}, {Call: unix.SYS_CLONE3, Errno: unix.ENOSYS}},
				everything, `p.toml:2:1: namespaces.user: step #, ` + newEverything + `: EPERM` + likely("clone")},
			{"unshare", true, []systest.Denial{{Call: unix.SYS_CLONE, Flags: unix.CLONE_NEWUSER, Errno: unix.EPERM}, {Call: unix.SYS_UNSHARE, Flags: unix.CLONE_NEWUSER, Errno: unix.EPERM}, {Call: unix.SYS_CLONE3, Errno: unix.ENOSYS}},
				"version = 1\nnamespaces = { user = \"new\", uts = \"/proc/self/ns/uts\" }\ncommand = [\"true\"]\n",
				`p.toml:2:16: namespaces.user: step #, make a new user namespace: EPERM` + likely("unshare")},
			{"keyctl", false, []systest.Denial{{Call: unix.SYS_KEYCTL, Errno: unix.EPERM}},
				everything, `p.toml:3:1: command: step #, join a new session keyring: EPERM` + likely("keyctl")},
			{"sethostname", false, []systest.Denial{{Call: unix.SYS_SETHOSTNAME, Errno: unix.EPERM}},
				everything + "hostname = \"x\"\n", `p.toml:4:1: hostname: step #, set the host name "x": EPERM` + likely("sethostname")},
			{"fsopen", false, []systest.Denial{{Call: unix.SYS_FSOPEN, Errno: unix.ENOSYS}},
				everything, `p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: ENOSYS` + likely("fsopen")},
			{"fsmount", false, []systest.Denial{{Call: unix.SYS_FSMOUNT, Errno: unix.EPERM}},
				everything, `p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: EPERM` + likely("fsmount")},
		} {
			if test.rootOnly && !u.IsRoot() {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				systest.BecomePrepared(t, func() error { return systest.Filter(test.denials...) })
				trouble{profile: test.profile, around: systest.Prepared, want: test.want}.check(t, u)
			})
		}
	})
}

// An outer container masks parts of its proc, and then there is no new one.
func TestDiagnoseMaskedProc(t *testing.T) {
	const cure = ", and the kernel allows a new one only where the old is fully visible\n" +
		`  try: proc = "host", or start the outer container without masked paths`
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, test := range []struct{ name, script, want string }{
			{"masked", "mount -t tmpfs none /proc/sys; mount --bind /dev/null /proc/uptime",
				"p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: EPERM\n  the kernel says: VFS: Mount too revealing\n  the outer /proc is partly masked (/proc/sys, /proc/uptime)" + cure},
			{"much masked", "for f in uptime stat meminfo cpuinfo; do mount --bind /dev/null /proc/$f; done",
				"p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: EPERM\n  the kernel says: VFS: Mount too revealing\n  the outer /proc is partly masked (/proc/cpuinfo, /proc/meminfo, /proc/stat, …)" + cure},
			{"elsewhere read-only", "mount -t proc proc /mnt; mount -t tmpfs none /proc/sys; mount -o remount,bind,ro /mnt",
				"p.toml:2:1: proc: step #, mount proc on /proc with nodev,nosuid,noexec: EPERM\n  the kernel says: VFS: Mount too revealing\n  the outer /proc is partly masked (/mnt is read-only, /proc/sys)" + cure},
		} {
			t.Run(test.name, func(t *testing.T) {
				trouble{profile: everything, around: mountedAfter(test.script), want: test.want}.check(t, u)
			})
		}
		t.Run("read-only", func(t *testing.T) {
			step := "idmap: step #, write gid_map: 0 is 0"
			if !u.IsRoot() {
				step = "idmap.setgroups: step #, deny setgroups"
			}
			trouble{profile: everything, around: mountedAfter("mount -o remount,bind,ro /proc"),
				want: "p.toml:2:1: " + step + `: EROFS
  /proc is read-only here, and nslaunch has to write to files of its child there
  try: start the outer container with a writable /proc`}.check(t, u)
		})
	})
}

// Paths of the caller's proc that the sandbox's does not have, or not as such.
func TestDiagnoseProcPaths(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		gone := fmt.Sprintf("/proc/%d", os.Getpid())
		for _, test := range []struct{ paths, want string }{
			{fmt.Sprintf("masked_paths = [%q]", gone), fmt.Sprintf(`p.toml:4:26: proc.masked_paths[0]: step #, mask %[1]s with an empty directory: ENOENT
  %[1]s exists in the caller's /proc, but not in the sandbox's
  try: leave it out`, gone)},
			{`readonly_paths = ["/proc/sys", "/proc/net/dev"]`, `p.toml:4:41: proc.readonly_paths[1]: /proc/net is a symbolic link, and what it points to would stay as it is`},
		} {
			trouble{profile: everything + "proc = { " + test.paths + " }\n", want: test.want}.check(t, u)
		}
	})
}

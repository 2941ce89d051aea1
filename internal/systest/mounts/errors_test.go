package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// What is wrong before anything is done: each error at its place, all in one run.
func TestTreeErrors(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{
			"dir/sub": "/", "file": "", "other": "", "dangling": "-> /no/where", "loop": "-> loop", "layer/upper": "/",
			"bare/proc": "/", "root/usr": "/", "whole/proc": "/", "whole/usr": "/", "whole/link": "-> usr", "whole/self": "-> /proc", "root/proc": "-> usr", "root/dev": "", "root/link": "-> usr", "root/gone": "-> /no/where", "root/lost": "-> /no/place", "root/file": "", "root/up": "-> ../../..",
		})
		nstest.CheckNothingLeft(t, dir)
		for name, test := range map[string]struct {
			profile string
			want    []string
		}{
			"sources": {`root = "tmpfs"
[mounts]
ro = ["/no/such", "-/no/such/either"]
"/a" = { rw = "DIR/dangling" }
"/b" = { rw = "DIR/loop" }
"/c" = { rw = "DIR/file/below" }
"/d" = { type = "file", source = "DIR/dir" }
"/e" = { type = "file", source = "DIR/none" }
"/f" = { type = "overlay", lower = ["DIR/dir", "DIR/file", "DIR/none"] }
"/g" = { type = "overlay", lower = ["DIR/dir"], dir = "DIR/layer" }
`, []string{
				`5:7: mounts.ro[0]: no such file or directory: "/no/such" (a "-" in front makes it optional)`,
				`6:1: mounts."/a": no such file or directory: "DIR/dangling" ("/a" = { rw = "DIR/dangling", optional = true } in [mounts] lets it be missing)`,
				`7:1: mounts."/b": too many levels of symbolic links: "DIR/loop"`,
				`8:1: mounts."/c": not a directory: "DIR/file/below"`,
				`9:25: mounts."/d".source: "DIR/dir" is not a regular file`,
				`10:25: mounts."/e".source: no such file or directory: "DIR/none"`,
				`11:LOWER1: mounts."/f".lower[1]: "DIR/file" is not a directory`,
				`11:LOWER2: mounts."/f".lower[2]: no such file or directory: "DIR/none"`,
				`12:LAYER: mounts."/g".dir: an overlay keeps its changes in the directories upper and work of "DIR/layer", and work is missing (make them, or create = true with a dir below ${state})`,
			}},
			"kinds": {`[mounts]
"DIR/dir" = { ro = "DIR/file" }
"DIR/file" = { ro = "DIR/dir" }
"DIR/loop/x" = { type = "tmpfs" }
"DIR/other/x" = { type = "tmpfs" }
`, []string{
				`4:1: mounts."DIR/dir": a file can only be mounted on a file, and "DIR/dir" is a directory (choose a file as the target)`,
				`5:1: mounts."DIR/file": a directory can only be mounted on a directory, and "DIR/file" is a file (choose a directory as the target)`,
				`6:1: mounts."DIR/loop/x": nothing can be mounted on "DIR/loop/x": too many levels of symbolic links`,
				`7:1: mounts."DIR/other/x": nothing can be mounted on "DIR/other/x": not a directory`,
			}},
			"no root":        {"root = \"DIR/none\"\n", []string{`3:1: root.path: no such file or directory: "DIR/none"`}},
			"root is a file": {"root = { path = \"DIR/file\", overlay = \"tmpfs\" }\n", []string{`3:10: root.path: "DIR/file" is not a directory`}},
			"what a root lacks": {`root = "DIR/root"
dev = "minimal"
proc = "new"
[mounts]
tmpfs = ["/usr", "/tmp", "/lost/x"]
"/usr/x" = { ro = "/etc" }
"/file/x" = { type = "dir" }
"/up/made" = { type = "symlink", to = "x" }
"/up/new" = { ro = "/etc" }
"/gone" = { ro = "/etc/passwd" }
`, []string{
				`4:1: dev: a directory can only be mounted on a directory, and "/dev" is a file`,
				`5:1: proc: /proc is a symbolic link to /usr in the root, and must be a directory`,
				`7:18: mounts.tmpfs[1]: "DIR/root/tmp" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/root", overlay = "tmpfs" })`,
				`7:26: mounts.tmpfs[2]: /lost/x leads to /no/place/x inside: "DIR/root/no/place/x" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/root", overlay = "tmpfs" })`,
				`9:1: mounts."/file/x": "/file/x" cannot be made: not a directory`,
				`10:1: mounts."/up/made": /up/made leads to /made inside: "DIR/root/made" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/root", overlay = "tmpfs" })`,
				`11:1: mounts."/up/new": /up/new leads to /new inside: "DIR/root/new" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/root", overlay = "tmpfs" })`,
				`12:1: mounts."/gone": /gone leads to /no/where inside: "DIR/root/no/where" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/root", overlay = "tmpfs" })`,
			}},
			"all that a root lacks": {`root = "DIR/bare"
dev = "minimal"
[mounts]
tmpfs = ["/tmp", "/mnt"]
"/x" = { ro = "/etc" }
`, []string{
				`4:1: dev: "DIR/bare/dev", "DIR/bare/mnt", "DIR/bare/tmp", "DIR/bare/x" are missing, and nslaunch makes nothing in the host's directories (make them, or give the root a layer: root = { path = "DIR/bare", overlay = "tmpfs" })`,
			}},
			"what a bind lacks": {systest.System + `"/a" = { ro = "DIR/dir" }
"/a/sub/deep" = { type = "tmpfs" }
"/a/made" = { type = "dir" }
`, []string{
				`8:1: mounts."/a/sub/deep": "DIR/dir/sub/deep" is missing, and nslaunch makes nothing in the host's directories (make it, or turn mounts."/a" into an overlay)`,
				`9:1: mounts."/a/made": "DIR/dir/made" is missing, and nslaunch makes nothing in the host's directories (make it, or turn mounts."/a" into an overlay)`,
			}},
			"hidden": {`root = "DIR/root"
proc = "host"
[mounts]
"/link" = { ro = "/etc" }
"/usr" = { ro = "/usr" }
`, []string{
				`4:1: proc: /proc is a symbolic link to /usr in the root, and must be a directory`,
				`7:1: mounts."/usr": /usr would hide /link, which leads to /usr inside`}},
			"hidden below": {`root = "DIR/whole"
[mounts]
"/link/bin" = { ro = "/etc" }
"/usr/bin" = { ro = "/usr" }
`, []string{
				`5:1: mounts."/link/bin": /link/bin leads to /usr/bin inside: "DIR/whole/usr/bin" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "DIR/whole", overlay = "tmpfs" })`,
				`6:1: mounts."/usr/bin": /usr/bin would hide /link/bin, which leads to /usr/bin inside`,
			}},
			"hides": {`[mounts]
"/bin" = { ro = "/etc" }
"/usr/bin" = { ro = "/usr" }
`, []string{`5:1: mounts."/usr/bin": /usr/bin would hide /bin, which leads to /usr/bin inside`}},
			"hides proc": {`root = { path = "DIR/whole", overlay = "tmpfs" }
[mounts]
"/link/../proc" = { ro = "/etc" }
"/self" = { ro = "/etc" }
`, []string{
				`5:1: mounts."/link/../proc": want a path without "..", "." and extra slashes, got "/link/../proc" (did you mean "/proc"?)`,
			}},
			"hides proc by a link": {`root = { path = "DIR/whole", overlay = "tmpfs" }
[mounts]
"/self" = { ro = "/etc" }
`, []string{`5:1: mounts."/self": /self leads to /proc inside, and would hide /proc`}},
		} {
			t.Run(name, func(t *testing.T) {
				var want []string
				for _, line := range test.want {
					n := len(dir)
					columns := strings.NewReplacer("CALLER", fmt.Sprint(u.UID), "DIR", dir, "LOWER1", fmt.Sprint(45+n), "LOWER2", fmt.Sprint(54+2*n), "LAYER", fmt.Sprint(46+n))
					want = append(want, "p.toml:"+columns.Replace(line))
				}
				systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, strings.ReplaceAll(test.profile, "DIR", dir)), "true"), want...)
			})
		}
	})
}

// What fails in the middle: the step, what the kernel says, the cause and the cure.
func TestTreeFailures(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := nstest.NewOuter(t, mountprop.Private)
		dir := u.TempDir(t)
		systest.MakeDirs(t, dir+"/ro", dir+"/lower", dir+"/stranger/deep/er")
		if err := os.WriteFile(dir+"/stranger/file", nil, 0o644); err != nil {
			t.Fatal(err)
		}
		closed := nstest.TempDir(t) + "/closed"
		systest.MakeDirs(t, closed+"/upper", closed+"/work")
		nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "sh", "-euc", fmt.Sprintf(`cd %s
mount -t tmpfs x ro; mkdir -p ro/upper ro/work ro/sub; mount -t tmpfs y ro/sub; chmod -R a+rwx ro; mount -o remount,ro ro
mount --bind /dev/null /sys/kernel/notes`, dir)))
		nstest.CheckNothingLeft(t, dir)
		namespaces := "version = 1\nnamespaces = \"new\"\n"
		for name, test := range map[string]struct{ profile, want string }{
			"read-only upper": {`[mounts]
"/mnt" = { type = "overlay", lower = ["DIR/lower"], dir = "DIR/ro" }`, `p.toml:4:1: mounts."/mnt": step #, mount an overlay of DIR/lower with changes in DIR/ro on /mnt, nodev,nosuid: EINVAL
  the kernel says: overlay: filesystem on DIR/ro/upper is read-only`},
			"locked, overlay": {`[mounts]
"/mnt" = { type = "overlay", lower = ["DIR/ro"] }`, `p.toml:4:1: mounts."/mnt": step #, mount an overlay of DIR/ro with changes in memory on /mnt, nodev,nosuid: EINVAL
  in a user namespace, the mounts below a directory cannot be left out: DIR/ro/sub
  try: use a directory without mounts below it`},
			"locked, bind": {`[mounts]
"/mnt" = { ro = "DIR/ro", recursive = false }`, `p.toml:4:1: mounts."/mnt": step #, bind DIR/ro on /mnt, not recursive, ro,nodev,nosuid, private: EINVAL
  in a user namespace, the mounts below DIR/ro cannot be left out
  try: "/mnt" = { ro = "DIR/ro", recursive = true } in [mounts]`},
			"proc as a layer": {`[mounts]
"/mnt" = { type = "overlay", lower = ["/proc/sys"] }`, `p.toml:4:1: mounts."/mnt": step #, mount an overlay of /proc/sys with changes in memory on /mnt, nodev,nosuid: EINVAL
  an overlay cannot use the file system of one of its directories, such as proc or an overlay upon overlays
  try: use other directories; the kernel's log (dmesg) may name the wrong one`},
			"layers in one another": {`[mounts]
"/mnt" = { type = "overlay", lower = ["DIR/stranger/deep", "DIR/stranger"] }`, `p.toml:4:1: mounts."/mnt": step #, mount an overlay of DIR/stranger/deep, DIR/stranger with changes in memory on /mnt, nodev,nosuid: ELOOP
  one of its directories lies in another, or appears twice
  try: use directories that do not contain each other`},
			"covered /sys": {`sys = "new"`, `p.toml:3:1: sys: step #, mount sysfs on /sys with ro,nodev,nosuid,noexec: EPERM
  the kernel says: VFS: Mount too revealing
  the outer /sys is partly covered or read-only, and the kernel allows a new one only where the old is fully visible
  try: sys = "host", or start the outer container with a whole /sys`},
			"not writable": {`[mounts]
"/mnt" = { type = "overlay", lower = ["DIR/lower"], dir = "CLOSED" }`, `p.toml:4:1: mounts."/mnt": step #, mount an overlay of DIR/lower with changes in CLOSED on /mnt, nodev,nosuid: EROFS
  CLOSED is not writable for the ids of the sandbox, so changes cannot be stored
  try: as root: chown -R CALLER CLOSED (its upper belongs to uid 0)`},
			"stranger's directory": {`[mounts]
"/mnt" = { type = "overlay", lower = ["DIR/stranger"] }
"/mnt/deep/new" = { type = "tmpfs" }`, `p.toml:5:1: mounts."/mnt/deep/new": step #, mount tmpfs on /mnt/deep/new with mode=0755,nodev,nosuid: EACCES
  the directory for /mnt/deep/new belongs to an id that is not mapped in the sandbox
  try: as the owner of the directory: mkdir DIR/stranger/deep/new`},
			"closed to subordinate ids": {`idmap = "subid"
[mounts]
"/mnt" = { ro = "PRIVATE/below" }`, `p.toml:5:1: mounts."/mnt": step #, bind PRIVATE/below on /mnt, ro,nodev,nosuid, private: EACCES
  a directory above PRIVATE/below is closed to the ids that the sandbox has (idmap)
  try: idmap = "keep", which keeps the caller's, or open the directory to others`},
		} {
			if u.IsRoot() && (strings.Contains(test.profile, "CLOSED") || strings.Contains(test.profile, "deep/new") || strings.Contains(test.profile, "subid")) {
				continue // root may do this
			}
			t.Run(name, func(t *testing.T) {
				private := u.TempDir(t)
				systest.MakeDirs(t, private+"/below")
				u.Own(t, private)
				if err := os.Chmod(private, 0o700); err != nil {
					t.Fatal(err)
				}
				names := strings.NewReplacer("CALLER", fmt.Sprint(u.UID), "DIR", dir, "CLOSED", closed, "PRIVATE", private)
				systest.WantFailure(t, systest.OuterCommand(t, outer, u, namespaces+names.Replace(test.profile), "true"), names.Replace(test.want))
			})
		}
		// Root without a user namespace may do most of that.
		if u.IsRoot() {
			for _, rest := range []string{
				"sys = \"new\"", fmt.Sprintf("[mounts]\n\"/mnt\" = { ro = %q, recursive = false }", dir+"/ro"),
				fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%q] }", dir+"/ro"),
			} {
				nstest.MustRun(t, systest.OuterCommand(t, outer, u, systest.OwnTree(u, rest), "true"))
			}
		}
	})
}

// The directory of a layer that cannot be made, and one that could not be written to.
func TestLayerErrors(t *testing.T) {
	u := nstest.Ordinary(t)
	state := u.TempDir(t)
	nstest.CheckNothingLeft(t, state)
	profile := systest.OwnTree(u, "root = { overlay = { dir = \"${state}/x\", create = true } }")
	cmd := systest.ProfileCommand(t, u, profile, "true")
	cmd.Env = append(cmd.Env, "XDG_STATE_HOME=/etc")
	systest.WantFailure(t, cmd, `p.toml:3:42: root.overlay.create: step #, make /etc/nslaunch/x/boot where it is missing: EACCES
  uid 20001 may not make /etc/nslaunch/x/boot
  try: set XDG_STATE_HOME to a directory that is writable, or use another directory`)
	cmd = systest.ProfileCommand(t, u, systest.OwnTree(u, "idmap = \"subid\"", "[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [\"/etc\"], dir = \"${state}/x\", create = true }"), "true")
	cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
	systest.WantRefusal(t, cmd, fmt.Sprintf(`p.toml:5:68: mounts."/mnt".create: %q belongs to uid %d and gid %d, which are not mapped, so the sandbox cannot write there (idmap = "root+subid" maps the caller, too)`,
		state+"/nslaunch/x", u.UID, u.GID))
	// What a launch that fails, once all is made and mounted, has made is gone again.
	cmd = systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [\"/etc\"], dir = \"${state}/x\", create = true }\n\"/opt\" = { type = \"overlay\", lower = [\"/proc/sys\"] }"), "true")
	cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
	systest.WantFailure(t, cmd, `p.toml:5:1: mounts."/opt": step #, mount an overlay of /proc/sys with changes in memory on /opt, nodev,nosuid: EINVAL
  an overlay cannot use the file system of one of its directories, such as proc or an overlay upon overlays
  try: use other directories; the kernel's log (dmesg) may name the wrong one`)
}

// Without any id, nothing can be made.
func TestNoIDs(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		none := "version = 1\nnamespaces = \"new\"\nidmap = \"none\"\n"
		systest.WantRefusal(t, systest.ProfileCommand(t, u, none+systest.System, "true"),
			`p.toml:3:1: idmap.mode: "none" maps no id, but what nslaunch makes for proc needs an owner`)
		systest.WantRefusal(t, systest.ProfileCommand(t, u, none+"[mounts]\n\"/etc/passwd\" = { type = \"passwd\" }", "true"),
			`p.toml:3:1: idmap.mode: "none" maps no id, but what nslaunch makes for mounts needs an owner`)
		nstest.MustRun(t, systest.ProfileCommand(t, u, none+"[mounts]\n\"/mnt\" = { ro = \"/etc\" }\ntmpfs = [\"/opt\"]", "test", "-e", "/mnt/passwd"))
	})
}

// What cannot be had together.
func TestTogether(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"a": "/", "b": "/", "layer/upper": "/", "layer/work": "/"})
		nstest.CheckNothingLeft(t, dir)
		overlay := func(target string) string {
			return fmt.Sprintf("%q = { type = \"overlay\", lower = [%q], dir = %q }\n", target, dir+"/a", dir+"/layer")
		}
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, "[mounts]\n"+overlay(dir+"/a")+overlay(dir+"/b")), "true"),
			fmt.Sprintf("p.toml:5:%d: mounts.%q.dir: %q already holds the changes to %s (give each overlay its own directory)", 44+2*len(dir), dir+"/b", dir+"/layer", dir+"/a"))
		big := dir + "/big"
		if err := os.Truncate(u.WriteFile(t, big, ""), 8<<20+1); err != nil {
			t.Fatal(err)
		}
		copied := systest.OwnTree(u, systest.System+fmt.Sprintf("\"/big\" = { type = \"file\", source = %q }", big))
		systest.WantRefusal(t, systest.ProfileCommand(t, u, copied, "true"), fmt.Sprintf(
			`p.toml:7:27: mounts."/big".source: %q has 8388609 bytes, and at most 8388608 are copied (bind it: ro = %q)`, big, big))
		if err := os.Truncate(big, 8<<20); err != nil {
			t.Fatal(err)
		}
		systest.WantInside(t, u, copied, "stat -c %s /big", "8388608\n")
		if err := os.Remove(big); err != nil {
			t.Fatal(err)
		}
		entries := ""
		for i := range 50 {
			entries += fmt.Sprintf("\"/%d\" = { ro = \"/\" }\n", i)
		}
		systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.OwnTree(u, systest.System+entries), "true"),
			`p.toml:15:1: mounts."/8": at most 48 mounts can be shared, have their own ids or show the host's /`,
			`p.toml:16:1: mounts."/9": at most 48 mounts can be shared, have their own ids or show the host's /`)
		nstest.MustRun(t, systest.ProfileCommand(t, u, systest.OwnTree(u, systest.System+strings.Join(strings.SplitAfter(entries, "\n")[:48], "")), "test", "-e", "/47/etc/passwd"))
		if !u.IsRoot() {
			return
		}
		// Without a mount, the tree that stays shared is the caller's own.
		shared := "version = 1\nnamespaces = { mount = \"new\" }\npropagation = \"shared\"\n"
		systest.WantInside(t, u, shared+"[mounts]\nro = [\"-/no/thing\"]\n\"/etc\" = { type = \"dir\" }", fmt.Sprintf("touch %s/x && echo written; rm %[1]s/x", dir), "written\n")
		systest.WantRefusal(t, systest.ProfileCommand(t, u, shared+"[mounts]\n\"/new\" = { type = \"dir\" }", "true"),
			`p.toml:5:1: mounts."/new": "/new" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root.overlay = "tmpfs")`)
	})
}

package conformance

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// mountActions are the actions that build a root; see newActions.
func mountActions() []string {
	return []string{
		`clear the umask`, `mount a scratch tmpfs`, `clone /\S*`, `clone /\S* in its peer group`,
		`make a clone of /\S* the root, nodev,nosuid`, `make a clone of /\S* the root, (ro,)?nosuid`, `make a clone of /\S* the root, ro,nodev,nosuid`, `make a clone of / the root, in its peer group, with private /.*`,
		`make an empty tmpfs the root, nodev,nosuid`, `make an overlay of /\S* with changes in memory the root, nodev,nosuid`,
		`make an overlay of /\S* with changes in /\S* the root, nodev,nosuid`,
		`bind /\S* on /.*`, `bind the pseudoterminal on /dev/console, .*`, `bind /\S+ on /\S+, not recursive.*`, `mount tmpfs on /.*`, `mount devpts on /.*`, `mount mqueue on /.*`,
		`mount cgroup2 on /.*`, `mount sysfs on /.*`, `mount proc on /.*`, `mount an overlay of /.* with changes in memory on /.*`,
		`mount an overlay of /.* with changes in /\S* on /.*`, `make \S+ where it is missing`, `lock /.*`, `map the ids of .*, for the stage`, `receive the tree of /.*`,
		`put a file of \d+ bytes, mode \d+, on /.*`, `link /\S+ to .*`, `make the directory /\S+, mode \d+`, `leave out /.*`,
		`mask /\S+ with an empty directory`, `mask /\S.* with /dev/null`,
		`make the kernel's settings in /proc read-only: .*`, `make the kernel's file systems read-only: .*`,
		`make the root read-only`, `make the root and /.* read-only`, `make / read-only, recursively`, `make /\S+ \S+`,
		`make an empty tmpfs the root, uid \d+, gid \d+, nodev,nosuid`, `put a file of \d+ bytes, mode \d+, uid \d+, gid \d+, on /.*`,
		`make the directory /\S+, mode \d+, uid \d+`,
		`pivot into the root and detach the old one`,
	}
}

// treeCases have, with the examples, every action that builds a root.
func treeCases() []conformanceCase {
	rootfs := aroundExamples()["rootfs"]
	return []conformanceCase{
		{name: "file systems", profile: `version = 1
namespaces = "new"
sys = "new"
` + systest.System + `tmpfs = ["/tmp", "/run"]
masked = ["/usr/share", "/usr/bin/env", "-/nothing"]
"/a" = { rw = "/srv", options = ["noexec", "dev"], propagation = "private" }
"/b" = { ro = "/etc", recursive = false, propagation = "unbindable" }
"/c" = { ro = "/opt", options = ["nosymfollow", "suid"], propagation = "slave" }
"/d" = { rw = "/opt", options = ["relatime"], propagation = "slave+shared" }
"/e" = { type = "tmpfs", size = "4M", mode = "0700", options = ["noatime", "nodiratime"] }
"/f" = { type = "overlay", lower = ["/srv", "/opt"] }
"/g" = { type = "file", content = "text", readonly = true }
"/i" = { type = "dir", mode = "2755" }
"/j" = { type = "devpts" }
"/k" = { type = "mqueue" }
"/l" = { type = "cgroup2" }
"/m" = { type = "sysfs" }
"/n" = { type = "proc" }
"/o/p/q" = { ro = "/etc/passwd" }
"/r" = { ro = "/" }
`},
		{name: "a console", profile: `version = 1
namespaces = { user = "new", mount = "new", pid = "new" }
process.terminal = "pty"
dev = "minimal"
`},
		{name: "a directory for a root", around: rootfs, profile: `version = 1
namespaces = { user = "new", mount = "new" }
propagation = "unbindable"
root = { path = "./rootfs", readonly = true }
dev = "host"
sys = "none"
proc = "host"
`},
		{name: "a directory and what changes", around: func(t *testing.T, u nstest.User, dir string) []string {
			systest.MakeDirs(t, dir+"/layer/upper", dir+"/layer/work")
			u.Own(t, dir+"/layer")
			return rootfs(t, u, dir)
		}, profile: `version = 1
namespaces = "new"
root = { path = "./rootfs", overlay = { dir = "./layer" }, readonly = true }
dev = "minimal"
sys = "host"
`},
		{name: "memory, read-only", profile: "version = 1\nnamespaces = \"new\"\n" + `root = { path = "tmpfs", readonly = true }
dev = "minimal"
proc = { masked_paths = ["/proc/keys", "/proc/fs"], readonly_paths = ["/proc/sys"] }
` + systest.Programs},
		{name: "for another than the stage", rootOnly: true, profile: "version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\nprocess = { uid = 1000, gid = 1000 }\n" + systest.System + `
"/a" = { type = "dir", mode = "2711", gid = 0 }
"/b" = { type = "file", content = "text", mode = "4600" }
"/c/d/e" = { type = "tmpfs" }
"/c/d/f" = { type = "symlink", to = "e" }
"/g" = { type = "overlay", lower = ["/srv"], uid = 5 }
`},
		{name: "the host, and what changes", rootOnly: true, profile: `version = 1
namespaces = { mount = "new" }
propagation = "slave+shared"
root = { overlay = "tmpfs", readonly = true }
[mounts]
"/mnt" = { rw = "/srv", propagation = "slave" }
`},
		{name: "the host, and what changes, in a user namespace", profile: "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot = { overlay = \"tmpfs\", readonly = true }\n"},
		{name: "the kernel's settings", rootOnly: true, profile: "version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = \"none\"\n"},
		{name: "the kernel's settings, unbindable", rootOnly: true, profile: "version = 1\nnamespaces = { mount = \"new\" }\npropagation = \"unbindable\"\nroot.options = [\"nodev\"]\ndev = \"minimal\"\nprocess.capabilities = \"none\"\n"},
		{name: "the host, read-only", profile: "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot = { readonly = true }\n"},
		{name: "the host, shared", rootOnly: true, profile: `version = 1
namespaces = { mount = "new", pid = "new", net = "new" }
propagation = "shared"
sys = "new"
`},
		{name: "the host, shared and read-only", rootOnly: true, profile: "version = 1\nnamespaces = { mount = \"new\" }\npropagation = \"shared\"\nroot = { readonly = true }\n"},
		{name: "a tree, shared", rootOnly: true, profile: `version = 1
namespaces = { mount = "new" }
[mounts]
"/mnt" = { rw = "/srv", propagation = "shared", options = ["strictatime"] }
`},
	}
}

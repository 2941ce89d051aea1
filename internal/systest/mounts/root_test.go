// Package mounts tests the file system of a sandbox: its root, what is mounted there, and whose it is.
package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What can be written to, and where it goes, for each form of a root.
func TestRoots(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const script = `cd /
{ echo new > etc/name; } 2>/dev/null && echo written || echo refused
{ echo x > made; } 2>/dev/null && echo made || echo refused
cat etc/name; stat -c '%a %n' / /tmp
{ echo x > tmp/made; } 2>/dev/null && echo made || echo refused`
		old := "refused\nrefused\nold\n755 /\n1777 /tmp\nrefused\n"
		changed := "written\nmade\nnew\n755 /\n1777 /tmp\nmade\n"
		for _, test := range []struct {
			root, want string
			kept       bool // what was written is in the directory itself
			layer      bool // or in the layer
		}{
			{root: `{ path = DIR }`, want: changed, kept: true},
			{root: `DIR`, want: changed, kept: true},
			{root: `{ path = DIR, readonly = true }`, want: old},
			{root: `{ path = DIR, overlay = "tmpfs" }`, want: changed},
			{root: `{ path = DIR, overlay = "tmpfs", readonly = true }`, want: old},
			{root: `{ path = DIR, overlay = { dir = "${state}/test", create = true } }`, want: changed, layer: true},
			{root: `{ path = DIR, overlay = { dir = LAYER } }`, want: changed, layer: true},
		} {
			t.Run(test.root, func(t *testing.T) {
				nstest.CheckNothingLeft(t)
				dir, state := systest.RootFiles(t, u), u.TempDir(t)
				layer := state + "/nslaunch/test"
				if strings.Contains(test.root, "LAYER") {
					layer = u.TempDir(t)
					for _, sub := range []string{"/upper", "/work"} {
						systest.MakeDirs(t, layer+sub)
					}
					u.Own(t, layer)
				}
				root := strings.NewReplacer("DIR", fmt.Sprintf("%q", dir), "LAYER", fmt.Sprintf("%q", layer), "${state}", state+"/nslaunch").Replace(test.root)
				profile := systest.OwnTree(u, "root = "+root, "dev = \"minimal\"", systest.Programs)
				if strings.Contains(test.root, "create") {
					profile = strings.Replace(profile, state+"/nslaunch", "${state}", 1)
				}
				run := func() string {
					cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", "exec 2>&1\n"+script)
					cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
					return nstest.MustRun(t, cmd)
				}
				if strings.Contains(test.root, "create") && u.IsRoot() {
					layer = "/var/lib/nslaunch/test"
					t.Cleanup(func() { systest.RemoveLayer(t, layer) })
				}
				if got := run(); got != test.want {
					t.Errorf("got\n%swant\n%s", got, test.want)
				}
				inDir, inLayer := systest.FileText(dir+"/etc/name"), systest.FileText(layer+"/upper/etc/name")
				if want := map[bool]string{true: "new\n", false: "old\n"}[test.kept]; inDir != want {
					t.Errorf("afterwards the directory has %q; want %q", inDir, want)
				}
				if want := map[bool]string{true: "new\n"}[test.layer]; inLayer != want {
					t.Errorf("afterwards the layer has %q; want %q", inLayer, want)
				}
				if test.layer { // what it keeps is there the next time
					if got := run(); got != test.want {
						t.Errorf("the second time got\n%swant\n%s", got, test.want)
					}
				}
			})
		}
	})
}

// The root in memory: nothing in it but what is put there, and gone at the end.
func TestTmpfsRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		systest.WantInside(t, u, systest.OwnTree(u, "root = \"tmpfs\"\ndev = \"minimal\"", systest.Programs), `cd /; echo *; echo x > made && cat made; stat -c '%a %u' /`,
			"bin dev lib lib64 proc usr\nx\n755 0\n")
		systest.WantInside(t, u, systest.OwnTree(u, "root = { path = \"tmpfs\", readonly = true }\ndev = \"minimal\"", systest.Programs+"tmpfs = [\"/tmp\"]"),
			`cd /; { echo x > made; } 2>/dev/null || echo refused; { echo x > usr/made; } 2>/dev/null || echo refused; echo x > tmp/made && echo made`,
			"refused\nrefused\nmade\n")
		systest.WantInside(t, u, systest.OwnTree(u, "root = \"tmpfs\"\nproc = \"none\"\ndev = \"minimal\"", systest.Programs), `ls -A /proc; { echo x > /proc/x; } 2>/dev/null || echo refused`, "refused\n")
	})
}

// homeDir is a directory of u's with a file, in its home: an ordinary user's
// overlay can only change what is below directories that are its own, too.
func homeDir(t *testing.T, u nstest.User) string {
	t.Helper()
	dir, err := os.MkdirTemp(u.Home, "nslaunch-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(dir+"/file", []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	u.Own(t, dir)
	return dir
}

// The host's tree: as it is, read-only, and below a layer.
func TestHostRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := homeDir(t, u)
		nstest.CheckNothingLeft(t, dir)
		script := fmt.Sprintf(`cd %s
{ echo new > file; } 2>/dev/null && echo written || echo refused
{ echo new > made; } 2>/dev/null && echo made || echo refused
cat file; echo x > /dev/null && echo devices; test -e /proc/self/status && test -e /sys/kernel && test -e /etc/passwd && echo there`, dir)
		refused := "refused\nrefused\nold\ndevices\nthere\n"
		written := "written\nmade\nnew\ndevices\nthere\n"
		for rest, want := range map[string]string{
			`root = { readonly = true }`:                                                              refused,
			`root = { path = "host", readonly = true }`:                                               refused,
			`root = { overlay = "tmpfs" }`:                                                            written,
			`root = { overlay = "tmpfs", readonly = true }`:                                           refused,
			"root = { overlay = \"tmpfs\" }\ndev = \"host\"":                                          written,
			"root = { overlay = \"tmpfs\" }\ndev = \"minimal\"\nsys = \"new\"":                        written,
			"root = { overlay = \"tmpfs\" }\ndev = \"minimal\"\nsys = \"host\"":                       written,
			"root = { overlay = \"tmpfs\" }\n[mounts]\ntmpfs = [\"/mnt\", \"/opt\", \"/newly/made\"]": written,
		} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), script, want)
		}
		// The rest of the tree is what it was: modes, and what others may not read.
		systest.WantInside(t, u, systest.OwnTree(u, `root = { overlay = "tmpfs" }`), "stat -c '%a %n' / /root /tmp /etc /usr/bin", modesOf(t, "/", "/root", "/tmp", "/etc", "/usr/bin"))
		// Without new namespaces but that of mounts, the host's own proc is there.
		if u.IsRoot() {
			systest.WantInside(t, u, "version = 1\nnamespaces = { mount = \"new\" }\nroot = { overlay = \"tmpfs\" }", fmt.Sprintf("test -d /proc/%d && echo there", os.Getpid()), "there\n")
		} else {
			systest.WantInside(t, u, "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot = { overlay = \"tmpfs\" }", fmt.Sprintf("test -d /proc/%d && echo there", os.Getpid()), "there\n")
		}
	})
}

// modesOf is what stat -c '%a %n' prints.
func modesOf(t *testing.T, paths ...string) string {
	t.Helper()
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		mode := info.Mode().Perm()
		if info.Mode()&os.ModeSticky != 0 {
			mode |= 0o1000
		}
		fmt.Fprintf(&b, "%o %s\n", mode, path)
	}
	return b.String()
}

// The host's tree below a layer that is kept.
func TestHostRootKept(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir, state := homeDir(t, u), u.TempDir(t)
		nstest.CheckNothingLeft(t, dir)
		if u.IsRoot() {
			t.Cleanup(func() { systest.RemoveLayer(t, "/var/lib/nslaunch/host-test") })
		}
		for i := range 2 {
			cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, `root = { overlay = { dir = "${state}/host-test", create = true } }`),
				"sh", "-c", fmt.Sprintf("cd %s; cat file; echo $((%d + 1)) > file; cat file; stat -c %%a / /tmp", dir, i))
			cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
			if got, want := nstest.MustRun(t, cmd), []string{"old\n1\n755\n1777\n", "1\n2\n755\n1777\n"}[i]; got != want {
				t.Errorf("the %d. time got %q; want %q", i+1, got, want)
			}
		}
	})
}

// A read-only root that lacks mount points gets a layer for them.
func TestCoveredRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := systest.Tree(t, u, map[string]string{"etc/name": "old\n", "var/run": "-> ../run"})
		nstest.CheckNothingLeft(t, dir)
		profile := systest.OwnTree(u, fmt.Sprintf("root = { path = %q, readonly = true }", dir), "dev = \"minimal\"", systest.Programs+`tmpfs = ["/tmp", "/run", "/var/run/below"]
"/etc/made" = { type = "file", content = "x\n" }
`)
		systest.WantInside(t, u, profile, `cat /etc/name /etc/made; echo / /run/*
{ echo x > /made; } 2>/dev/null || echo refused; { echo x > /etc/name; } 2>/dev/null || echo refused; echo x > /run/below/x && echo made; echo x > /dev/null`,
			"old\nx\n/ /run/below\nrefused\nrefused\nmade\n")
	})
}

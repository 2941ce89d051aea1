package mounts

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// The cases of bubblewrap's tests/test-run.sh that are about files, as cases of ours. What
// is about modes, overlays and links is in tests of their own.

// What the caller cannot read is not readable inside, with all capabilities of a user namespace either.
func TestUnreadable(t *testing.T) {
	u := nstest.Ordinary(t)
	nstest.CheckNothingLeft(t)
	secret := filepath.Join(nstest.TempDir(t), "secret")
	systest.MakeDirs(t, secret)
	if err := os.Chmod(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{
		"[mounts]\ntmpfs = [\"/run\"]",
		"root = { readonly = true }",
		"root = { overlay = \"tmpfs\" }",
		strings.Replace(systest.System, "ro = [", fmt.Sprintf("ro = [\"/etc\", %q, ", secret), 1),
		fmt.Sprintf("[mounts]\n\"/mnt\" = { rw = %q }\n\"/opt\" = { type = \"overlay\", lower = [%q] }", secret, secret),
		"dev = \"minimal\"\nsys = \"new\"\nidmap = \"keep+subid\"",
		"idmap = \"root+subid\"\nsys = \"host\"",
	} {
		systest.WantInside(t, u, systest.OwnTree(u, rest), fmt.Sprintf("cat /etc/shadow >/dev/null; ls %s; grep -q . /etc/shadow; true", secret),
			fmt.Sprintf("cat: /etc/shadow: Permission denied\nls: cannot open directory '%s': Permission denied\ngrep: /etc/shadow: Permission denied\n", secret))
	}
	// The first and the last of a list of lower directories decide, not the layer in memory.
	got := systest.Printed(t, u, systest.OwnTree(u, fmt.Sprintf("[mounts]\n\"/opt\" = { type = \"overlay\", lower = [%q] }", secret)), "ls -A /opt; stat -c %a /opt")
	if !strings.HasSuffix(got, "700\n") {
		t.Errorf("an overlay of a closed directory: %s", got)
	}
}

// A mount on a symbolic link lies where that leads to, inside.
func TestMountOnLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		root := systest.Tree(t, u, map[string]string{
			"usr": "/", "bin": "/", "lib": "/", "lib64": "/", "proc": "/", "dir": "/", "file": "",
			"todir": "-> dir", "absolute": "-> /dir", "tofile": "-> file", "out": "-> ../../../../../../etc",
			"etc": "/", "chain": "-> todir", "source": "/", "up/there": "/", "up/dots": "-> ./../up/./there",
		})
		source := systest.Tree(t, u, map[string]string{"seen": "yes\n", "link": "-> seen"})
		profile := func(target, from string) string {
			return systest.OwnTree(u, fmt.Sprintf("root = %q\n[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n%q = { rw = %q }", root, target, from))
		}
		for _, test := range []struct{ target, from, see string }{
			{"/todir", source, "/dir/seen"},
			{"/absolute", source, "/dir/seen"},
			{"/chain", source, "/dir/seen"},
			{"/out", source, "/etc/seen"}, // the sandbox's, not the host's
			{"/up/dots", source, "/up/there/seen"},
			{"/tofile", source + "/seen", "/file"},
			{"/tofile", source + "/link", "/file"}, // a link is bound as what it leads to
		} {
			systest.WantInside(t, u, profile(test.target, test.from), "cat "+test.see+"; test -L "+test.target+" && echo link", "yes\nlink\n")
		}
	})
}

// The tmpfs on /tmp is the sandbox's own, and the host's /tmp can be bound on /tmp, though the
// root is built out of sight.
func TestTmp(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		in, err := os.MkdirTemp("/tmp", "nslaunch-test-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(in) })
		for rest, want := range map[string]string{
			"[mounts]\nrw = [\"/tmp\"]":                                          "seen\n",
			strings.Replace(systest.System, "ro = [", "ro = [\"/tmp\", ", 1):     "seen\n",
			"[mounts]\ntmpfs = [\"/tmp\"]":                                       "hidden\n",
			systest.System + "tmpfs = [\"/tmp\"]":                                "hidden\n",
			"root = { readonly = true }\n[mounts]\n\"/mnt\" = { rw = \"/tmp\" }": "seen\n",
		} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), fmt.Sprintf("test -d %s && echo seen || echo hidden", in), want)
		}
	})
}

// A socket is bound on a file that is made for it, and works.
func TestSocket(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		listener, err := net.Listen("unix", dir+"/socket")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		other, err := net.Listen("unix", dir+"/other")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		u.Own(t, dir)
		bind := fmt.Sprintf("%q = { rw = %q }\n", "/run/there/socket", dir+"/socket")
		systest.WantInside(t, u, systest.OwnTree(u, systest.System+bind), "stat -c %F /run/there/socket; stat -c %a /run/there", "socket\n755\n")
		// A socket on a socket.
		on := fmt.Sprintf("[mounts]\n%q = { rw = %q }\n", dir+"/other", dir+"/socket")
		got := systest.Printed(t, u, systest.OwnTree(u, on), fmt.Sprintf("stat -c %%i %s", dir+"/other"))
		var st unix.Stat_t
		if err := unix.Stat(dir+"/socket", &st); err != nil || got != fmt.Sprintln(st.Ino) {
			t.Errorf("inode %s; want %d, %v", got, st.Ino, err)
		}
	})
}

// A sandbox in a sandbox: /proc and roots of their own, twice.
func TestNested(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		u.WriteFile(t, dir+"/inner.toml", `version = 1
namespaces = "new"
root = "tmpfs"
dev = "minimal"
command = ["sh", "-c", "exec 2>&1; echo $$; ls /; ls /proc | grep -c '^[0-9]'; grep -c . /proc/self/mountinfo; echo x > /dev/null"]
[mounts]
ro = ["/usr", "/bin", "/lib", "-/lib64"]
"/middle" = { ro = "/only-in-the-first" }
`)
		idmap := ""
		if !u.IsRoot() {
			idmap = "idmap = \"root+subid\"" // a map without may have no groups, for all below it
		}
		profile := systest.OwnTree(u, idmap, systest.System+fmt.Sprintf("\"/nslaunch\" = { ro = %q }\n\"/p\" = { ro = %q }\ntmpfs = [\"/only-in-the-first\"]\n", nstest.Nslaunch(t), dir))
		got := systest.Printed(t, u, profile, "/nslaunch /p/inner.toml")
		if want := "2\nbin\ndev\nlib\nlib64\nmiddle\nproc\nusr\n"; !strings.HasPrefix(got, want) || strings.Contains(got, "cannot") {
			t.Errorf("the inner sandbox printed\n%s", got)
		}
	})
}

// Nothing of the old root is to be found: not among the mounts, nor by lookups, nor in
// open files, nor as the working directory.
func TestNoTrace(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, rest := range []string{
			systest.System + "tmpfs = [\"/tmp\"]\nmasked = [\"/usr/share\"]\n\"/etc/passwd\" = { type = \"passwd\" }",
			"root = { readonly = true }\n[mounts]\ntmpfs = [\"/tmp\"]\nmasked = [\"/usr/share\"]",
			"root = { overlay = \"tmpfs\" }\n[mounts]\ntmpfs = [\"/tmp\"]",
		} {
			probe := nstest.Probe(t)
			bind := fmt.Sprintf("\n\"/tmp/probe\" = { ro = %q }\n", probe)
			r := nstest.ParseReport(t, nstest.MustRun(t, systest.ProfileCommand(t, u, systest.OwnTree(u, rest+bind), "/tmp/probe")))
			listed := map[int]bool{}
			for _, m := range r.Mounts {
				listed[m.ID] = true
			}
			roots := 0
			for _, m := range r.Mounts {
				if !listed[m.Parent] {
					roots++
				}
				if m.Target == "/" && m.Parent != m.ID && listed[m.Parent] {
					t.Errorf("over the root: %+v", m)
				}
				if m.Target == "/var/lib/nslaunch" {
					continue // the host's: isolate.sh hides what is there
				}
				for _, word := range []string{"oldroot", "newroot", "scratch", "nslaunch", "//deleted"} {
					if strings.Contains(m.Target, word) {
						t.Errorf("mount %+v", m)
					}
				}
			}
			if roots != 1 {
				t.Errorf("%d mounts have no parent: %+v", roots, r.Mounts)
			}
			if len(r.Descriptors) != 3 {
				t.Errorf("open files: %v", r.Descriptors)
			}
			// The directory of the launch lies in the /tmp that is hidden.
			if r.Process.Cwd != "/" {
				t.Errorf("working directory %q", r.Process.Cwd)
			}
			// Of process 1, real root alone sees more than nothing: the same root.
			for what, answer := range map[string]report.Answer{"cwd": r.Init.Cwd, "root": r.Init.Root} {
				if answer.Value != "/" && answer.Errno != "EACCES" && answer.Errno != "ENOENT" {
					t.Errorf("process 1: %s: %+v", what, answer)
				}
			}
			// Who enters the mount namespace finds the same root.
			h := systest.Hold(t, systest.ProfileCommand(t, u, systest.OwnTree(u, rest), "cat"))
			enter := nstest.Superuser(t).Command(t, "nsenter", fmt.Sprintf("--mount=/proc/%d/ns/mnt", h.PID), "/bin/sh", "-c", "echo /*")
			entered := nstest.MustRun(t, enter)
			h.Release(t)
			systest.WantInside(t, u, systest.OwnTree(u, rest), "echo /*", entered)
			systest.WantInside(t, u, systest.OwnTree(u, rest), "cd /../../..; pwd; test / -ef /.. && test /proc/self/root -ef / && echo same", "/\nsame\n")
		}
	})
}

// The host's "/" as a source is what it was before anything was built over it.
func TestBindRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		entries, err := os.ReadDir("/")
		if err != nil {
			t.Fatal(err)
		}
		names := ""
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				names += e.Name() + "\n"
			}
		}
		for _, rest := range []string{
			"[mounts]\n\"/mnt\" = { ro = \"/\" }",
			"[mounts]\n\"/mnt\" = { ro = \"/\" }\nmasked = [\"/opt\"]",
			systest.System + "\"/mnt\" = { ro = \"/\" }\nmasked = [\"/usr/share\"]",
			systest.System + "\"/mnt\" = { ro = \"/proc/self/root\" }\nmasked = [\"/usr/share\"]",
		} {
			systest.WantInside(t, u, systest.OwnTree(u, rest), "LC_ALL=C ls /mnt; test -e /mnt/sys/kernel && test -e /mnt/dev/null && echo there", names+"there\n")
		}
	})
}

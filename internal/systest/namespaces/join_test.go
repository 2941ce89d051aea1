package namespaces

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// A new proc shows the pid namespace that was joined, not the caller's.
func TestJoinPIDWithNewProc(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = \"new\"\ncommand = [\"cat\"]\n"))
		user := "host"
		if !u.IsRoot() {
			user = fmt.Sprintf("pid:%d", h.PID)
		}
		before := nstest.Snapshot(t)
		got := systest.SeenBy(t, u, fmt.Sprintf(`version = 1
proc = "new"
namespaces = { user = %q, pid = "pid:%d", mount = "new" }
`, user, h.PID))
		if got.Namespaces["pid"] != h.Namespaces["pid"] {
			t.Errorf("pid namespace %d; want %d", got.Namespaces["pid"], h.Namespaces["pid"])
		}
		if comm := got.Init.Comm.Value; comm != "nslaunch-init\n" {
			t.Errorf("process 1 is %q; want the other sandbox's init", comm)
		}
		// Process 2 is the other sandbox's command. Ours has no init, and its
		// parent is outside.
		if p := got.Process; p.PID <= 2 || p.Parent != 0 {
			t.Errorf("process %d, child of %d; want one after 2, child of 0", p.PID, p.Parent)
		}
		nstest.AssertNothingLeft(t, before)
		h.Release(t)
	})
}

// Of a joined mount namespace, the files are seen.
func TestJoinMount(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := u.TempDir(t)
		h := systest.Hold(t, systest.ProfileCommand(t, u, fmt.Sprintf(`version = 1
namespaces = { user = "new", mount = "new" }
command = ["sh", "-c", "mount -t tmpfs none %[1]s && echo there > %[1]s/file && exec cat"]
`, dir)))
		systest.WaitFor(t, filepath.Join(fmt.Sprintf("/proc/%d/root", h.PID), dir, "file"))
		join := fmt.Sprintf(`version = 1
namespaces = { user = "pid:%d", mount = "pid:%[1]d" }
`, h.PID)
		if got := nstest.MustRun(t, systest.ProfileCommand(t, u, join, "cat", dir+"/file")); got != "there\n" {
			t.Errorf("the file holds %q; want %q", got, "there\n")
		}
		h.Release(t)
	})
}

// A network namespace as `ip netns add` makes it: on a file, no process in it,
// owned by the initial user namespace.
func TestJoinNamedNet(t *testing.T) {
	outer := nstest.NewOuter(t, mountprop.Private)
	file := filepath.Join(nstest.TempDir(t), "blue")
	nstest.Superuser(t).WriteFile(t, file, "")
	nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "unshare", "--net="+file, "ip", "link", "set", "lo", "up"))
	inode := strings.TrimSpace(nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "stat", "-c", "%i", file)))

	t.Run("root", func(t *testing.T) {
		for _, others := range []string{
			``,
			`mount = "new", uts = "new",`,
			`user = "new",`,
			`user = "new", mount = "new", pid = "new", ipc = "new",`,
		} {
			profile := fmt.Sprintf("version = 1\nnamespaces = { %s net = %q }\n", others, file)
			got := nstest.MustRun(t, systest.OuterCommand(t, outer, nstest.Superuser(t), profile, "readlink", "/proc/self/ns/net"))
			if want := "net:[" + inode + "]\n"; got != want {
				t.Errorf("with %s in %s; want %s", others, got, want)
			}
		}
	})
	t.Run("user", func(t *testing.T) {
		u := nstest.Ordinary(t)
		for _, others := range []string{``, `user = "new",`} {
			profile := fmt.Sprintf("version = 1\nnamespaces = { %s net = %q }\n", others, file)
			systest.WantRefusal(t, systest.OuterCommand(t, outer, u, profile, "true"), fmt.Sprintf(
				"p.toml:2:%d: namespaces.net: joining a namespace needs CAP_SYS_ADMIN, which uid %d does not have here (run nslaunch as root)",
				len("namespaces = { "+others+"  "), u.UID))
		}
	})
}

// In a joined user namespace without a root, the command is who the caller is
// there, and has the capabilities that it is given.
func TestJoinUserWithoutRoot(t *testing.T) {
	u := nstest.Ordinary(t)
	h := systest.Hold(t, systest.ProfileCommand(t, u, systest.NewUserProfile+"idmap = \"keep\"\ncommand = [\"cat\"]\n"))
	for capabilities, want := range map[string]uint64{
		`"keep"`:              0,
		`"none"`:              0,
		`["CHOWN", "SETGID"]`: 1<<0 | 1<<6,
	} {
		got := systest.SeenBy(t, u, fmt.Sprintf("version = 1\nnamespaces = { user = \"pid:%d\" }\nprocess = { capabilities = %s }\n", h.PID, capabilities))
		if ids := got.IDs.UID; ids != [3]int{u.UID, u.UID, u.UID} {
			t.Errorf("uids %v; want %d", ids, u.UID)
		}
		if c := got.Capabilities; c.Effective != want || c.Permitted != want {
			t.Errorf("%s: capabilities %#x of %#x; want %#x", capabilities, c.Effective, c.Permitted, want)
		}
	}
	h.Release(t)
}

// What cannot be joined is refused before anything is made.
func TestJoinRefused(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\", net = \"new\" }\ncommand = [\"cat\"]\n"))
		gone := exec.Command("true")
		if err := gone.Run(); err != nil {
			t.Fatal(err)
		}
		net := fmt.Sprintf("/proc/%d/ns/net", h.PID)
		before := nstest.Snapshot(t)
		for _, test := range []struct{ namespaces, want string }{
			{`net = "/no/such"`, `namespaces.net: no such file or directory: "/no/such"`},
			{`net = "/etc/passwd"`, `namespaces.net: "/etc/passwd" is not a namespace (use /proc/PID/ns/net, or a file that a namespace is mounted on)`},
			{`uts = "` + net + `"`, `namespaces.uts: "` + net + `" is a net namespace, not a uts namespace`},
			{fmt.Sprintf(`net = "pid:%d"`, gone.Process.Pid), fmt.Sprintf(`namespaces.net: there is no process %d`, gone.Process.Pid)},
			{`user = "/proc/self/ns/user"`, `namespaces.user: "/proc/self/ns/user" is the caller's own user namespace (write "host")`},
		} {
			profile := "version = 1\nnamespaces = { " + test.namespaces + " }\n"
			systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "true"), "p.toml:2:16: "+test.want)
		}
		if !u.IsRoot() {
			pid := os.Getpid() // root's
			systest.WantRefusal(t, systest.ProfileCommand(t, u, fmt.Sprintf("version = 1\nnamespaces = { uts = \"pid:%d\" }\n", pid), "true"),
				fmt.Sprintf("p.toml:2:16: namespaces.uts: process %d belongs to another user, so its uts namespace needs CAP_SYS_PTRACE (run nslaunch as the user whose process it is, or as root)", pid))
		}
		nstest.AssertNothingLeft(t, before)
		h.Release(t)
	})
}

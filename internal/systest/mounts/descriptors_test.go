package mounts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// withDescriptor is a command that has a file as descriptor 3.
func withDescriptor(t *testing.T, cmd *exec.Cmd, path string) *exec.Cmd {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	cmd.ExtraFiles = []*os.File{f}
	return cmd
}

// Paths through a process' own directory in /proc are those of nslaunch, although another process opens them.
func TestSourceOfDescriptor(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"file": "text\n", "sub/deep": "deep\n"})
		run := func(open, entry string, words ...string) nstest.Result {
			profile := systest.OwnTree(u, "root = \"tmpfs\"", "proc = \"new\"", strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+entry, 1))
			cmd := systest.ProfileCommand(t, u, profile, words...)
			if err := os.Symlink(dir, filepath.Join(cmd.Dir, "here")); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
			return nstest.Run(t, withDescriptor(t, cmd, open))
		}
		for _, test := range []struct{ open, source, at, want string }{
			{"/file", "/proc/self/fd/3", "", "text\n"},
			{"/file", "/dev/fd/3", "", "text\n"},
			{"/file", "/proc/thread-self/fd/3", "", "text\n"},
			{"/sub", "/proc/self/fd/3", "/deep", "deep\n"},
			{"/sub", "/proc/self/fd/3/deep", "", "deep\n"},
			{"/sub", "/proc/self/cwd/here/file", "", "text\n"},
			{"/sub", "/proc/self/root" + dir + "/file", "", "text\n"},
		} {
			if got := run(dir+test.open, fmt.Sprintf("\"/shown\".ro = %q", test.source), "cat", "/shown"+test.at); got.Stdout != test.want || got.Status != 0 {
				t.Errorf("%s of %s: status %d, stdout %q and stderr\n%s", test.source, test.open, got.Status, got.Stdout, got.Stderr)
			}
		}
		// The control: a process inside has no such descriptor.
		if got := run(dir+"/file", "", "cat", "/proc/self/fd/3"); got.Status != 1 || !strings.Contains(got.Stderr, "No such file") {
			t.Errorf("the command has the descriptor: status %d, stdout %q, stderr %q", got.Status, got.Stdout, got.Stderr)
		}
	})
}

// A file without a path cannot be mounted, which is said at its line.
func TestSourceWithoutPath(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"gone/deep": "deep\n"})
		for _, test := range []struct{ key, entry, path string }{
			{`mounts."/shown"`, `"/shown".ro = "/proc/self/fd/3"`, "/proc/self/fd/3"},
			{`mounts."/shown".lower[0]`, `"/shown" = { type = "overlay", lower = ["/dev/fd/3"] }`, "/dev/fd/3"},
		} {
			cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+test.entry, 1)), "true")
			withDescriptor(t, cmd, dir+"/gone")
			if err := os.Rename(dir+"/gone", dir+"/moved"); err != nil {
				t.Fatal(err)
			}
			if got := nstest.Run(t, cmd); got.Status != 0 {
				t.Errorf("renamed: status %d and stderr\n%s", got.Status, got.Stderr)
			}
			if err := os.Rename(dir+"/moved", dir+"/gone"); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct{ key, entry, path string }{
			{`mounts."/shown"`, `"/shown".ro = "/proc/self/fd/3"`, "/proc/self/fd/3"},
			{`mounts."/shown".lower[0]`, `"/shown" = { type = "overlay", lower = ["/dev/fd/3"] }`, "/dev/fd/3"},
		} {
			systest.MakeDirs(t, dir+"/gone")
			cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", "[mounts]\n"+test.entry, 1)), "true")
			withDescriptor(t, cmd, dir+"/gone")
			if err := os.RemoveAll(dir + "/gone"); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s: %q leads to a file that is open but has no path here, and only a path can be mounted (write the path of a file)\n", test.key, test.path)
			if got := nstest.Run(t, cmd); got.Status != systest.StatusSetup || !strings.HasSuffix(got.Stderr, want) {
				t.Errorf("status %d and stderr\n%swant\n%s", got.Status, got.Stderr, want)
			}
		}
	})
}

// A namespace that nslaunch has open is joined by its descriptor.
func TestJoinDescriptor(t *testing.T) {
	nstest.Require(t, nstest.Tools("unshare", "readlink"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		args := []string{"-n", "sh", "-c", "echo ready; read _"}
		if !u.IsRoot() {
			args = append([]string{"-U", "-r"}, args...)
		}
		other := u.Command(t, "unshare", args...)
		stdin, err := other.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := other.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { stdin.Close(); _ = other.Wait() }()
		if _, err := stdout.Read(make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		kind := "net"
		if !u.IsRoot() {
			kind = "user"
		}
		file := fmt.Sprintf("/proc/%d/ns/%s", other.Process.Pid, kind)
		want, err := os.Readlink(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/proc/self/fd/3", "/dev/fd/3", "/proc/thread-self/fd/3"} {
			cmd := withDescriptor(t, systest.ProfileCommand(t, u, fmt.Sprintf("version = 1\nnamespaces.%s = %q\n", kind, path), "readlink", "/proc/self/ns/"+kind), file)
			if got := nstest.Run(t, cmd); got.Stdout != want+"\n" {
				t.Errorf("%s: in %q, want %q; status %d and stderr\n%s", path, got.Stdout, want, got.Status, got.Stderr)
			}
		}
	})
}

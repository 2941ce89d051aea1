package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// ownTree is the beginning of a profile with namespaces that u may make:
// root's without a new user namespace. The lines that follow are bare keys first.
func ownTree(u nstest.User, rest ...string) string {
	namespaces := `namespaces = "new"`
	if u.IsRoot() {
		namespaces = `namespaces = { mount = "new", pid = "new", net = "new", ipc = "new", uts = "new", cgroup = "new" }`
	}
	return "version = 1\n" + namespaces + "\n" + strings.Join(rest, "\n") + "\n"
}

// system is the root and the entries of a small system in memory.
const system = `root = "tmpfs"
dev = "minimal"
[mounts]
ro = ["/usr", "/bin", "/lib", "-/lib64"]
`

// printed runs a shell script in a sandbox of the profile and returns what it
// printed, errors too. It has to succeed.
func printed(t *testing.T, u nstest.User, profile, script string) string {
	t.Helper()
	return nstest.MustRun(t, profileCommand(t, u, profile, "sh", "-c", "exec 2>&1\n"+script))
}

// wantInside compares the output of printed.
func wantInside(t *testing.T, u nstest.User, profile, script, want string) {
	t.Helper()
	if got := printed(t, u, profile, script); got != want {
		t.Errorf("with the profile\n%s\nthe script\n%s\nprinted\n%swant\n%s", profile, script, got, want)
	}
}

// wantFailure is wantRefusal for the error of a step, whose number is written #.
func wantFailure(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	got := nstest.Run(t, cmd)
	text := regexp.MustCompile(`step \d+,`).ReplaceAllString(got.Stderr, "step #,")
	if want = "nslaunch: error: " + want + "\n"; got.Status != wantSetup || got.Stdout != "" || text != want {
		t.Errorf("got status %d, stdout %q and stderr\n%swant status %d and stderr\n%s", got.Status, got.Stdout, text, wantSetup, want)
	}
}

// tree makes files below a new directory of u's, by path: a text, "/" for a
// directory, or "-> TARGET" for a link. It returns the directory.
func tree(t *testing.T, u nstest.User, files map[string]string) string {
	t.Helper()
	dir := u.TempDir(t)
	for name, what := range files {
		path := filepath.Join(dir, name)
		makeDirs(t, filepath.Dir(path))
		target, link := strings.CutPrefix(what, "-> ")
		var err error
		switch {
		case link:
			err = os.Symlink(target, path)
		case what == "/":
			makeDirs(t, path)
		default:
			err = os.WriteFile(path, []byte(what), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	u.Own(t, dir)
	return dir
}

// mountOn is the mount on a target, as the probe saw it.
func mountOn(t *testing.T, mounts []mountprop.Mount, target string) mountprop.Mount {
	t.Helper()
	m, ok := mountprop.At(mounts, target)
	if !ok {
		t.Errorf("nothing is mounted on %s: %+v", target, mounts)
	}
	return m
}

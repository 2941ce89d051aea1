package diagnose

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// A limit of file sizes that the set-up does not fit in.
func TestDiagnoseFileSize(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		trouble{
			profile: everything,
			around:  within(nothingAmiss, "prlimit", "--fsize=100"),
			want: `p.toml:2:1: namespaces: step #, ` + newEverything + `: EFBIG
  nslaunch may write at most 100 bytes to a file (RLIMIT_FSIZE), and the set-up needs more
  try: raise it for nslaunch (ulimit -f, LimitFSIZE= of a unit), and limit the command alone: limits.rlimits.fsize = 100`,
		}.check(t, u)
		// The cure.
		cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "limits.rlimits.fsize=100", "--", "sh", "-c", "ulimit -f; ulimit -Hf")
		if got := nstest.Run(t, cmd); got.Status != 0 || got.Stdout != "0\n0\n" {
			t.Errorf("with the limit in the profile: %+v", got)
		}
	})
}

// A program that its user may execute and not read.
func TestDiagnoseUnreadable(t *testing.T) {
	nstest.Require(t, nstest.Root())
	u := nstest.Ordinary(t)
	dir := u.TempDir(t)
	file := filepath.Join(dir, "nslaunch")
	nstest.MustRun(t, exec.Command("cp", nstest.Nslaunch(t), file))
	u.WriteFile(t, filepath.Join(dir, "p.toml"), everything)
	for mode, want := range map[os.FileMode]string{
		0o755: "",
		0o711: fmt.Sprintf("  uid %d may execute %s but not read it, so the kernel does not let nslaunch open its own files in /proc\n  try: chmod a+r %s, as its owner\n", u.UID, file, file),
	} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		cmd := u.Command(t, file, "p.toml")
		cmd.Dir = dir
		got := nstest.Run(t, cmd)
		_, cause, _ := strings.Cut(got.Stderr, ": EACCES\n")
		if (got.Status == 0) != (want == "") || cause != want {
			t.Errorf("%o: %+v", mode, got)
		}
	}
}

// A FUSE file system is its owner's alone, root's neither, unless it is mounted with allow_other.
func TestDiagnoseFuse(t *testing.T) {
	owner := nstest.Ordinary(t)
	const cure = "mount it with -o allow_other (an ordinary user needs user_allow_other in /etc/fuse.conf for that)"
	run := func(u nstest.User, options, rest string) (string, nstest.Result) {
		dir := nstest.TempDir(t)
		at := filepath.Join(dir, "fuse")
		for _, d := range []string{dir, at} {
			if err := os.MkdirAll(d, 0o755); err != nil || os.Chmod(d, 0o755) != nil {
				t.Fatal(err)
			}
		}
		nstest.MountFUSE(t, owner, at, options)
		nstest.Superuser(t).WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\nnamespaces = \"new\"\ncommand = [\"true\"]\n"+rest)
		cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
		cmd.Dir = dir
		before := nstest.Snapshot(t)
		got := nstest.Run(t, cmd)
		nstest.AssertNothingLeft(t, before)
		return at, got
	}
	for _, test := range []struct {
		name, options, rest string
		u                   nstest.User
		want                string // AT is the mount point, UID its owner
	}{
		{"root", "", "mounts.rw = [\"./fuse\"]\n", nstest.Superuser(t),
			"p.toml:4:14: mounts.rw[0]: permission denied: \"AT\" (the FUSE file system on AT is closed to all but uid UID: " + cure + ")"},
		{"root, below", "", "root = \"./fuse/x\"\n", nstest.Superuser(t),
			"p.toml:4:1: root.path: permission denied: \"AT/x\" (the FUSE file system on AT is closed to all but uid UID: " + cure + ")"},
		{"root, working directory", "", "process.cwd = \"${profile_dir}/fuse\"\n", nstest.Superuser(t),
			"  the FUSE file system on AT lets in only uid UID, and not even root\n  try: " + cure},
		{"owner with other ids", "", "idmap = \"keep+subid\"\nmounts.rw = [\"./fuse\"]\n", owner,
			"the FUSE file system on AT lets in only uid UID, and not even root\n  try: idmap = \"keep\", which keeps the caller's ids, or " + cure},
		{"owner with own ids", "", "idmap = \"keep\"\nmounts.rw = [\"./fuse\"]\n", owner, ""},
		{"root, allow_other", "allow_other", "mounts.rw = [\"./fuse\"]\n", nstest.Superuser(t), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			at, got := run(test.u, test.options, test.rest)
			want := strings.NewReplacer("AT", at, "UID", fmt.Sprint(owner.UID)).Replace(test.want)
			if (got.Status == 0) != (want == "") || !strings.Contains(got.Stderr, want) {
				t.Errorf("got %+v; want\n%s", got, want)
			}
		})
	}
}

// Subordinate ids go with setgroups, which takes the caller's groups away.
func TestDiagnoseGroups(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("setpriv", "newuidmap"))
	u := nstest.Ordinary(t)
	dir := nstest.TempDir(t)
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o750); err != nil || os.Chmod(dir, 0o755) != nil || os.Chown(closed, 0, 44) != nil {
		t.Fatal(err)
	}
	nstest.Superuser(t).WriteFile(t, filepath.Join(closed, "run"), "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(closed, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(dir, "p.toml")
	for _, test := range []struct {
		idmap, groups, rest string
		want                string
	}{
		{"keep+subid", "44", "command = [\"true\"]\nprocess.cwd = \"" + closed + "\"\n",
			"; the caller may, by its group 44, and the sandbox does not have the caller's groups\n  try: idmap = \"keep\", which keeps them, or start in another directory, or run it"},
		{"keep+subid", "44", "command = [\"" + closed + "/run\"]\n",
			"; the caller may, by its group 44, and the sandbox does not have the caller's groups\n  try: idmap = \"keep\", which keeps them, or use another command"},
		{"keep", "44", "command = [\"true\"]\nprocess.cwd = \"" + closed + "\"\n", ""},
		{"keep", "44", "command = [\"" + closed + "/run\"]\n", ""},
		{"keep+subid", "45", "command = [\"true\"]\nprocess.cwd = \"" + closed + "\"\n", "\n  try: start in another directory (process.cwd = \"/\"), or run it"},
	} {
		nstest.Superuser(t).WriteFile(t, p, "version = 1\nnamespaces = \"new\"\nidmap = \""+test.idmap+"\"\n"+test.rest)
		cmd := nstest.Superuser(t).Command(t, "setpriv", fmt.Sprintf("--reuid=%d", u.UID), fmt.Sprintf("--regid=%d", u.GID), "--groups="+test.groups, "--inh-caps=-all",
			nstest.Nslaunch(t), p)
		got := nstest.Run(t, cmd)
		if (got.Status == 0) != (test.want == "") || !strings.Contains(got.Stderr, test.want) {
			t.Errorf("%s, groups %s, %s: %+v", test.idmap, test.groups, test.rest, got)
		}
		if test.groups == "45" && strings.Contains(got.Stderr, "by its group") {
			t.Errorf("a group that the caller does not have is named: %+v", got)
		}
	}
}

// A device that is bound nodev cannot be opened: check says so, and what it says to write helps.
func TestDeviceNote(t *testing.T) {
	u := nstest.Superuser(t)
	dir := nstest.TempDir(t)
	device := filepath.Join(dir, "null")
	nstest.MustRun(t, exec.Command("mknod", "-m", "666", device, "c", "1", "3"))
	p := filepath.Join(dir, "p.toml")
	head := "version = 1\nnamespaces = { mount = \"new\" }\ncommand = [\"sh\", \"-c\", \"echo >" + device + "\"]\n"
	cure := fmt.Sprintf("mounts.%q = { rw = %q, options = [\"dev\"] }", device, device)
	for _, test := range []struct{ mounts, note string }{
		{"mounts.rw = [\"" + device + "\"]\n", fmt.Sprintf("mounts.rw[0]: %s is a device and is bound nodev, so it cannot be opened (write %s)", device, cure)},
		{cure + "\n", ""},
	} {
		u.WriteFile(t, p, head+test.mounts)
		check := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "check", "--host", p))
		if check.Status != 0 || !strings.Contains(check.Stderr, test.note) || test.note == "" && strings.Contains(check.Stderr, "nodev") {
			t.Errorf("%s: %+v", test.mounts, check)
		}
		if run := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), p)); (run.Status == 0) != (test.note == "") {
			t.Errorf("%s: %+v", test.mounts, run)
		}
	}
}

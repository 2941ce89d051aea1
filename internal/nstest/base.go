package nstest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// baseDir is a directory that lives as long as this test process, and every
// user can reach it. It goes away however the process ends, a kill included:
// a helper waits for the end of its input, which only our death can bring.
type baseDir struct {
	path     string
	lifeline *os.File  // held open; we write nothing to it
	sweeper  *exec.Cmd // removes path when lifeline closes
}

// base makes the directory at first use. A sync.OnceValues also keeps lifeline
// from the garbage collector, which would close it.
var base = sync.OnceValues(makeBase)

func makeBase() (*baseDir, error) {
	dir, err := os.MkdirTemp(reachableTemp(), "nslaunch-test-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	input, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	// What a test left mounted there is not ours to empty.
	sweeper := exec.Command("/bin/sh", "-c",
		`read -r line; cd /; grep -qF " $1/" /proc/self/mountinfo || exec rm -rf -- "$1"`, "sweeper", dir)
	sweeper.Stdin = input
	sweeper.Env = []string{"PATH=/usr/bin:/bin"}
	// Its own session: what interrupts the tests must not end it.
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := sweeper.Start(); err != nil {
		return nil, err
	}
	return &baseDir{dir, lifeline, sweeper}, nil
}

// reachableTemp is the temporary directory if every user can get there, by the
// name that mountinfo would have for it.
func reachableTemp() string {
	dir, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return "/var/tmp"
	}
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/var/tmp"
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// TempDir is a new directory of mode 0755 that root owns and every user can
// reach, unlike t.TempDir's. It is removed when the test ends.
func TempDir(t testing.TB) string {
	t.Helper()
	b, err := base()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(b.path, "dir-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// remove removes a directory. If something is mounted below, a test went wrong
// in our own mount namespace, and removing would empty what is mounted: then it
// takes the mounts away first, and fails the test.
func remove(t testing.TB, dir string) {
	t.Helper()
	mounts, err := mountprop.Self()
	for _, m := range slices.Backward(mounts) {
		if strings.HasPrefix(m.Target, dir+"/") || m.Target == dir {
			t.Errorf("a mount is left: %+v", m)
			err = errors.Join(err, unix.Unmount(m.Target, unix.MNT_DETACH))
		}
	}
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		t.Error(err)
	}
}

// TempDir is a TempDir that u owns.
func (u User) TempDir(t testing.TB) string {
	t.Helper()
	dir := TempDir(t)
	if err := os.Chown(dir, u.UID, u.GID); err != nil {
		t.Fatal(err)
	}
	return dir
}

// WriteFile writes a file of mode 0644, u's own, and returns its path.
func (u User) WriteFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, u.UID, u.GID); err != nil {
		t.Fatal(err)
	}
	return path
}

// Own makes what is below dir, and itself, u's own.
func (u User) Own(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, u.UID, u.GID)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// CopyTree copies what is below dir into a new directory, u's own in whole: a
// repository may lie where ordinary users can't read. It returns the copy.
func (u User) CopyTree(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(u.TempDir(t), filepath.Base(dir))
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	u.Own(t, to)
	return to
}

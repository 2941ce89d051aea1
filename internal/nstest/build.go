package nstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const module = "github.com/nslaunch/nslaunch"

// Nslaunch builds nslaunch, and nslaunch-scope beside it, once in a test
// process, and returns the path of the binary. Every user can execute it.
func Nslaunch(t testing.TB) string {
	t.Helper()
	return built(t, nslaunchBinary)
}

// Probe builds the probe likewise: a static binary, see the package probe. Its
// output is for ParseReport.
func Probe(t testing.TB) string {
	t.Helper()
	return built(t, probeBinary)
}

var (
	nslaunchBinary = sync.OnceValues(func() (string, error) { return build("cmd/nslaunch", "cmd/nslaunch-scope") })
	probeBinary    = sync.OnceValues(func() (string, error) { return build("internal/nstest/probe") })
)

func built(t testing.TB, binary func() (string, error)) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds main packages of ours as they are released, static, and returns the path of
// the first. Many test processes want the same ones, and linking takes seconds. So they are
// kept, one process at a time gets its copies, and go build itself finds by the build ID
// whether what is kept is of these sources, or links it anew.
func build(packages ...string) (string, error) {
	b, err := base()
	if err != nil {
		return "", err
	}
	kept := keptDir(b)
	lock, err := os.OpenFile(filepath.Join(kept, "lock"), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close() // which unlocks
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	// A build that is interrupted leaves half a file with the right ID, or goes on when its test has ended. So each has a
	// directory of its own, and none is where a whole file is taken from.
	old, err := filepath.Glob(filepath.Join(kept, "making-*"))
	for _, dir := range old {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return "", err
	}
	making, err := os.MkdirTemp(kept, "making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	var words []string
	for _, p := range packages {
		_ = os.Rename(filepath.Join(kept, filepath.Base(p)), filepath.Join(making, filepath.Base(p))) // if there is one
		words = append(words, module+"/"+p)
	}
	// The version control stamp would ask git, which refuses clones that
	// belong to another user.
	cmd := exec.Command("go", append([]string{"build", "-buildvcs=false", "-o", making + "/"}, words...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", packages, err, output)
	}
	bin := filepath.Join(b.path, "bin")
	for _, p := range packages {
		name := filepath.Base(p)
		err := copyProgram(filepath.Join(making, name), filepath.Join(bin, name))
		if err := errors.Join(err, os.Rename(filepath.Join(making, name), filepath.Join(kept, name))); err != nil {
			return "", err
		}
	}
	return filepath.Join(bin, filepath.Base(packages[0])), nil
}

// keptDir is where binaries are kept for other test processes: a directory that nobody else can write to. Without
// such a place they are this process's own.
func keptDir(b *baseDir) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return b.path
	}
	dir := filepath.Join(cache, "nslaunch-test")
	var st unix.Stat_t
	if os.MkdirAll(dir, 0o700) != nil || unix.Lstat(dir, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR ||
		int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 || unix.Access(dir, unix.W_OK) != nil {
		return b.path
	}
	return dir
}

// copyProgram copies a program to where every user can execute it. Another process writes the copy: what this one has open for
// writing, a process that is forked meanwhile has, too, and then it cannot be executed.
func copyProgram(from, to string) error {
	dir := filepath.Dir(to)
	// The umask is the caller's affair, the mode is not.
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
		return err
	}
	if output, err := exec.Command("install", "-m", "0755", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("install: %w: %s", err, output)
	}
	return nil
}

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
	lock, err := os.OpenFile(filepath.Join(kept, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close() // which unlocks
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	// A build that is interrupted leaves half a file with the right ID. It is not where a whole one is taken from.
	making := filepath.Join(kept, "making")
	if err := errors.Join(os.RemoveAll(making), os.Mkdir(making, 0o700)); err != nil {
		return "", err
	}
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

// keptDir is where binaries are kept for other test processes; without a place for that, they are this process's own.
func keptDir(b *baseDir) string {
	if cache, err := os.UserCacheDir(); err == nil {
		if dir := filepath.Join(cache, "nslaunch-test"); os.MkdirAll(dir, 0o700) == nil {
			return dir
		}
	}
	return b.path
}

// copyProgram copies a program to where every user can execute it.
func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	dir := filepath.Dir(to)
	// The umask is the caller's affair, the mode is not.
	return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(to, text, 0o755), os.Chmod(dir, 0o755), os.Chmod(to, 0o755))
}

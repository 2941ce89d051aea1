package nstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
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
	nslaunchBinary = sync.OnceValues(func() (string, error) {
		if _, err := build("cmd/nslaunch-scope", "nslaunch-scope"); err != nil {
			return "", err
		}
		return build("cmd/nslaunch", "nslaunch")
	})
	probeBinary = sync.OnceValues(func() (string, error) { return build("internal/nstest/probe", "probe") })
)

func built(t testing.TB, binary func() (string, error)) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds a main package of ours as it is released: static.
func build(dir, name string) (string, error) {
	b, err := base()
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.path, "bin", name)
	// The version control stamp would ask git, which refuses clones that
	// belong to another user.
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, module+"/"+dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", dir, err, output)
	}
	// The umask is the caller's affair, the mode is not.
	for _, p := range []string{filepath.Dir(path), path} {
		if err := os.Chmod(p, 0o755); err != nil {
			return "", err
		}
	}
	return path, nil
}

package systest

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// ReadFile returns what a file holds.
func ReadFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Tree makes files below a new directory of u's, by path: a text, "/" for a
// directory, or "-> TARGET" for a link. It returns the directory.
func Tree(t *testing.T, u nstest.User, files map[string]string) string {
	t.Helper()
	dir := u.TempDir(t)
	for name, what := range files {
		path := filepath.Join(dir, name)
		MakeDirs(t, filepath.Dir(path))
		target, link := strings.CutPrefix(what, "-> ")
		var err error
		switch {
		case link:
			err = os.Symlink(target, path)
		case what == "/":
			MakeDirs(t, path)
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

// Sum is a hash of what a file holds.
func Sum(t *testing.T, path string) [32]byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(text)
}

// MakeDirs makes directories of mode 0755, with those above them.
func MakeDirs(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// PutProbe puts the probe, a static binary, at dir/probe.
func PutProbe(t *testing.T, dir string) {
	t.Helper()
	image, err := os.ReadFile(nstest.Probe(t))
	if err != nil {
		t.Fatal(err)
	}
	MakeDirs(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "probe"), image, 0o755); err != nil {
		t.Fatal(err)
	}
}

// RootDir is a directory of u's that can be a sandbox's root: it has the probe, and
// these directories.
func RootDir(t *testing.T, u nstest.User, dirs ...string) string {
	t.Helper()
	root := filepath.Join(u.TempDir(t), "root")
	PutProbe(t, root)
	for _, dir := range dirs {
		MakeDirs(t, filepath.Join(root, dir))
	}
	u.Own(t, root)
	return root
}

// Symlink makes a symbolic link, and what is above it.
func Symlink(t *testing.T, to, at string) {
	t.Helper()
	MakeDirs(t, filepath.Dir(at))
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

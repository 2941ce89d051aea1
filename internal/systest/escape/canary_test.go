package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// listing is all that is below a directory, with what a change of it would show.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		lines = append(lines, fmt.Sprintln(path, info.Mode(), info.Size(), info.ModTime()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// canary is a directory outside of all sandboxes, at a path that is inside too:
// what is done to the outer one shows.
type canary struct {
	dir    string
	before []string
}

// newCanary makes a canary of these names; those that end in a slash are directories.
func newCanary(t *testing.T, u nstest.User, root string, names ...string) *canary {
	t.Helper()
	c := &canary{dir: filepath.Join(u.TempDir(t), "canary")}
	for _, dir := range []string{c.dir, root + c.dir} {
		systest.MakeDirs(t, dir)
		for _, name := range names {
			if path := filepath.Join(dir, name); strings.HasSuffix(name, "/") {
				systest.MakeDirs(t, path)
			} else {
				u.WriteFile(t, path, "canary\n")
			}
		}
	}
	u.Own(t, root)
	u.Own(t, c.dir)
	c.before = listing(t, c.dir)
	return c
}

// unchanged asserts that the canary is what it was.
func (c *canary) unchanged(t *testing.T) {
	t.Helper()
	if after := listing(t, c.dir); !slices.Equal(c.before, after) {
		t.Errorf("outside there is now\n%s\nthere was\n%s", after, c.before)
	}
}

// treeProfile is a profile of a sandbox with mounts of its own: for root without a user
// namespace, which would take privileges away, for others with one.
func treeProfile(u nstest.User, rest string) string {
	kinds := `{ mount = "new", pid = "new" }`
	if !u.IsRoot() {
		kinds = `{ user = "new", mount = "new", pid = "new" }`
	}
	return "version = 1\nnamespaces = " + kinds + "\n" + rest
}

func isMounted(mounts []mountprop.Mount, target string) bool {
	_, ok := mountprop.At(mounts, target)
	return ok
}

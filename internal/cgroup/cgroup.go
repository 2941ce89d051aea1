// Package cgroup finds and removes cgroups, for tests and the bench (cgroups(7)).
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nslaunch/nslaunch/mountprop"
)

// ErrNoCgroup2 says that the machine has no cgroup2 mounted.
var ErrNoCgroup2 = errors.New("cgroup2 is not mounted")

// Root returns the first place where this machine has its cgroup2.
func Root() (string, error) {
	mounts, err := mountprop.Self()
	if err != nil {
		return "", err
	}
	for _, m := range mounts {
		if m.FSType == "cgroup2" {
			return m.Target, nil
		}
	}
	return "", ErrNoCgroup2
}

// Remove ends what is left in a cgroup, and removes it with all below it. The kernel may
// still be busy with what ran there: it is given five seconds.
func Remove(path string) error {
	_ = os.WriteFile(filepath.Join(path, "cgroup.kill"), []byte("1"), 0) // since Linux 5.14
	for range 500 {
		var dirs []string
		_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, dir := range slices.Backward(dirs) {
			_ = os.Remove(dir)
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s: still in use", path)
}

package main

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

// makeCgroup makes a cgroup for all that is launched, and opens it. Some programs make
// others below. It has no nslaunch in its name, for which tests look. There is none where
// the machine has no cgroup2.
func makeCgroup() (*os.File, error) {
	mounts, err := mountprop.Self()
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		if m.FSType != "cgroup2" {
			continue
		}
		path := filepath.Join(m.Target, fmt.Sprintf("nsbench-%d", os.Getpid()))
		if err := os.Mkdir(path, 0o755); err != nil {
			return nil, err
		}
		return os.Open(path)
	}
	return nil, nil
}

// removeCgroup ends what is left in one, and removes it with all below it. The kernel may
// still be busy with what ran there.
func removeCgroup(cgroup *os.File) error {
	if cgroup == nil {
		return nil
	}
	path := cgroup.Name()
	err := cgroup.Close()
	_ = os.WriteFile(filepath.Join(path, "cgroup.kill"), []byte("1"), 0o644) // since Linux 5.14
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
		if _, gone := os.Stat(path); errors.Is(gone, fs.ErrNotExist) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.Join(err, fmt.Errorf("%s: still in use", path))
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nslaunch/nslaunch/internal/cgroup"
)

// makeCgroup makes a cgroup for all that is launched, and opens it. Some programs make
// others below. It has no nslaunch in its name, for which tests look. There is none where
// the machine has no cgroup2.
func makeCgroup() (*os.File, error) {
	root, err := cgroup.Root()
	if errors.Is(err, cgroup.ErrNoCgroup2) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, fmt.Sprintf("nsbench-%d", os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// removeCgroup closes one, and removes it with all that is left in it.
func removeCgroup(dir *os.File) error {
	if dir == nil {
		return nil
	}
	return errors.Join(dir.Close(), cgroup.Remove(dir.Name()))
}

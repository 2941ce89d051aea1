package cgroup_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/nslaunch/nslaunch/internal/cgroup"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Remove takes a cgroup away with those below it and what runs there.
func TestRemove(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Cgroup2())
	root, err := cgroup.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "test-remove-"+strconv.Itoa(os.Getpid()))
	below := filepath.Join(path, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(below, "cgroup.procs"), []byte(strconv.Itoa(cmd.Process.Pid)), 0); err != nil {
		t.Error(err)
	}
	if err := cgroup.Remove(path); err != nil {
		t.Error(err)
		_ = cmd.Process.Kill()
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Errorf("what ran there ended: %v", err)
	}
}

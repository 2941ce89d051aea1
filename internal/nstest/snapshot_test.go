package nstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// leak is a way to leave something behind, and what the snapshot says of it.
type leak struct {
	name string
	make func(t *testing.T, dir string) (undo func())
	want string
}

func leaks() []leak {
	return []leak{
		{"child", func(t *testing.T, _ string) func() {
			cmd := exec.Command("sleep", "600")
			start(t, cmd)
			return func() { stop(cmd) }
		}, "(sleep 600), child of "},
		// The parent is gone, the session another, the environment empty.
		{"orphan", func(t *testing.T, dir string) func() {
			cmd := exec.Command("sh", "-c", "env -i setsid sleep 601 </dev/null >/dev/null 2>&1 & echo $! >pid; exit")
			cmd.Dir = dir
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			return func() { exec.Command("sh", "-c", "kill -KILL $(cat "+dir+"/pid)").Run() }
		}, fmt.Sprintf(", child of %d", os.Getpid())},
		{"namespace of a process", func(t *testing.T, _ string) func() {
			cmd := exec.Command("sleep", "602")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
			start(t, cmd)
			return func() { stop(cmd) }
		}, "namespace left: uts:["},
		{"namespace of a file", func(t *testing.T, _ string) func() {
			file := newNamespace(t)
			return func() { file.Close() }
		}, "namespace left: uts:["},
		{"namespace of a mount", func(t *testing.T, dir string) func() {
			target := filepath.Join(dir, "ns")
			file := newNamespace(t)
			if err := os.WriteFile(target, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mount(fdPath(file), target, "", unix.MS_BIND, ""); err != nil {
				t.Fatal(err)
			}
			file.Close()
			return func() {
				if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
					t.Error(err)
				}
				os.Remove(target)
			}
		}, "held by the mount on "},
		{"file", func(t *testing.T, dir string) func() {
			target := filepath.Join(dir, "file")
			if err := os.WriteFile(target, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			return func() { os.Remove(target) }
		}, "file left: "},
		{"descriptor", func(t *testing.T, _ string) func() {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return func() { r.Close(); w.Close() }
		}, "descriptor left: pipe:["},
	}
}

// Each leak is seen while it lasts, and only then. The mount is made in the
// test's own mount namespace, never in the machine's: the whole test runs in
// a process of its own.
func TestSnapshotSeesLeaks(t *testing.T) {
	if !Inside(t) {
		cmd := Again(t, Superuser(t))
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
		RunAgain(t, cmd)
		return
	}
	if err := mountprop.Set("/", mountprop.Private, true); err != nil {
		t.Fatal(err)
	}
	for _, l := range leaks() {
		t.Run(l.name, func(t *testing.T) {
			dir, scratch := TempDir(t), TempDir(t)
			before := Snapshot(t, dir)
			at := dir
			if l.name == "orphan" {
				at = scratch
			}
			undo := l.make(t, at)
			after := take(t, []string{dir})
			undo()
			if got := strings.Join(before.compare(after), "\n"); !strings.Contains(got, l.want) {
				t.Errorf("got %q; want %q in it", got, l.want)
			}
			AssertNothingLeft(t, before)
		})
	}
}

func TestAssertReportsAndKills(t *testing.T) {
	dir := TempDir(t)
	file := Superuser(t).WriteFile(t, filepath.Join(dir, "file"), "text")
	before := Snapshot(t, dir)
	cmd := exec.Command("sleep", "603")
	start(t, cmd)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	fake := &fakeT{TB: t}
	assertNothingLeft(fake, before, 0)
	got := strings.Join(fake.errors, "\n")
	for _, want := range []string{
		fmt.Sprintf("process left: %d (sleep 603), child of %d", cmd.Process.Pid, os.Getpid()),
		"file gone: " + file,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q; want %q in it", got, want)
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("ended with %v; want it killed", err)
	}
}

// Dead orphans are reaped, dead children that someone will wait for are not.
func TestReap(t *testing.T) {
	Snapshot(t)
	child := exec.Command("true")
	start(t, child)
	output, err := exec.Command("sh", "-c", "sleep 0 >/dev/null & echo $!; exit").Output()
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := strconv.Atoi(strings.TrimSpace(string(output)))
	if err != nil {
		t.Fatal(err)
	}
	var left []int
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		all, err := process.All()
		if err != nil {
			t.Fatal(err)
		}
		all = children(all)
		reap(all, 0)
		left = left[:0]
		for _, p := range all {
			if p.PID == orphan || p.PID == child.Process.Pid && p.Ended() {
				left = append(left, p.PID)
			}
		}
		if slices.Equal(left, []int{child.Process.Pid}) {
			break
		}
	}
	if want := []int{child.Process.Pid}; !slices.Equal(left, want) {
		t.Errorf("left are %v; want %v", left, want)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWatchRefusesParallelTests(t *testing.T) {
	t.Run("one", func(t *testing.T) {
		Snapshot(t)
		t.Run("below", func(t *testing.T) { Snapshot(t) })
		fake := &fakeT{TB: t}
		func() {
			defer func() { _ = recover() }()
			watch(named{fake, "TestOther"})
		}()
		if !strings.Contains(fake.failed, "run in parallel") {
			t.Errorf("got %q", fake.failed)
		}
	})
	t.Run("two", func(t *testing.T) { Snapshot(t) })
}

// named is a test of another name.
type named struct {
	*fakeT
	name string
}

func (n named) Name() string { return n.name }

// newNamespace makes a uts namespace that only the file holds: the thread that
// makes it goes back.
func newNamespace(t *testing.T) *os.File {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old, err := os.Open("/proc/thread-self/ns/uts")
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := unix.Unshare(unix.CLONE_NEWUTS); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("/proc/thread-self/ns/uts")
	if err := errors.Join(err, unix.Setns(int(old.Fd()), unix.CLONE_NEWUTS)); err != nil {
		t.Fatal(err)
	}
	return file
}

func fdPath(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", file.Fd()) }

// start starts a command and waits until its words can be read: the kernel shows none for an
// instant after the execve.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
		stat, statErr := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		ended := statErr == nil && strings.Contains(string(stat), ") Z ")
		return err == nil && len(text) > 0 || ended
	}, func() string { return fmt.Sprintf("%q shows no command line", cmd.Args) })
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

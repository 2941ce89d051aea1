package nstest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Outer is a mount namespace between the machine's and a sandbox's. Commands
// run in it find the machine's files, but may mount, and its / has whatever
// propagation a test needs, which the machine's own has not.
//
// All in it runs on one processor. Only younger mount namespaces than one's own
// can be mounted on files, and Linux 6.18 tells their age by numbers of which each
// processor has a stock of its own.
type Outer struct{ pid int }

// OuterShared makes a mount namespace in which / and all below is shared with
// no one but what is made from it: what most machines with systemd look like.
func OuterShared(t testing.TB) *Outer {
	t.Helper()
	return NewOuter(t, mountprop.Shared)
}

// NewOuter makes a mount namespace in which / and all below is made private
// and then of the kind p. It lasts until the test ends, or the process inside
// does. Take a Snapshot after, not before.
func NewOuter(t testing.TB, p mountprop.Propagation) *Outer {
	t.Helper()
	Require(t, Root())
	cmd := exec.Command(Probe(t), "-hold", string(p))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNS}
	// The end of its input is the end of the holder, if this process dies.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := startOnOneCPU(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("outer namespace: %v", err)
		}
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil && err != io.EOF || line != "ready\n" {
		t.Fatalf("outer namespace: not ready: %q, %v", line, err)
	}
	return &Outer{cmd.Process.Pid}
}

// OuterSubIDs makes a mount namespace in which /etc/subuid and /etc/subgid have these lines: whose ids
// the machine's have, a test cannot know.
func OuterSubIDs(t testing.TB, lines string) *Outer {
	t.Helper()
	root := Superuser(t)
	file := root.WriteFile(t, filepath.Join(TempDir(t), "sub"), lines)
	o := NewOuter(t, mountprop.Private)
	MustRun(t, o.Command(t, root, "sh", "-euc", `chmod 644 "$0"; mount --bind "$0" /etc/subuid; mount --bind "$0" /etc/subgid`, file))
	return o
}

// startOnOneCPU starts a command on one of the processors that we may run on.
func startOnOneCPU(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ours, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &ours); err != nil {
		return err
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if ours.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &ours))
}

// PID is that of a process in o, for /proc/PID/ns/mnt and /proc/PID/root.
func (o *Outer) PID() int { return o.pid }

// Command is u.Command inside o: what it starts is a process of u in o's mount
// namespace. Its Path and Args are a wrapper's, which enters, becomes u and
// executes name, so pid and status are the command's own.
func (o *Outer) Command(t testing.TB, u User, name string, args ...string) *exec.Cmd {
	t.Helper()
	inside := append([]string{"-enter", strconv.Itoa(o.pid), strconv.Itoa(u.UID), strconv.Itoa(u.GID), name}, args...)
	cmd := u.Command(t, Probe(t), inside...)
	// Entering takes privileges, so the wrapper drops them, not we.
	cmd.SysProcAttr.Credential = nil
	return cmd
}

// Mounts are the mounts of o, now.
func (o *Outer) Mounts(t testing.TB) []mountprop.Mount {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/mountinfo", o.pid))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mounts, err := mountprop.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return mounts
}

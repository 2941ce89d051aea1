//go:build linux

package nslist

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// A sleep in a new network namespace is found, and gone when it is.
func TestListFindsProcess(t *testing.T) {
	u := nstest.Ordinary(t)
	nstest.CheckNothingLeft(t)
	cmd := u.Command(t, "sleep", "600")
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inode := inodeOf(t, cmd.Process.Pid, "net")
	got, ok := find(t, inode)
	want := Namespace{Type: "net", Inode: inode, Processes: 1, PID: cmd.Process.Pid,
		UID: u.UID, User: u.Name, Command: "sleep 600"}
	if !ok || got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if got, ok := find(t, inode); ok && got.PID == want.PID {
		t.Errorf("after its end: %+v", got)
	}
}

// The test itself is in the list, by all kinds.
func TestListFindsUs(t *testing.T) {
	for _, kind := range kinds() {
		if got, ok := find(t, inodeOf(t, os.Getpid(), kind)); !ok || got.Type != kind || got.Processes == 0 {
			t.Errorf("%s: got %+v", kind, got)
		}
	}
}

// A namespace that only a mount holds is found by that.
func TestListFindsMount(t *testing.T) {
	if !nstest.Inside(t) {
		nstest.CheckNothingLeft(t)
		cmd := nstest.Again(t, nstest.Superuser(t))
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
		nstest.RunAgain(t, cmd)
		return
	}
	file := filepath.Join(t.TempDir(), "ns")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(file, nil, 0o644))
	must(mountprop.Set("/", mountprop.Private, true))
	cmd := nstest.Superuser(t).Command(t, "sleep", "600")
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUTS
	must(cmd.Start())
	inode := inodeOf(t, cmd.Process.Pid, "uts")
	must(unix.Mount(fmt.Sprintf("/proc/%d/ns/uts", cmd.Process.Pid), file, "", unix.MS_BIND, ""))
	defer func() { must(unix.Unmount(file, unix.MNT_DETACH)) }()

	got, _ := find(t, inode)
	want := Namespace{Type: "uts", Inode: inode, Processes: 1, PID: cmd.Process.Pid,
		User: "root", Command: "sleep 600", Path: file}
	if got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	got, _ = find(t, inode)
	if want := (Namespace{Type: "uts", Inode: inode, UID: -1, Path: file}); got != want {
		t.Errorf("without a process: got %+v; want %+v", got, want)
	}
}

// An ordinary user sees the own processes, and how many there are besides.
func TestListAsUser(t *testing.T) {
	u := nstest.Ordinary(t)
	if !nstest.Inside(t) {
		nstest.RunAgain(t, nstest.Again(t, u))
		return
	}
	listing, err := List()
	if err != nil || listing.Hidden == 0 {
		t.Errorf("got %+v, %v; want some hidden", listing, err)
	}
	if got, ok := find(t, inodeOf(t, os.Getpid(), "net")); !ok || got.User != u.Name {
		t.Errorf("got %+v; want one of our own", got)
	}
}

func find(t *testing.T, inode uint64) (Namespace, bool) {
	t.Helper()
	listing, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range listing.Namespaces {
		if n.Inode == inode {
			return n, true
		}
	}
	return Namespace{}, false
}

func inodeOf(t *testing.T, pid int, kind string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(filepath.Join("/proc", strconv.Itoa(pid), "ns", kind), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

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
	want := Process{PID: cmd.Process.Pid, PPID: os.Getpid(), UID: u.UID, User: u.Name, Command: "sleep 600"}
	if !ok || got.Type != "net" || len(got.Processes) != 1 || *got.First() != want {
		t.Errorf("got %+v, %+v; want %+v", got, got.First(), want)
	}
	if owner := inodeOf(t, cmd.Process.Pid, "user"); got.Owner != owner {
		t.Errorf("owner %d; want %d", got.Owner, owner)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if got, ok := find(t, inode); ok && len(got.Processes) > 0 && got.First().PID == want.PID {
		t.Errorf("after its end: %+v", got)
	}
}

// The test itself is in the list, by all kinds.
func TestListFindsUs(t *testing.T) {
	for _, kind := range Kinds() {
		if got, ok := find(t, inodeOf(t, os.Getpid(), kind)); !ok || got.Type != kind || len(got.Processes) == 0 {
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
	if got.File != file || len(got.Processes) != 1 || got.First().Command != "sleep 600" || got.First().User != "root" {
		t.Errorf("got %+v, %+v", got, got.First())
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	got, _ = find(t, inode)
	if got.File != file || got.Path() != file || got.First() != nil || got.Owner != inodeOf(t, os.Getpid(), "user") {
		t.Errorf("without a process: got %+v", got)
	}
}

// Parents and owners are those that the kernel has: a pid namespace in one, and user namespaces in each other, of which the outer
// one has no process.
func TestListRelated(t *testing.T) {
	nstest.CheckNothingLeft(t)
	u := nstest.Superuser(t)
	cmd := u.Command(t, "unshare", "--user", "--map-root-user", "unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "sleep", "600")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	var pid, user *Namespace
	for range 2000 {
		listing, err := List()
		must(err)
		byInode := map[uint64]*Namespace{}
		for _, n := range listing.Namespaces {
			byInode[n.Inode] = n
		}
		for _, n := range listing.Namespaces {
			if p := n.First(); n.Type == "pid" && p != nil && p.Command == "sleep 600" && p.PPID == cmd.Process.Pid {
				pid, user = n, byInode[n.Owner]
			}
		}
		if pid == nil {
			continue
		}
		outer := byInode[user.Parent]
		if pid.Parent != inodeOf(t, os.Getpid(), "pid") {
			t.Errorf("the pid namespace's parent is %d", pid.Parent)
		}
		if user.Type != "user" || user.Owner != user.Parent || user.OwnerUID != 0 || len(user.Processes) != 2 {
			t.Errorf("the inner user namespace: %+v", user)
		}
		if outer == nil || len(outer.Processes) != 0 || outer.Parent != inodeOf(t, os.Getpid(), "user") {
			t.Errorf("the outer user namespace: %+v", outer)
		}
		return
	}
	t.Fatal("the sleep is not listed")
}

// The number of a network namespace is that of ip-netns(8).
func TestListNetNSID(t *testing.T) {
	if !nstest.Inside(t) {
		nstest.CheckNothingLeft(t)
		cmd := nstest.Again(t, nstest.Superuser(t))
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
		nstest.RunAgain(t, cmd)
		return
	}
	cmd := nstest.Superuser(t).Command(t, "sleep", "600")
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	inode := inodeOf(t, cmd.Process.Pid, "net")
	if got, _ := find(t, inode); got.NetNSID != "unassigned" {
		t.Errorf("at first %q", got.NetNSID)
	}
	// The other end of a veth pair is in it, so the kernel gives it a number.
	nstest.MustRun(t, nstest.Superuser(t).Command(t, "ip", "link", "add", "here", "type", "veth", "peer", "there", "netns", strconv.Itoa(cmd.Process.Pid)))
	if got, _ := find(t, inode); got.NetNSID != "0" {
		t.Errorf("with a peer in it %q", got.NetNSID)
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
	if got, ok := find(t, inodeOf(t, os.Getpid(), "net")); !ok || got.First().User != u.Name {
		t.Errorf("got %+v; want one of our own", got)
	}
}

func find(t *testing.T, inode uint64) (*Namespace, bool) {
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
	return &Namespace{}, false
}

func inodeOf(t *testing.T, pid int, kind string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(filepath.Join("/proc", strconv.Itoa(pid), "ns", kind), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

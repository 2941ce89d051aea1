//go:build linux

package mountprop_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Setting a kind gives that kind, recursively or not, to mounts that have
// peers: who has none is no one's slave.
func TestSetAndReadBack(t *testing.T) {
	if !nstest.Inside(t) {
		nstest.CheckNothingLeft(t)
		cmd := nstest.Again(t, nstest.Superuser(t))
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
		nstest.RunAgain(t, cmd)
		return
	}
	must(t, mountprop.Set("/", mountprop.Private, true))
	type row struct {
		start, set mountprop.Propagation
		recursive  bool
		top, below mountprop.Propagation
	}
	rows := []row{
		{mountprop.Private, mountprop.Slave, true, mountprop.Private, mountprop.Private},
		{mountprop.Private, mountprop.SlaveShared, true, mountprop.Shared, mountprop.Shared},
		{mountprop.Shared, "", true, mountprop.Shared, mountprop.Shared},
		// Made from what they are already.
		{mountprop.SlaveShared, mountprop.SlaveShared, true, mountprop.SlaveShared, mountprop.SlaveShared},
		{mountprop.SlaveShared, mountprop.Slave, true, mountprop.Slave, mountprop.Slave},
		{mountprop.SlaveShared, mountprop.Shared, true, mountprop.SlaveShared, mountprop.SlaveShared},
	}
	for _, p := range mountprop.All() {
		rows = append(rows,
			row{mountprop.Shared, p, false, p, mountprop.Shared},
			row{mountprop.Shared, p, true, p, p})
	}
	for _, r := range rows {
		top, below := setInside(t, r.start, r.set, r.recursive)
		if top != r.top || below != r.below {
			t.Errorf("%s set to %q, recursive %v: top is %s, below %s; want %s, %s",
				r.start, r.set, r.recursive, top, below, r.top, r.below)
		}
	}
}

// setInside makes a mount with one below it, both of the kind start and with
// peers, calls Set, and returns what they are then.
func setInside(t *testing.T, start, p mountprop.Propagation, recursive bool) (atTop, atBelow mountprop.Propagation) {
	t.Helper()
	dir := t.TempDir()
	peer, top := filepath.Join(dir, "peer"), filepath.Join(dir, "top")
	below := filepath.Join(top, "below")
	for _, at := range []string{peer, top} {
		must(t, os.Mkdir(at, 0o755))
	}
	must(t, unix.Mount("none", top, "tmpfs", 0, ""))
	must(t, os.Mkdir(below, 0o755))
	must(t, unix.Mount("none", below, "tmpfs", 0, ""))
	if start != mountprop.Private {
		must(t, mountprop.Set(top, mountprop.Shared, true))
	}
	must(t, unix.Mount(top, peer, "", unix.MS_BIND|unix.MS_REC, ""))
	must(t, mountprop.Set(top, start, true))

	must(t, mountprop.Set(top, p, recursive))
	mounts, err := mountprop.Self()
	must(t, err)
	topMount, ok := mountprop.At(mounts, top)
	belowMount, ok2 := mountprop.At(mounts, below)
	if !ok || !ok2 {
		t.Fatalf("%s and %s are not in %+v", top, below, mounts)
	}
	for _, at := range []string{peer, top} {
		must(t, unix.Unmount(at, unix.MNT_DETACH))
	}
	return topMount.Propagation(), belowMount.Propagation()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSetErrors(t *testing.T) {
	nstest.Require(t, nstest.Root())
	dir := t.TempDir() // no mount point, so nothing is changed
	for _, test := range []struct {
		path  string
		p     mountprop.Propagation
		errno syscall.Errno
		want  string
	}{
		{dir, mountprop.Slave, unix.EINVAL, "make recursively slave " + dir + ": invalid argument"},
		{dir + "/no", mountprop.Private, unix.ENOENT, "make recursively private " + dir + "/no: no such file or directory"},
		{dir, "other", unix.EINVAL, "make recursively other " + dir + ": invalid argument"},
	} {
		err := mountprop.Set(test.path, test.p, true)
		var pathErr *fs.PathError
		if !errors.Is(err, test.errno) || !errors.As(err, &pathErr) || err.Error() != test.want {
			t.Errorf("got %v; want %s", err, test.want)
		}
	}
	if err := mountprop.Set(dir, "", true); err != nil {
		t.Errorf("none: %v", err)
	}
}

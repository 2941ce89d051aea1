package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openNull opens what a command gets that is to read nothing: the host's null device, in a read-only mount of its own. Through
// a descriptor that is not in one, root could change the mode of the device. Where no mount can be made it is the
// device itself for an ordinary user, who may not do that, and for root a pipe that nobody writes to.
func openNull() (*os.File, error) {
	const path = "/dev/null"
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(1, 3) {
		return nil, fmt.Errorf("%s is not the null device", path)
	}
	mnt, err := readonlyMount(path)
	switch {
	case err == nil:
		defer unix.Close(mnt)
		return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", mnt), os.O_RDWR, 0)
	case os.Geteuid() != 0:
		return os.OpenFile(path, os.O_RDWR, 0)
	}
	r, w, err := os.Pipe()
	if err == nil {
		err = w.Close()
	}
	return r, err
}

// readonlyMount returns a read-only mount of a file, which is attached nowhere; see open_tree(2).
func readonlyMount(path string) (int, error) {
	mnt, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, err
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC}
	if err := unix.MountSetattr(mnt, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		unix.Close(mnt)
		return -1, err
	}
	return mnt, nil
}

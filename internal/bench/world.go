package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// world is what programs are launched from: a mount namespace of the worker's own, so
// that nothing of what is prepared for them, or left by them, is on the machine. It
// has cgroup2 alone, as machines of today do, and an empty /run.
type world struct {
	Rootfs   string            // an empty directory for a bind of /
	Skeleton string            // one for directories without anything in them
	Dirs     []string          // to be made there, absolute
	Links    map[string]string // likewise, with their texts
	More     string            // an empty directory for further mounts
	Mounts   int               // how many there are at least
}

// dirsOfRoot are what a root has whoever makes it.
func dirsOfRoot() []string {
	return []string{"/proc", "/sys", "/dev", "/run", "/root", "/var", "/etc", "/usr", "/tmp"}
}

// make makes it, in a mount namespace that is new but for its mounts.
func (w world) make() error {
	if err := mountprop.Set("/", mountprop.Private, true); err != nil {
		return err
	}
	const cgroups = "/sys/fs/cgroup"
	var fs unix.Statfs_t
	if err := unix.Statfs(cgroups, &fs); err == nil && fs.Type != unix.CGROUP2_SUPER_MAGIC {
		_ = unix.Unmount(cgroups, unix.MNT_DETACH) // it is no mount where there are no cgroups
		if err := doMount("cgroup2", cgroups, "cgroup2", 0); err != nil {
			return err
		}
	}
	if err := doMount("/", w.Rootfs, "", unix.MS_BIND); err != nil {
		return err
	}
	if err := doMount("skeleton", w.Skeleton, "tmpfs", 0); err != nil {
		return err
	}
	if err := w.fillSkeleton(); err != nil {
		return err
	}
	if err := doMount("run", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV); err != nil {
		return err
	}
	return w.mountMore()
}

func (w world) fillSkeleton() error {
	for _, dir := range append(dirsOfRoot(), w.Dirs...) {
		if err := os.MkdirAll(filepath.Join(w.Skeleton, dir), 0o755); err != nil {
			return err
		}
	}
	for path, text := range w.Links {
		if err := os.Symlink(text, filepath.Join(w.Skeleton, path)); err != nil {
			return err
		}
	}
	return nil
}

// mountMore fills up to the number that is wanted.
func (w world) mountMore() error {
	have, err := countMounts()
	if err != nil || have >= w.Mounts {
		return err
	}
	if err := doMount("more", w.More, "tmpfs", 0); err != nil {
		return err
	}
	for i := range w.Mounts - have - 1 {
		dir := filepath.Join(w.More, fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := doMount(dir, dir, "", unix.MS_BIND); err != nil {
			return err
		}
	}
	return nil
}

func doMount(source, target, fstype string, flags uintptr) error {
	if err := unix.Mount(source, target, fstype, flags, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, target, err)
	}
	return nil
}

func countMounts() (int, error) {
	mounts, err := mountprop.Self()
	return len(mounts), err
}

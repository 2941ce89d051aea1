package host

import (
	"fmt"
	"os"
	"runtime"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// RootState is how "/" of the caller lies in its mount namespace.
type RootState struct {
	// Chrooted: the namespace has a root above it, to which anybody with the
	// privilege to do so returns by setns(2).
	Chrooted bool
	// Bottom: the namespace's root lies on no other mount, as with an initramfs.
	// pivot_root(2) does not take such a one away.
	Bottom bool
}

// probeRoot finds out where a root of the sandbox's own will lie. A new user namespace
// is not available in a chroot, so the probe does not ask.
func (h *Host) probeRoot(p *config.Profile, alone bool) error {
	if p.Namespaces.New(config.User) || !h.Has(CapSysAdmin) || !h.Has(capSysChroot) {
		h.Root.Bottom = atBottom("/proc/self/mountinfo")
		return nil
	}
	if alone {
		if done, err := h.goAndReturn(); done || err != nil {
			return err
		}
	}
	found := make(chan RootState)
	go lookFromAbove(found)
	h.Root = <-found
	return nil
}

// goAndReturn looks from above in the calling thread, and comes back. It is not done where the way back might be closed, as by a filter
// that forbids chroot(2).
func (h *Host) goAndReturn() (done bool, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	root, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, nil
	}
	defer unix.Close(root)
	cwd, err := unix.Open(".", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, nil
	}
	defer unix.Close(cwd)
	back := func() error {
		if err := unix.Fchdir(root); err != nil {
			return err
		}
		if err := unix.Chroot("."); err != nil {
			return err
		}
		return unix.Fchdir(cwd)
	}
	own, err := whereIsRoot()
	if err != nil || unix.Unshare(unix.CLONE_FS) != nil || unix.Fchdir(cwd) != nil {
		return false, nil
	}
	if back() != nil || returnToRoot() != nil { // the first changes nothing
		return false, unix.Fchdir(cwd)
	}
	top, err := whereIsRoot()
	h.Root = RootState{Chrooted: err == nil && top != own, Bottom: atBottom("/proc/thread-self/mountinfo")}
	if err := back(); err != nil {
		return true, fmt.Errorf("back from the root of the mount namespace: %w", err)
	}
	return true, nil
}

// lookFromAbove sends the state of the root, seen from that of the mount namespace. The thread that
// goes there is not used again.
func lookFromAbove(found chan<- RootState) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// The first thread does not end, and /proc/self shows its root.
		defer runtime.UnlockOSThread()
		another := make(chan RootState)
		go lookFromAbove(another)
		found <- <-another
		return
	}
	own, err := whereIsRoot()
	if err != nil || returnToRoot() != nil {
		found <- RootState{Bottom: atBottom("/proc/self/mountinfo")}
		return
	}
	top, err := whereIsRoot()
	found <- RootState{
		Chrooted: err == nil && top != own,
		Bottom:   atBottom("/proc/thread-self/mountinfo"),
	}
}

// returnToRoot makes the root of the mount namespace that of the calling thread.
func returnToRoot() error {
	own, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(own)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	return unix.Setns(own, unix.CLONE_NEWNS)
}

// rootPlace is a directory of a mount.
type rootPlace struct{ Mount, Ino uint64 }

func whereIsRoot() (rootPlace, error) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, "/", 0, unix.STATX_INO|unix.STATX_MNT_ID, &st)
	return rootPlace{st.Mnt_id, st.Ino}, err
}

// atBottom reports whether "/" lies on no other mount. The kernel's own root
// is a ramfs or a tmpfs.
func atBottom(mountinfo string) bool {
	var st unix.Statfs_t
	if unix.Statfs("/", &st) != nil || st.Type != unix.TMPFS_MAGIC && st.Type != unix.RAMFS_MAGIC {
		return false
	}
	file, err := os.Open(mountinfo)
	if err != nil {
		return false
	}
	defer file.Close()
	mounts, err := mountprop.Read(file)
	root, ok := mountprop.At(mounts, "/")
	return err == nil && ok && root.Parent == root.ID
}

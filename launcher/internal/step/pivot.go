package step

import (
	"cmp"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// SlaveFromAbove makes all mounts of the mount namespace slaves, where nslaunch
// runs in a chroot: its "/" may be no mount point, and is not all there is. It
// keeps the namespace open, for pivot.
type SlaveFromAbove struct{}

func (SlaveFromAbove) String() string {
	return "leave the chroot, make / slave, recursively, and enter the chroot again"
}

func (SlaveFromAbove) Privileged() {}

func (SlaveFromAbove) Emit(s *Assembler) {
	chroot := s.openat2(atCwd(), "/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
	s.mounts = s.open(atCwd(), "/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC)
	s.returnToRoot()
	SetPropagation{"/", mountprop.Slave, true}.Emit(s)
	s.Call(unix.SYS_FCHDIR, program.Register(chroot))
	s.Call(unix.SYS_CHROOT, s.String("."))
	s.close(chroot)
}

// returnToRoot makes the root of the mount namespace "/" and the working directory again.
func (s *Assembler) returnToRoot() {
	s.Call(unix.SYS_SETNS, program.Register(s.mounts), program.Const(unix.CLONE_NEWNS))
}

// Pivot makes the new tree "/" and takes the old one away.
type Pivot struct {
	Scratch bool   // there is a scratch tmpfs on top of the old root
	Over    string // the directory inside that the old one is put over; "" for the new root itself
	Host    host.RootState
}

func (a Pivot) String() string {
	text := "pivot into the root and detach the old one"
	if a.Host.Bottom {
		text = "chroot into the root, over the initramfs, which cannot be unmounted"
	}
	if a.Host.Chrooted {
		text = "leave the chroot, " + text
	}
	return text
}

func (Pivot) Privileged() {}

func (a Pivot) Emit(s *Assembler) {
	if a.Host.Chrooted {
		s.returnToRoot()
		s.close(s.mounts)
	}
	s.Call(unix.SYS_FCHDIR, program.Register(s.root))
	if a.Host.Bottom {
		a.cover(s)
	} else {
		a.exchange(s)
	}
	s.Call(unix.SYS_CHDIR, s.String("/"))
	s.close(s.root)
	if a.Scratch {
		s.close(s.scratch)
	}
}

// exchange is the rule: the old root is gone.
func (a Pivot) exchange(s *Assembler) {
	here := s.String(".")
	old := s.String(cmp.Or(strings.TrimPrefix(a.Over, "/"), "."))
	s.Call(unix.SYS_PIVOT_ROOT, here, old)
	// It and all in it are slaves, so that no unmount reaches a mount namespace
	// that still has these mounts. A change of "." would be one of the new root.
	// The scratch tmpfs is on top of the old root, and below it where that was a chroot's.
	if a.Scratch && !a.Host.Chrooted {
		s.Call(unix.SYS_UMOUNT2, old, program.Const(unix.MNT_DETACH))
	}
	s.Call(unix.SYS_UMOUNT2, old, program.Const(unix.MNT_DETACH))
}

// cover is what switch_root(8) does: the new root lies on the old one, and "/" is the new one.
func (a Pivot) cover(s *Assembler) {
	if a.Host.Chrooted {
		top := s.openat2(atCwd(), "/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
		s.moveMount(s.root, top)
		s.close(top)
	}
	s.Call(unix.SYS_CHROOT, s.String("."))
}

package step

import (
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// ClearUmask lets what the plan makes have the modes that it says.
type ClearUmask struct{}

func (ClearUmask) String() string { return "clear the umask" }

func (ClearUmask) Emit(s *Assembler) { s.Call(unix.SYS_UMASK, null()) }

// MakeScratch mounts a tmpfs over "/" for what the plan makes itself: layers, files and what
// masks. A process whose root is "/" does not see what is mounted over it.
type MakeScratch struct{}

func (MakeScratch) String() string { return "mount a scratch tmpfs" }

func (MakeScratch) Privileged() {}

func (MakeScratch) Emit(s *Assembler) {
	mnt, _ := s.newMount("tmpfs", []string{"mode=0755"}, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	s.attachAt(mnt, "/")
	s.scratch = mnt
	s.mkdir(mnt, "empty", 0o555)
}

// attachAt moves a detached mount onto an absolute path of the tree that "/" is
// and keeps it open.
func (s *Assembler) attachAt(mnt uint8, path string) {
	dir := s.openat2(atCwd(), path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
	s.moveMount(mnt, dir)
	s.close(dir)
}

func (s *Assembler) mkdir(dir uint8, name string, mode uint64) *program.Op {
	return s.Call(unix.SYS_MKDIRAT, program.Register(dir), s.String(name), program.Const(mode))
}

// CloneRoot makes a directory of the host, with what is mounted below it, the root.
type CloneRoot struct {
	Path        string
	File        tree.File
	Attributes  tree.Attributes
	Propagation mountprop.Propagation // "": as it is
	// Shared: the tree stays in its peer group, which what is built must not
	// reach. The mount points in it become private.
	Shared []string
}

func (a CloneRoot) String() string {
	text := "make a clone of " + quote.Word(a.Path) + " the root" + tree.CommaWords(a.Attributes.Words())
	if a.Shared != nil {
		text += ", in its peer group, with private " + quote.Words(a.Shared, ", ")
	}
	return text
}

func (CloneRoot) Privileged() {}

func (a CloneRoot) Emit(s *Assembler) {
	mnt, early := s.trees["/"]
	if !early {
		mnt = s.cloneTree(a.Path, a.File, true)
	}
	s.setAttributes(mnt, a.Attributes, a.Propagation, true)
	s.attachAt(mnt, "/")
	s.root = mnt
	for _, target := range a.Shared {
		at := s.openat2(program.Register(mnt), target, unix.O_PATH|unix.O_CLOEXEC, resolveInside)
		s.setAttr(at, 0, 0, mountprop.Private, false)
		s.close(at)
	}
}

// TmpfsRoot makes an empty tmpfs the root.
type TmpfsRoot struct {
	Owner       *Owner
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a TmpfsRoot) String() string {
	return "make an empty tmpfs the root" + tree.CommaWords(a.Owner.Words()) + tree.CommaWords(a.Attributes.Words())
}

func (TmpfsRoot) Privileged() {}

func (a TmpfsRoot) Emit(s *Assembler) {
	mnt, _ := s.newMount("tmpfs", append([]string{"mode=0755"}, a.Owner.Options()...), a.Attributes.Set)
	s.setAttr(mnt, 0, 0, a.Propagation, false)
	s.attachAt(mnt, "/")
	s.root = mnt
}

// OverlayRoot makes an overlay of a directory the root.
type OverlayRoot struct {
	Overlay
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a OverlayRoot) String() string {
	return "make an overlay of " + a.Overlay.words() + " the root" + a.ownerWords() + tree.CommaWords(a.Attributes.Words())
}

func (OverlayRoot) Privileged() {}

func (a OverlayRoot) Emit(s *Assembler) {
	mnt := a.Overlay.make(s, a.Attributes.Set)
	s.setAttr(mnt, 0, 0, a.Propagation, false)
	s.attachAt(mnt, "/")
	s.root = mnt
}

// SealRoot makes a root that the plan made itself read-only, now that all is in it.
type SealRoot struct{ Parts []string }

func (a SealRoot) String() string {
	if len(a.Parts) > 0 {
		return "make the root and " + quote.Words(a.Parts, ", ") + " read-only"
	}
	return "make the root read-only"
}

func (SealRoot) Privileged() {}

func (a SealRoot) Emit(s *Assembler) {
	s.setAttr(s.root, unix.MOUNT_ATTR_RDONLY, 0, "", false)
	for _, part := range a.Parts {
		mnt := s.openat2(program.Register(s.root), part, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, resolveInside|unix.RESOLVE_NO_SYMLINKS)
		s.setAttr(mnt, unix.MOUNT_ATTR_RDONLY, 0, "", false)
		s.close(mnt)
	}
}

// SealHost makes the host's tree read-only, as the sandbox sees it.
type SealHost struct{}

func (SealHost) String() string { return "make / read-only, recursively" }

func (SealHost) Privileged() {}

func (SealHost) Emit(s *Assembler) {
	mnt := s.openat2(atCwd(), "/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
	s.setAttr(mnt, unix.MOUNT_ATTR_RDONLY, 0, "", true)
	s.close(mnt)
}

// ChangeHost sets attributes of the host's tree, as the sandbox sees it.
type ChangeHost struct{ Attributes tree.Attributes }

func (a ChangeHost) String() string { return "make / " + a.Attributes.Words() + ", recursively" }

func (ChangeHost) Privileged() {}

func (a ChangeHost) Emit(s *Assembler) {
	mnt := s.openat2(atCwd(), "/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
	s.setAttributes(mnt, a.Attributes, "", true)
	s.close(mnt)
}

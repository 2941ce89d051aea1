package step

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

func itoa(n int) string { return strconv.Itoa(n) }

// BindMount shows a file or directory of the host.
type BindMount struct {
	Source      string
	File        tree.File
	At          MountPoint
	Attributes  tree.Attributes
	Recursive   bool
	Propagation mountprop.Propagation
}

func (a BindMount) String() string {
	text := "bind " + quote.Word(a.Source) + " on " + quote.Word(a.At.Path)
	if !a.Recursive {
		text += ", not recursive"
	}
	if w := a.Attributes.Words(); w != "" {
		text += ", " + w
	}
	if a.Propagation != "" {
		text += ", " + string(a.Propagation)
	}
	return text
}

func (BindMount) Privileged() {}

func (a BindMount) Emit(s *Assembler) {
	mnt, early := s.trees[a.At.Path]
	if !early {
		mnt = s.cloneTree(a.Source, a.File, a.Recursive)
	}
	s.setAttributes(mnt, a.Attributes, a.Propagation, a.Recursive)
	s.place(mnt, a.At)
}

// CloneEarly clones a tree that is bound later: one that is shared while it
// is in its peer group, and "/" while there is nothing over it.
type CloneEarly struct {
	Source, Target string
	File           tree.File
	Recursive      bool
	Peers          bool
}

func (a CloneEarly) String() string {
	if a.Peers {
		return "clone " + quote.Word(a.Source) + " in its peer group"
	}
	return "clone " + quote.Word(a.Source)
}

func (CloneEarly) Privileged() {}

func (a CloneEarly) Emit(s *Assembler) {
	s.trees[a.Target] = s.cloneTree(a.Source, a.File, a.Recursive)
}

// MountFS mounts a new file system.
type MountFS struct {
	Type        string
	Options     []string // "size=4G"
	At          MountPoint
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a MountFS) String() string {
	text := "mount " + a.Type + " on " + quote.Word(a.At.Path)
	words := a.Options
	if w := a.Attributes.Words(); w != "" {
		words = append(words[:len(words):len(words)], w)
	}
	if a.Propagation != "" {
		words = append(words[:len(words):len(words)], string(a.Propagation))
	}
	if len(words) > 0 {
		text += " with " + strings.Join(words, ",")
	}
	return text
}

func (MountFS) Privileged() {}

func (a MountFS) Emit(s *Assembler) {
	mnt, _ := s.newMount(a.Type, a.Options, a.Attributes.Set)
	s.setAttr(mnt, 0, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

// MountFile shows a file that the plan makes.
type MountFile struct {
	Content     string
	Mode        uint32
	Owner       *Owner
	At          MountPoint
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a MountFile) String() string {
	text := fmt.Sprintf("put a file of %d bytes, mode %04o%s, on %s", len(a.Content), a.Mode, tree.CommaWords(a.Owner.Words()), quote.Word(a.At.Path))
	if w := a.Attributes.Words(); w != "" {
		text += ", " + w
	}
	return text
}

func (MountFile) Privileged() {}

func (a MountFile) Emit(s *Assembler) {
	name, fd := s.scratchName(a.At.Path), s.Reg()
	scratch := program.Register(s.scratch)
	s.Call(unix.SYS_OPENAT, scratch, s.String(name), program.Int(unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC),
		program.Const(uint64(a.Mode))).To(fd)
	if a.Content != "" {
		// A write(2) of less than all is no error.
		s.Call(unix.SYS_FALLOCATE, program.Register(fd), null(), null(), program.Int(len(a.Content)))
		s.Call(unix.SYS_WRITE, program.Register(fd), s.String(a.Content), program.Int(len(a.Content)))
	}
	s.chown(fd, "", a.Owner, unix.AT_EMPTY_PATH)
	if a.Owner != nil && a.Mode&0o6000 != 0 {
		// A change of owner takes them away.
		s.Call(unix.SYS_FCHMOD, program.Register(fd), program.Const(uint64(a.Mode)))
	}
	s.close(fd)
	mnt := s.clone(scratch, name, false)
	s.setAttr(mnt, a.Attributes.Set, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

// MakeSymlink makes a symbolic link in a layer of ours.
type MakeSymlink struct {
	To    string
	Owner *Owner
	At    MountPoint
}

func (a MakeSymlink) String() string {
	return "link " + quote.Word(a.At.Path) + " to " + quote.Word(a.To) + tree.CommaWords(a.Owner.Words())
}

func (a MakeSymlink) Emit(s *Assembler) {
	dir, name := s.makeParents(a.At)
	s.Call(unix.SYS_SYMLINKAT, s.String(a.To), program.Register(dir), s.String(name))
	s.chown(dir, name, a.Owner, unix.AT_SYMLINK_NOFOLLOW)
	s.closeParent(dir)
}

// MakeDir makes a directory in a layer of ours.
type MakeDir struct {
	Mode  uint32
	Owner *Owner
	At    MountPoint
}

func (a MakeDir) String() string {
	return fmt.Sprintf("make the directory %s, mode %04o%s", quote.Word(a.At.Path), a.Mode, tree.CommaWords(a.Owner.Words()))
}

func (a MakeDir) Emit(s *Assembler) {
	dir, name := s.makeParents(a.At)
	s.mkdirFor(dir, name, a.Mode, a.Owner, func() {
		if a.Mode&^0o1777 != 0 {
			// mkdirat(2) does not set them.
			made := s.openat2(program.Register(dir), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, resolveHere)
			s.Call(unix.SYS_FCHMOD, program.Register(made), program.Const(uint64(a.Mode)))
			s.close(made)
		}
	})
	s.closeParent(dir)
}

// MaskMount covers a path with nothing: an empty directory or the null device.
type MaskMount struct {
	At          MountPoint
	Null        tree.File // the host's /dev/null, checked; for all but a directory
	Propagation mountprop.Propagation
}

func (a MaskMount) String() string {
	if a.At.Dir {
		return "mask " + quote.Word(a.At.Path) + " with an empty directory"
	}
	return "mask " + quote.Word(a.At.Path) + " with /dev/null"
}

func (MaskMount) Privileged() {}

// nullMask is what the host's null device gets where it masks a file: root could change its mode, also the host's.
const nullMask = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_RDONLY

func (a MaskMount) Emit(s *Assembler) {
	var mnt uint8
	set := uint64(nullMask)
	if a.At.Dir {
		mnt = s.clone(program.Register(s.scratch), "empty", false)
		set |= unix.MOUNT_ATTR_NODEV
	} else {
		mnt = s.cloneTree("/dev/null", a.Null, false)
	}
	s.setAttr(mnt, set, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

// LeaveOut says that an optional entry is not there.
type LeaveOut struct{ Target, Why string }

func (a LeaveOut) String() string { return "leave out " + quote.Word(a.Target) + ": " + a.Why }

// Apply does nothing: the step is there to be read.
func (LeaveOut) Apply(Launch) error { return nil }

// SetMountPropagation sets the type of a mount of ours once the root has its own.
type SetMountPropagation struct {
	Target      string
	Propagation mountprop.Propagation
}

func (a SetMountPropagation) String() string {
	return fmt.Sprintf("make %s %s", quote.Word(a.Target), a.Propagation)
}

func (SetMountPropagation) Privileged() {}

func (a SetMountPropagation) Emit(s *Assembler) {
	mnt := s.openat2(atCwd(), a.Target, unix.O_PATH|unix.O_CLOEXEC, resolveInside)
	s.setAttr(mnt, 0, 0, a.Propagation, true)
	s.close(mnt)
}

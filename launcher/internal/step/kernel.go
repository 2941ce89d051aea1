package step

import (
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// CoverProcSettings covers what in /proc has settings with itself, read-only, and what shows the
// kernel's memory and log with /dev/null.
type CoverProcSettings struct {
	Readonly, Masked []string // names in /proc
	Unsure           bool     // any of them may be missing
	Recursive        bool     // there may be mounts below
	Null             tree.File
	Own              bool // below the sandbox's own root
	FromHost         bool // what is made read-only is bound from the host's tree, as the sandbox's own is unbindable
	Propagation      mountprop.Propagation
	Unbindable       bool // what is on /proc may be, and is made private: it becomes unbindable again when all is in its place
}

func (a CoverProcSettings) String() string {
	text := "make the kernel's settings in /proc read-only: " + strings.Join(a.Readonly, ", ") + "; mask " + strings.Join(a.Masked, ", ")
	if a.Unsure {
		text += "; what is missing is left out"
	}
	return text
}

func (CoverProcSettings) Privileged() {}

func (a CoverProcSettings) Emit(s *Assembler) {
	const path = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	dir, resolve := s.tree(a.Own)
	proc := s.openat2(dir, "/proc", path, resolve)
	if a.Unbindable {
		s.setAttr(proc, 0, 0, mountprop.Private, true)
	}
	source := proc
	if a.FromHost {
		source = s.openat2(atCwd(), "/proc", path, unix.RESOLVE_NO_SYMLINKS)
	}
	for _, name := range a.Readonly {
		a.cover(s, s.cloneNamed(program.Register(source), name, a.Recursive, a.Unsure), proc, name, unix.MOUNT_ATTR_RDONLY)
	}
	if a.FromHost {
		s.close(source)
	}
	null := s.open(atCwd(), "/dev/null", unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW)
	s.sameFile(null, a.Null.Dev, a.Null.Ino, uint64(a.Null.Type))
	for _, name := range a.Masked {
		a.cover(s, s.cloneNamed(program.Register(null), "", false, false), proc, name, nullMask)
	}
	s.close(null)
	s.close(proc)
}

// cover puts a detached mount over a name in /proc.
func (a CoverProcSettings) cover(s *Assembler, mnt, proc uint8, name string, set uint64) {
	mask := set == nullMask
	place := func() {
		s.setAttr(mnt, set, 0, a.Propagation, true)
		op := s.Call(unix.SYS_MOVE_MOUNT, program.Register(mnt), s.String(""), program.Register(proc), s.String(name),
			program.Const(unix.MOVE_MOUNT_F_EMPTY_PATH))
		if a.Unsure && mask {
			op.PassOver(unix.ENOENT)
		}
		s.Call(unix.SYS_CLOSE, program.Register(mnt))
	}
	if a.Unsure && !mask {
		s.unless(mnt, place)
	} else {
		place()
	}
	s.Free(mnt)
}

// cloneNamed is clone for a name that may be missing.
func (s *Assembler) cloneNamed(dir program.Operand, name string, recursive, unsure bool) uint8 {
	mnt := s.clone(dir, name, recursive)
	if unsure {
		s.Op(s.Len() - 1).PassOver(unix.ENOENT)
	}
	return mnt
}

// tree is where paths of the sandbox are looked up, and how.
func (s *Assembler) tree(own bool) (dir program.Operand, resolve uint64) {
	if own {
		return program.Register(s.root), resolveInside | unix.RESOLVE_NO_SYMLINKS
	}
	return atCwd(), unix.RESOLVE_NO_SYMLINKS
}

// SealMounts makes mounts of the kernel's file systems read-only.
type SealMounts struct {
	Paths []string
	Own   bool // below the sandbox's own root
}

func (a SealMounts) String() string {
	return "make the kernel's file systems read-only: " + strings.Join(a.Paths, ", ")
}

func (SealMounts) Privileged() {}

func (a SealMounts) Emit(s *Assembler) {
	dir, resolve := s.tree(a.Own)
	for _, p := range a.Paths {
		mnt := s.openat2(dir, p, unix.O_PATH|unix.O_CLOEXEC, resolve)
		// What the stage cannot reach, with its capabilities, the command cannot reach either.
		s.Op(s.Len()-1).PassOver(unix.EACCES, unix.ENOENT, unix.ENOTDIR)
		s.unless(mnt, func() {
			s.setAttr(mnt, unix.MOUNT_ATTR_RDONLY, 0, "", false)
			s.Call(unix.SYS_CLOSE, program.Register(mnt))
		})
		s.Free(mnt)
	}
}

// MaskFiles masks files of the kernel with the host's null device. Being read-only does not hide them.
type MaskFiles struct {
	Paths []string
	Null  tree.File
	Own   bool // below the sandbox's own root
}

func (a MaskFiles) String() string {
	return "mask " + strings.Join(a.Paths, ", ") + " with /dev/null"
}

func (MaskFiles) Privileged() {}

func (a MaskFiles) Emit(s *Assembler) {
	dir, resolve := s.tree(a.Own)
	null := s.open(atCwd(), a.Null.Real("/dev/null"), unix.O_PATH|unix.O_CLOEXEC)
	s.sameFile(null, a.Null.Dev, a.Null.Ino, uint64(a.Null.Type))
	for _, p := range a.Paths {
		file := s.openat2(dir, p, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, resolve)
		// What the stage cannot reach, with its capabilities, the command cannot reach either.
		s.Op(s.Len()-1).PassOver(unix.EACCES, unix.ENOENT, unix.ENOTDIR)
		s.unless(file, func() {
			mnt := s.clone(program.Register(null), "", false)
			s.setAttr(mnt, nullMask, 0, mountprop.Private, false)
			s.moveMount(mnt, file)
			s.close(mnt)
			s.Call(unix.SYS_CLOSE, program.Register(file))
		})
		s.Free(file)
	}
	s.close(null)
}

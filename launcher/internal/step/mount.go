package step

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// SetPropagation sets the propagation type of a mount.
type SetPropagation struct {
	Target      string
	Propagation mountprop.Propagation
	Recursive   bool
}

func (a SetPropagation) String() string {
	text := fmt.Sprintf("make %s %s", quote.Word(a.Target), a.Propagation)
	if a.Recursive {
		text += ", recursively"
	}
	return text
}

func (SetPropagation) Privileged() {}

func (a SetPropagation) Emit(s *Assembler) {
	for _, flags := range a.Propagation.Flags(a.Recursive) {
		s.Call(unix.SYS_MOUNT, null(), s.String(a.Target), null(), program.Const(uint64(flags)), null())
	}
}

// MountProc mounts a proc of the process' pid namespace on /proc.
type MountProc struct {
	Options  []string // "hidepid=invisible"
	Fallback config.ProcMode
	At       MountPoint // in a root of the sandbox's own; zero for the host's /proc
	// Only: the kernel is to allow no other proc in the sandbox. It allows one as long as nothing covers any part of this one.
	Only bool
}

func (a MountProc) String() string {
	words := append(slices.Clone(a.Options), tree.Attributes{Set: MountAttrAPI}.Words())
	text := "mount proc on /proc with " + strings.Join(words, ",")
	if a.Only {
		text += ", as the only one"
	}
	switch a.Fallback {
	case config.ProcHost:
		text += ", else keep the host's"
	case config.ProcNone:
		text += ", else an empty directory"
	}
	return text
}

func (MountProc) Privileged() {}

// MountAttrAPI are the attributes of the kernel's own file systems.
const MountAttrAPI = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

func (a MountProc) Emit(s *Assembler) {
	mnt, op := s.newMount("proc", a.Options, MountAttrAPI)
	if a.Fallback == "" {
		a.place(s, mnt)
		return
	}
	// The kernel answers EPERM where the caller's own proc is partly covered.
	op.PassOver(unix.EPERM)
	s.unless(mnt, func() { a.place(s, mnt) })
	if a.Fallback == config.ProcNone {
		s.ifRefused(mnt, func() { CoverProc{a.At}.Emit(s) })
	}
}

func (a MountProc) place(s *Assembler, mnt uint8) {
	s.placeProc(mnt, a.At)
	if !a.Only {
		return
	}
	// Covered with itself, nothing of it is hidden.
	dir, resolve := s.tree(a.At.Path != "")
	part := s.openat2(dir, "/proc/1/fdinfo", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, resolve)
	cover := s.clone(program.Register(part), "", false)
	s.moveMount(cover, part)
	s.close(cover)
	s.close(part)
}

// CoverProc covers /proc with an empty read-only directory.
type CoverProc struct{ At MountPoint }

func (CoverProc) String() string { return "cover /proc with an empty read-only directory" }

func (CoverProc) Privileged() {}

func (a CoverProc) Emit(s *Assembler) {
	mnt, _ := s.newMount("tmpfs", []string{"mode=0555"}, MountAttrAPI|unix.MOUNT_ATTR_RDONLY)
	s.placeProc(mnt, a.At)
}

// placeProc moves a detached mount to /proc: of the sandbox's own root, or of the host's tree.
func (s *Assembler) placeProc(mnt uint8, at MountPoint) {
	if at.Path == "" {
		s.attach(mnt, "/proc")
		return
	}
	s.place(mnt, at)
}

// newMount creates a file system and a detached mount of it. The op that it
// returns is the one that makes the mount.
func (s *Assembler) newMount(fstype string, options []string, attrs uint64) (uint8, *program.Op) {
	fs := s.openFS(fstype)
	for _, o := range options {
		if name, value, ok := strings.Cut(o, "="); ok {
			s.fsString(fs, name, value)
		} else {
			s.fsFlag(fs, name)
		}
	}
	return s.createMount(fs, attrs)
}

// openFS begins a new file system. Its source, which mountinfo shows, would be "none".
func (s *Assembler) openFS(fstype string) uint8 {
	fs := s.Reg()
	s.Call(unix.SYS_FSOPEN, s.String(fstype), program.Const(unix.FSOPEN_CLOEXEC)).To(fs)
	s.fsString(fs, "source", fstype)
	return fs
}

func (s *Assembler) fsString(fs uint8, name, value string) {
	s.Call(unix.SYS_FSCONFIG, program.Register(fs), program.Const(unix.FSCONFIG_SET_STRING),
		s.String(name), s.String(value), null())
}

func (s *Assembler) fsFlag(fs uint8, name string) {
	s.Call(unix.SYS_FSCONFIG, program.Register(fs), program.Const(unix.FSCONFIG_SET_FLAG), s.String(name), null(), null())
}

// createMount creates the file system that was configured.
func (s *Assembler) createMount(fs uint8, attrs uint64) (uint8, *program.Op) {
	s.Call(unix.SYS_FSCONFIG, program.Register(fs), program.Const(unix.FSCONFIG_CMD_CREATE), null(), null(), null())
	mnt := s.Reg()
	s.Call(unix.SYS_FSMOUNT, program.Register(fs), program.Const(unix.FSMOUNT_CLOEXEC), program.Const(attrs)).To(mnt)
	at := s.Len() - 1
	s.close(fs)
	return mnt, s.Op(at)
}

// attach moves a detached mount onto an ordinary directory, no part of whose
// path is a symbolic link.
func (s *Assembler) attach(mnt uint8, target string) {
	dir := s.openat2(atCwd(), target, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS)
	s.moveMount(mnt, dir)
	s.close(dir)
	s.close(mnt)
}

func (s *Assembler) openat2(dir program.Operand, path string, flags, resolve uint64) uint8 {
	r := s.Reg()
	op := s.Call(unix.SYS_OPENAT2, dir, s.String(path), s.Words(flags, 0, resolve), program.Const(24)).To(r)
	if resolve&unix.RESOLVE_IN_ROOT != 0 {
		op.With(program.Repeat)
	}
	return r
}

func (s *Assembler) moveMount(mnt, target uint8) {
	s.Call(unix.SYS_MOVE_MOUNT, program.Register(mnt), s.String(""), program.Register(target), s.String(""),
		program.Const(unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}

// unless appends ops that are passed over if register r holds an error.
func (s *Assembler) unless(r uint8, ops func()) { s.skipping(r, 0, ops) }

// ifRefused appends ops that are passed over unless register r holds an error.
func (s *Assembler) ifRefused(r uint8, ops func()) { s.skipping(r, 1, ops) }

func (s *Assembler) skipping(r uint8, unlessRefused uint64, ops func()) {
	at := s.Len()
	s.Special(program.SpecialSkip, program.Register(r), null(), program.Const(unlessRefused))
	ops()
	s.Patch(at, 1, program.Int(s.Len()-at-1))
}

// Protect makes a path below /proc read-only, or masks it with an empty
// directory or /dev/null.
type Protect struct {
	Path string
	Mask bool
	Dir  bool
	Null uint64 // the inode of /dev/null, to mask a file
	Dev  uint64 // its device
	Own  bool   // below the sandbox's own root
	// FromHost: what is made read-only is bound from the host's tree, as the
	// sandbox's own is unbindable.
	FromHost    bool
	Propagation mountprop.Propagation // of what is mounted; "" as it is
}

func (a Protect) String() string {
	switch {
	case !a.Mask:
		return "make " + quote.Word(a.Path) + " read-only"
	case a.Dir:
		return "mask " + quote.Word(a.Path) + " with an empty directory"
	}
	return "mask " + quote.Word(a.Path) + " with /dev/null"
}

func (Protect) Privileged() {}

func (a Protect) Emit(s *Assembler) {
	const openTree = unix.OPEN_TREE_CLONE | unix.O_CLOEXEC
	dir, resolve := atCwd(), uint64(unix.RESOLVE_NO_SYMLINKS)
	if a.Own {
		dir, resolve = program.Register(s.root), resolve|unix.RESOLVE_IN_ROOT
	}
	proc := s.openat2(dir, "/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, resolve)
	rel := strings.TrimPrefix(a.Path, "/proc/")
	target := s.openat2(program.Register(proc), rel, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW,
		unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_BENEATH)
	var mnt uint8
	switch {
	case a.Mask && a.Dir:
		mnt, _ = s.newMount("tmpfs", []string{"mode=0555"}, MountAttrAPI|unix.MOUNT_ATTR_RDONLY)
	case a.Mask:
		null := s.open(atCwd(), "/dev/null", unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW)
		s.sameFile(null, a.Dev, a.Null, unix.S_IFCHR)
		mnt = s.Reg()
		s.Call(unix.SYS_OPEN_TREE, program.Register(null), s.String(""), program.Const(openTree|unix.AT_EMPTY_PATH)).To(mnt)
		s.close(null)
	default:
		source := target
		if a.FromHost {
			source = s.openat2(atCwd(), a.Path, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, unix.RESOLVE_NO_SYMLINKS)
		}
		mnt = s.Reg()
		s.Call(unix.SYS_OPEN_TREE, program.Register(source), s.String(""),
			program.Const(openTree|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)).To(mnt)
		if a.FromHost {
			s.close(source)
		}
		attr := s.Words(unix.MOUNT_ATTR_RDONLY, 0, 0, 0)
		s.Call(unix.SYS_MOUNT_SETATTR, program.Register(mnt), s.String(""),
			program.Const(unix.AT_EMPTY_PATH|unix.AT_RECURSIVE), attr, program.Const(32))
	}
	var set uint64
	if a.Mask && !a.Dir {
		set = nullMask
	}
	s.setAttr(mnt, set, 0, a.Propagation, true)
	s.moveMount(mnt, target)
	for _, r := range []uint8{mnt, target, proc} {
		s.close(r)
	}
}

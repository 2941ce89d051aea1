package step

import (
	"path"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// cloneTree opens a source, makes sure that it is the file that was looked at,
// and returns a detached clone of the mount from there on. An fd that was
// opened before the mount namespace was made cannot be cloned.
func (s *Assembler) cloneTree(source string, f tree.File, recursive bool) uint8 {
	src := s.open(atCwd(), f.Real(source), unix.O_PATH|unix.O_CLOEXEC)
	s.sameFile(src, f.Dev, f.Ino, uint64(f.Type))
	mnt := s.clone(program.Register(src), "", recursive)
	s.close(src)
	return mnt
}

// clone appends an open_tree(2) that clones.
func (s *Assembler) clone(dir program.Operand, name string, recursive bool) uint8 {
	flags := uint64(unix.OPEN_TREE_CLONE | unix.O_CLOEXEC)
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	if recursive {
		flags |= unix.AT_RECURSIVE
	}
	mnt := s.Reg()
	s.Call(unix.SYS_OPEN_TREE, dir, s.String(name), program.Const(flags)).To(mnt)
	return mnt
}

// setAttr appends the mount_setattr(2) calls that set and clear attributes and
// set the propagation type.
func (s *Assembler) setAttr(mnt uint8, set, clear uint64, p mountprop.Propagation, recursive bool) {
	flags := uint64(unix.AT_EMPTY_PATH)
	if recursive {
		flags |= unix.AT_RECURSIVE
	}
	values := p.SetattrValues()
	if len(values) == 0 && set|clear != 0 {
		values = []uint64{0}
	}
	for _, propagation := range values {
		s.Call(unix.SYS_MOUNT_SETATTR, program.Register(mnt), s.String(""), program.Const(flags),
			s.Words(set, clear, propagation, 0), program.Const(32))
		set, clear = 0, 0
	}
}

// setAttributes is setAttr for a tree of the host: what is allowed is so for its topmost mount.
func (s *Assembler) setAttributes(mnt uint8, a tree.Attributes, p mountprop.Propagation, recursive bool) {
	s.setAttr(mnt, a.Set, a.Clear, p, recursive)
	if a.Allow != 0 {
		s.setAttr(mnt, 0, a.Allow, "", false)
	}
}

// MountPoint is where something is mounted inside.
type MountPoint struct {
	Path string
	Dir  bool
	// Make has what may be missing and is made in a layer of ours at At: the
	// names of the directories down to the mount point, and its own last. Empty if it
	// has to be there.
	Make []string
	At   string
	// Above is whose the directories above it are, if they are made.
	Above *Owner
	// Strict: no symbolic link leads there.
	Strict bool
}

// resolveInside keeps a lookup below the sandbox's root, whatever symbolic links are there.
const resolveInside = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS

// resolveHere keeps a lookup in one directory of one file system.
const resolveHere = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS

// openPoint makes a mount point where it may be made, and opens it. What is made is made
// relative to a directory of the layer itself: no symbolic link and no other mount can lead the
// making elsewhere. What cannot be made so has to be there.
func (s *Assembler) openPoint(m MountPoint) uint8 {
	if len(m.Make) > 0 {
		dir, last := s.makeParents(m)
		if m.Dir {
			s.mkdir(dir, last, 0o755).PassOver(unix.EEXIST)
		} else {
			s.mknod(dir, last).PassOver(unix.EEXIST)
		}
		s.closeParent(dir)
	}
	flags, resolve := uint64(unix.O_PATH|unix.O_CLOEXEC), uint64(resolveInside)
	if m.Dir {
		flags |= unix.O_DIRECTORY
	}
	if m.Strict {
		resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	return s.openat2(program.Register(s.root), m.Path, flags, resolve)
}

// makeParents makes the directories above a mount point, unless the plan has made
// them before, and returns the last of them and the mount point's own name.
func (s *Assembler) makeParents(m MountPoint) (uint8, string) {
	const flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	top, last := s.root, len(m.Make)-1
	if m.At != "/" {
		top = s.openat2(program.Register(s.root), m.At, flags, resolveInside|unix.RESOLVE_NO_SYMLINKS)
	}
	made := last
	for made > 0 && !s.madeDirs[path.Join(m.At, path.Join(m.Make[:made]...))] {
		made--
	}
	dir := top
	step := func(name string) {
		next := s.openat2(program.Register(dir), name, flags, resolveHere)
		s.closeParent(dir)
		dir = next
	}
	if made > 0 {
		step(path.Join(m.Make[:made]...))
	}
	for i, name := range m.Make[made:last] {
		s.mkdirFor(dir, name, 0o755, m.Above, func() {})
		step(name)
		s.madeDirs[path.Join(m.At, path.Join(m.Make[:made+i+1]...))] = true
	}
	return dir, m.Make[last]
}

// closeParent closes what makeParents returned.
func (s *Assembler) closeParent(dir uint8) {
	if dir != s.root {
		s.close(dir)
	}
}

// mknod makes an empty file to mount on.
func (s *Assembler) mknod(dir uint8, name string) *program.Op {
	return s.Call(unix.SYS_MKNODAT, program.Register(dir), s.String(name), program.Const(unix.S_IFREG|0o444), null())
}

// place moves a detached mount to its mount point.
func (s *Assembler) place(mnt uint8, at MountPoint) {
	target := s.openPoint(at)
	s.moveMount(mnt, target)
	s.close(target)
	s.close(mnt)
}

// scratchName names a new file or directory in the scratch tmpfs.
func (s *Assembler) scratchName(target string) string {
	s.files++
	return path.Base(target) + "." + itoa(s.files)
}

package step

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Overlay is what an overlay is made of; see the kernel's
// Documentation/filesystems/overlayfs.rst.
type Overlay struct {
	Lower []string     // the top first
	Files []tree.File  // what they are
	Dir   string       // of upper and work; "" for memory
	Parts [2]tree.File // what upper and work are, if they have been there
	User  bool         // in a user namespace: attributes are kept in user.*
	// Mode is that of the top of an upper in memory: that of the directory that it is laid over.
	Mode uint32
	// Owner is whose the top of an upper becomes that is made for this launch. LikeLower: whose that directory is.
	Owner     *Owner
	LikeLower bool
	Given     OverlayGiven
}

// OverlayGiven is how the kernel gets the directories of an overlay.
type OverlayGiven int

const (
	AsList        OverlayGiven = iota // as one string of paths
	OnePath                           // as a path each (Linux 6.8)
	AsDescriptors                     // as descriptors (Linux 6.13)
)

func (o Overlay) words() string {
	text := quote.Words(o.Lower, ", ")
	if o.Dir == "" {
		return text + " with changes in memory"
	}
	return text + " with changes in " + quote.Word(o.Dir)
}

// ownerWords says whose the top is, unless that is as in the lower directory.
func (o Overlay) ownerWords() string {
	if o.LikeLower {
		return ""
	}
	return tree.CommaWords(o.Owner.Words())
}

// LowerDirs are the paths that the lower directories are opened by.
func (o Overlay) LowerDirs() []string {
	real := make([]string, len(o.Lower))
	for i, dir := range o.Lower {
		real[i] = o.Files[i].Real(dir)
	}
	return real
}

// make creates the file system and returns a detached mount of it. Its
// directories are opened once, and those that were looked at have to be the same.
func (o Overlay) make(s *Assembler, attrs uint64) uint8 {
	upper, work := o.Parts[0].Real(o.Dir+"/upper"), o.Parts[1].Real(o.Dir+"/work")
	base := atCwd()
	if o.Dir == "" {
		dir := o.inScratch(s)
		upper, work, base = dir+"/upper", dir+"/work", program.Register(s.scratch)
	} else if o.Owner != nil {
		dir := s.openPart(base, upper, true)
		s.chown(dir, "", o.Owner, unix.AT_EMPTY_PATH)
		s.close(dir)
	}
	fs := s.openFS("overlay")
	for i, lower := range o.LowerDirs() {
		dir := s.open(atCwd(), lower, unix.O_PATH|unix.O_CLOEXEC)
		s.sameFile(dir, o.Files[i].Dev, o.Files[i].Ino, uint64(o.Files[i].Type))
		switch o.Given {
		case AsDescriptors:
			s.fsFD(fs, "lowerdir+", dir)
		case OnePath:
			s.fsString(fs, "lowerdir+", lower)
		}
		s.close(dir)
	}
	if o.Given == AsList {
		s.fsString(fs, "lowerdir", strings.Join(EscapeAll(o.LowerDirs()), ":"))
	}
	if o.Given == AsDescriptors {
		for i, part := range [][2]string{{"upperdir", upper}, {"workdir", work}} {
			dir := s.openPart(base, part[1], o.Dir != "" && !o.Parts[i].Dir)
			if f := o.Parts[i]; f.Dir {
				s.sameFile(dir, f.Dev, f.Ino, uint64(f.Type))
			}
			s.fsFD(fs, part[0], dir)
			s.close(dir)
		}
	} else {
		// A path of the scratch tmpfs means something only from inside it.
		if o.Dir == "" {
			s.Call(unix.SYS_FCHDIR, program.Register(s.scratch))
		}
		s.fsString(fs, "upperdir", upper)
		s.fsString(fs, "workdir", work)
	}
	if o.User {
		s.fsFlag(fs, "userxattr")
	}
	mnt, _ := s.createMount(fs, attrs)
	if o.Given != AsDescriptors && o.Dir == "" {
		s.Call(unix.SYS_CHDIR, s.String("/"))
	}
	// One whose work cannot be written to is read-only without a word.
	s.Call(unix.SYS_FACCESSAT2, program.Register(mnt), s.String(""), program.Const(unix.W_OK),
		program.Const(unix.AT_EMPTY_PATH|unix.AT_EACCESS))
	return mnt
}

// openPart opens upper or work. One that the launcher has just made was not there to be looked at, and is reached without symbolic links.
func (s *Assembler) openPart(base program.Operand, name string, made bool) uint8 {
	const flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	if made {
		return s.openat2(base, name, flags, host.ResolveNothing)
	}
	return s.open(base, name, flags)
}

// inScratch makes upper and work in the scratch tmpfs.
func (o Overlay) inScratch(s *Assembler) string {
	s.files++
	dir := fmt.Sprintf("overlay%d", s.files)
	s.mkdir(s.scratch, dir, 0o700)
	s.mkdir(s.scratch, dir+"/upper", uint64(o.Mode))
	s.mkdir(s.scratch, dir+"/work", 0o755)
	s.chown(s.scratch, dir+"/upper", o.Owner, 0)
	if o.Mode&^0o1777 != 0 {
		// mkdirat(2) does not set them.
		s.Call(unix.SYS_FCHMODAT, program.Register(s.scratch), s.String(dir+"/upper"), program.Const(uint64(o.Mode)))
	}
	return dir
}

// fsFD sets an option of a file system to what a descriptor is of.
func (s *Assembler) fsFD(fs uint8, name string, fd uint8) {
	s.Call(unix.SYS_FSCONFIG, program.Register(fs), program.Const(unix.FSCONFIG_SET_FD), s.String(name), null(), program.Register(fd))
}

// EscapeAll escapes paths for a list that colons separate.
func EscapeAll(paths []string) []string {
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`)
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = escape.Replace(p)
	}
	return out
}

// MountOverlay mounts an overlay of directories of the host.
type MountOverlay struct {
	Overlay
	At          MountPoint
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a MountOverlay) String() string {
	text := "mount an overlay of " + a.Overlay.words() + " on " + quote.Word(a.At.Path) + a.ownerWords()
	if w := a.Attributes.Words(); w != "" {
		text += ", " + w
	}
	if a.Propagation != "" {
		text += ", " + string(a.Propagation)
	}
	return text
}

func (MountOverlay) Privileged() {}

func (a MountOverlay) Emit(s *Assembler) {
	mnt := a.Overlay.make(s, a.Attributes.Set)
	s.setAttr(mnt, 0, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

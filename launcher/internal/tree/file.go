package tree

import (
	"cmp"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// File is what stat(2) says of a path.
type File struct {
	Dir        bool
	Symlink    bool
	Type       uint32    // S_IFMT of its mode
	Mode       uint32    // permissions
	UID, GID   uint32    // whose it is, in the caller's user namespace
	Size       int64     // bytes
	CharDevice [2]uint32 // major and minor, of a character device
	Dev, Ino   uint64
	MountPoint bool
	Link       string   // of a symbolic link: its text
	Resolved   string   // where its path leads to, if elsewhere: of a mount point inside, else on the host
	Planted    Planted  // of the host: a link on the way that a sandbox may have made
	Nameless   bool     // it is reached through a descriptor, or another process' root, and has no path here
	NoPlace    bool     // of a mount point: it is missing, and nothing is made where it would be
	Mounts     []string // of a directory, where it matters: what is mounted below it
	Err        syscall.Errno
	Fuse       FuseMount // of what may not be looked at: the file system that is closed to the caller

	Links []string // the symbolic links that its path goes through
}

// Real is the path without symbolic links of a file that was looked at as name.
func (f File) Real(name string) string { return cmp.Or(f.Resolved, name) }

// A sandbox may leave a symbolic link in a directory that it can write to, and the next one would be given what the link
// leads to: ~/.ssh in place of .git. So a link below a directory that the profile shows is not followed on the host, unless it lies where
// only root can write. It does not matter who made it, or whether it stays below the directory: it could also lead past a mask.

// Planted is a symbolic link that a sandbox may have made.
type Planted struct {
	Link string // its path; "" for none
	To   string // its text
	Dir  string // the directory that the profile shows, or the one that the link lies in
	Cwd  string // where the working directory is, if the link leads there; else ""
}

// MostContent is how much of a file can be copied, a part of [program.MaxData].
const MostContent = 8 << 20

// Read returns the content of a file that was looked at as name, or ESTALE if it is another by now.
func (f File) Read(name string) ([]byte, error) {
	file, err := os.OpenFile(f.Real(name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if now := StatAt(int(file.Fd()), "", unix.AT_EMPTY_PATH); now.Err != 0 || now.Dev != f.Dev || now.Ino != f.Ino {
		return nil, &os.PathError{Op: "open", Path: name, Err: unix.ESTALE}
	}
	return io.ReadAll(io.LimitReader(file, MostContent+1))
}

// StatAt is statx(2). It triggers automounts, as stat(2) does not: what is seen is what a mount will have.
func StatAt(dir int, name string, flags int) File {
	var st unix.Statx_t
	if err := unix.Statx(dir, name, flags, unix.STATX_BASIC_STATS, &st); err != nil {
		return File{Err: Errno(err)}
	}
	kind := uint32(st.Mode) & unix.S_IFMT
	f := File{Dir: kind == unix.S_IFDIR, Symlink: kind == unix.S_IFLNK, Type: kind, Mode: uint32(st.Mode) & 0o7777,
		UID: st.Uid, GID: st.Gid, Size: int64(st.Size), Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino}
	if kind == unix.S_IFCHR {
		f.CharDevice = [2]uint32{st.Rdev_major, st.Rdev_minor}
	}
	return f
}

// StatFile looks at the file itself where its name is a symbolic link.
func StatFile(name string) File { return StatAt(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW) }

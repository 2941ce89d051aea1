package step

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// MakeLayerDir makes the directory of an overlay, below nslaunch's own state.
type MakeLayerDir struct {
	Dir   string
	Parts [2]string  // upper and work, without symbolic links
	Mode  uint32     // of upper
	Owner *[2]uint32 // its uid and gid; nil: the caller's
}

func (a MakeLayerDir) String() string { return "make " + quote.Word(a.Dir) + " where it is missing" }

func (a MakeLayerDir) Apply(l Launch) error {
	for _, dir := range a.Parts {
		made, err := makeAll(dir)
		l.Made(made...)
		if err != nil {
			return err
		}
	}
	if !l.WasMade(a.Parts[0]) {
		return nil
	}
	return a.adapt(a.Parts[0])
}

// adapt makes a new upper like what it is laid over.
func (a MakeLayerDir) adapt(upper string) error {
	fd, err := openDir(upper, unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if a.Owner != nil {
		if err := unix.Fchown(fd, int(a.Owner[0]), int(a.Owner[1])); err != nil {
			return os.NewSyscallError("fchown", err)
		}
	}
	return os.NewSyscallError("fchmod", unix.Fchmod(fd, a.Mode))
}

// LockLayer keeps the directory of an overlay from being that of another sandbox at the same
// time: the kernel lets two overlays have the same upper, and what becomes of the files is not
// defined. The lock is flock(2)'s, of a descriptor that the launcher alone has: it ends with the
// launcher, however that ends, and leaves no file behind.
type LockLayer struct{ Dir string }

func (a LockLayer) String() string { return "lock " + quote.Word(a.Dir) }

func (a LockLayer) Apply(l Launch) error {
	fd, err := unix.Open(a.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	l.Hold(fd)
	for {
		if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}

// makeAll is os.MkdirAll that returns what it made, top first, and goes through no symbolic link: a sandbox that runs could
// put one there at any time.
func makeAll(dir string) (made []string, err error) {
	switch fd, err := openDir(dir, unix.O_PATH); {
	case err == nil:
		return nil, unix.Close(fd)
	case err != unix.ENOENT:
		return nil, &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	above := filepath.Dir(dir)
	if made, err = makeAll(above); err != nil {
		return made, err
	}
	fd, err := openDir(above, unix.O_PATH)
	if err != nil {
		return made, &fs.PathError{Op: "mkdir", Path: above, Err: err}
	}
	defer unix.Close(fd)
	if err := unix.Mkdirat(fd, filepath.Base(dir), 0o700); err != nil {
		return made, &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	return append(made, dir), nil
}

// openDir opens a directory whose path has no symbolic links.
func openDir(dir string, flags uint64) (int, error) {
	how := unix.OpenHow{Flags: flags | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: host.ResolveNothing}
	return unix.Openat2(unix.AT_FDCWD, dir, &how)
}

package launcher

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/nslaunch/nslaunch/internal/quote"
	"golang.org/x/sys/unix"
)

// makeLayerDir makes the directory of an overlay, below nslaunch's own state.
type makeLayerDir struct {
	Dir   string
	Mode  uint32     // of upper
	Owner *[2]uint32 // its uid and gid; nil: the caller's
}

func (a makeLayerDir) String() string { return "make " + quote.Word(a.Dir) + " where it is missing" }

func (a makeLayerDir) apply(l *launch) error {
	for _, dir := range []string{a.Dir + "/upper", a.Dir + "/work"} {
		made, err := makeAll(dir)
		l.made = append(l.made, made...)
		if err != nil {
			return err
		}
	}
	if !slices.Contains(l.made, a.Dir+"/upper") {
		return nil
	}
	return a.adapt(a.Dir + "/upper")
}

// adapt makes a new upper like what it is laid over.
func (a makeLayerDir) adapt(upper string) error {
	fd, err := unix.Open(upper, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
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

// lockLayer keeps the directory of an overlay from being that of another sandbox at the same
// time: the kernel lets two overlays have the same upper, and what becomes of the files is not
// defined. The lock is flock(2)'s, of a descriptor that the launcher alone has: it ends with the
// launcher, however that ends, and leaves no file behind.
type lockLayer struct{ Dir string }

func (a lockLayer) String() string { return "lock " + quote.Word(a.Dir) }

func (a lockLayer) apply(l *launch) error {
	fd, err := unix.Open(a.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	l.locks = append(l.locks, fd)
	for {
		if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}

// makeAll is os.MkdirAll that tells what it made, top first.
func makeAll(dir string) (made []string, err error) {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil, nil
	case err == nil:
		return nil, &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if made, err = makeAll(filepath.Dir(dir)); err != nil {
		return made, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return made, err
	}
	return append(made, dir), nil
}

// unmake removes what a launch that failed had made, if it is still empty.
func (l *launch) unmake() {
	for i := len(l.made) - 1; i >= 0; i-- {
		if filepath.Base(l.made[i]) == "work" {
			_ = os.Remove(l.made[i] + "/work") // of the overlay that was made meanwhile
		}
		_ = os.Remove(l.made[i])
	}
	l.made = nil
}

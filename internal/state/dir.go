// Package state records running sandboxes, a file for each in a directory of the user's, so that
// others can find and enter them.
//
// Nothing watches over the records. Whether a sandbox runs is told by its record and the kernel
// alone: its launcher is a process with a pid and a start time, and where that has ended, so has
// the sandbox. A launcher takes its record away at its end; what one left that was killed, the
// next reader does.
package state

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is an open directory of records. Only the user who opened it can get into it.
type Dir struct {
	Path string
	fd   int
}

// candidates are where a user's records may be, the best first. Without a directory for
// what is to go with the session, that in /tmp is what everybody has.
func candidates(uid int, runtime string) []string {
	var dirs []string
	if uid == 0 {
		dirs = append(dirs, "/run/nslaunch")
	}
	if filepath.IsAbs(runtime) {
		dirs = append(dirs, filepath.Join(runtime, "nslaunch"))
	}
	id := strconv.Itoa(uid)
	dirs = append(dirs, "/run/user/"+id+"/nslaunch", "/tmp/nslaunch-"+id)
	return slices.Compact(dirs) // $XDG_RUNTIME_DIR mostly is /run/user/UID
}

func ownCandidates() []string { return candidates(unix.Geteuid(), os.Getenv("XDG_RUNTIME_DIR")) }

// Make opens the caller's directory for a new record, and makes it where there is none. It is the
// first of $XDG_RUNTIME_DIR/nslaunch (root: /run/nslaunch), /run/user/UID/nslaunch and
// /tmp/nslaunch-UID that can be had.
func Make() (*Dir, error) {
	var reasons []string
	for _, path := range ownCandidates() {
		d, err := open(path)
		if err == unix.ENOENT {
			if err = unix.Mkdir(path, 0o700); err == nil || err == unix.EEXIST {
				d, err = open(path)
			}
		}
		if err == nil {
			return d, nil
		}
		reasons = append(reasons, path+": "+err.Error())
	}
	return nil, fmt.Errorf("no directory for the record of a sandbox: %s (set XDG_RUNTIME_DIR to a directory of your own)", strings.Join(reasons, "; "))
}

// Try writes a record that no list has, where new ones are written, and takes it away. It returns
// the path of that directory.
func Try() (string, error) {
	d, err := Make()
	if err != nil {
		return "", err
	}
	defer d.Close()
	r, err := New("trial")
	if err != nil {
		return d.Path, err
	}
	temp, err := d.write(r)
	if err != nil {
		return d.Path, err
	}
	if err := unix.Unlinkat(d.fd, temp, 0); err != nil {
		return d.Path, d.pathError("remove", temp, err)
	}
	return d.Path, nil
}

// Existing opens every directory in which the caller may have records.
func Existing() []*Dir {
	var dirs []*Dir
	for _, path := range ownCandidates() {
		if d, err := open(path); err == nil {
			dirs = append(dirs, d)
		}
	}
	return dirs
}

// open opens a directory that is the caller's own, and nobody else's to look into: in /tmp anybody
// may have made it.
func open(path string) (*Dir, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && (int(st.Uid) != unix.Geteuid() || st.Mode&0o077 != 0) {
		err = fmt.Errorf("it belongs to uid %d and has mode %03o, not uid %d and 700", st.Uid, st.Mode&0o777, unix.Geteuid())
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &Dir{path, fd}, nil
}

// Close closes the directory.
func (d *Dir) Close() { unix.Close(d.fd) }

// lockPatience is how long another process may hold the lock: for it to read all records, and not for ever, as one that is stopped would.
var lockPatience = 10 * time.Second

// locked runs f while no other process takes records of others away.
func (d *Dir) locked(f func() error) error {
	const shortest, longest = 100 * time.Microsecond, 10 * time.Millisecond
	for end, pause := time.Now().Add(lockPatience), shortest; ; pause = min(2*pause, longest) {
		err := unix.Flock(d.fd, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if err == unix.EWOULDBLOCK && time.Now().Before(end) {
			time.Sleep(pause)
			continue
		}
		if err == unix.EWOULDBLOCK {
			return fmt.Errorf("%s: another process has held the lock for %s (is an nslaunch stopped?)", d.Path, lockPatience)
		}
		if err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
	defer unix.Flock(d.fd, unix.LOCK_UN)
	return f()
}

// suffix ends the file name of a record; what begins with a dot is not finished.
const suffix = ".json"

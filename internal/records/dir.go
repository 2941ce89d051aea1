// Package records keeps a record of each running sandbox. cmd/nslaunch writes it; others find and enter the sandbox by it.
//
// A sandbox may be able to write to the directory in which its record lies, so the file is only a hint: it says
// which process to ask. What is true is in a memfd of the launcher. A file is of a running sandbox while somebody
// holds a lock on it, which ends with the launcher, however that ends. Nothing watches over the
// files: a launcher takes its own away at its end, and what a killed one left, the next reader does.
package records

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// Dir is an open directory of records. Only the user who opened it can get into it.
type Dir struct {
	Path string
	fd   int
}

// candidates are where a user's records may be, the best first. Without a directory for
// what is to go with the session, that in /tmp is what everybody has, unless somebody else made it.
func candidates(uid int, runtime, state string) []string {
	var dirs []string
	if uid == 0 {
		dirs = append(dirs, "/run/nslaunch")
	}
	if filepath.IsAbs(runtime) {
		dirs = append(dirs, filepath.Join(runtime, "nslaunch"))
	}
	id := strconv.Itoa(uid)
	dirs = append(dirs, "/run/user/"+id+"/nslaunch", "/tmp/nslaunch-"+id)
	if state != "" {
		dirs = append(dirs, filepath.Join(state, "run"))
	}
	return slices.Compact(dirs) // $XDG_RUNTIME_DIR mostly is /run/user/UID
}

func ownCandidates() []string {
	return candidates(unix.Geteuid(), os.Getenv("XDG_RUNTIME_DIR"), stateDir())
}

// stateDir is ${state} of profiles; "" where nobody knows.
func stateDir() string { return config.CallerVars().Ask("state") }

// Make opens the caller's directory for a new record, and makes it where there is none. It is the
// first of $XDG_RUNTIME_DIR/nslaunch (root: /run/nslaunch), /run/user/UID/nslaunch,
// /tmp/nslaunch-UID and ${state}/run that can be used.
func Make() (*Dir, error) {
	var reasons []string
	for _, path := range ownCandidates() {
		d, err := open(path)
		if err == unix.ENOENT {
			if err = makeDir(path); err == nil {
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

// makeDir makes a directory. Only those of ${state} may have to be made with those above them.
func makeDir(path string) error {
	if state := stateDir(); state != "" && strings.HasPrefix(path, state+"/") {
		return os.MkdirAll(path, 0o700)
	}
	if err := unix.Mkdir(path, 0o700); err != unix.EEXIST {
		return err
	}
	return nil
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
	fd, temp, err := d.write(r)
	if err != nil {
		return d.Path, err
	}
	unix.Close(fd)
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
var lockPatience = 5 * time.Second

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
			return &lockError{d.Path, lockPatience}
		}
		if err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
	defer unix.Flock(d.fd, unix.LOCK_UN)
	return f()
}

// lockError says that another process keeps the lock.
type lockError struct {
	path string
	time time.Duration
}

func (e *lockError) Error() string {
	return fmt.Sprintf("%s: another process has held the lock for %s (is an nslaunch stopped? fuser %[1]s shows which process has it open)", e.path, e.time)
}

// suffix ends the file name of a record; what begins with a dot is not finished.
const suffix = ".json"

package records

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// errNoState says that there is no place for what outlives a sandbox.
var errNoState = errors.New("there is no directory for the output: neither $XDG_STATE_HOME nor $HOME is set")

// logID is of a log, so that no two sandboxes have the same, whichever directories their records are in. It is random: start
// times repeat in other boots and pid namespaces.
func logID() (string, error) { return randomName() }

// logPath is the file of the output of a detached sandbox. A record does not say where it is, as it may be forged, but only which
// of the files it is that have the sandbox's name. "": none.
func logPath(name, id string) string {
	state := stateDir()
	if state == "" || len(id) != 2*randomBytes || strings.Trim(id, "0123456789abcdef") != "" {
		return ""
	}
	return filepath.Join(state, "log", name+"."+id+".log")
}

// CreateLog makes the file for the output of a detached sandbox. What holds is the same file, opened again for the launcher alone:
// while it is open, nobody who finds a record of the log takes that away.
func (r *Record) CreateLog() (log, holds *os.File, err error) {
	if stateDir() == "" {
		return nil, nil, errNoState
	}
	dir := filepath.Dir(r.Log)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	d, err := open(dir)
	if err != nil {
		return nil, nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer d.Close()
	const flags = unix.O_WRONLY | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(d.fd, filepath.Base(r.Log), flags|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, &os.PathError{Op: "create", Path: r.Log, Err: err}
	}
	log = os.NewFile(uintptr(fd), r.Log)
	again, err := unix.Openat(d.fd, filepath.Base(r.Log), flags, 0)
	if err != nil {
		log.Close()
		return nil, nil, &os.PathError{Op: "open", Path: r.Log, Err: err}
	}
	_ = unix.Flock(again, unix.LOCK_EX|unix.LOCK_NB) // a file system without locks has none to look at either
	return log, os.NewFile(uintptr(again), r.Log), nil
}

// OpenLog opens the output of a detached sandbox. It follows no link: what is in that directory may be a sandbox's work.
func (f *Found) OpenLog() (*os.File, error) {
	d, err := open(filepath.Dir(f.Log))
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Dir(f.Log), Err: err}
	}
	defer d.Close()
	fd, err := d.openFile(filepath.Base(f.Log))
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: f.Log, Err: err}
	}
	return os.NewFile(uintptr(fd), f.Log), nil
}

// RemoveLog takes the output away of a sandbox that this process did not get to start.
func (r *Record) RemoveLog() { r.unlinkLog(func(*Dir, string) bool { return true }) }

// forgetLog takes the output away of a sandbox that has ended, as a file says that anybody may have written. That of one
// whose launcher lives, it leaves.
func (r *Record) forgetLog() { r.unlinkLog((*Dir).unheld) }

func (r *Record) unlinkLog(may func(d *Dir, file string) bool) {
	path := logPath(r.Name, r.LogID)
	if path == "" {
		return
	}
	if d, err := open(filepath.Dir(path)); err == nil {
		if file := filepath.Base(path); may(d, file) {
			_ = unix.Unlinkat(d.fd, file, 0)
		}
		d.Close()
	}
}

// unheld reports whether no launcher holds a log. What is no file is no log.
func (d *Dir) unheld(file string) bool {
	fd, err := d.openFile(file)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	return unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB) != unix.EWOULDBLOCK
}

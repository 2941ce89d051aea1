package state

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// errNoState says that there is no place for what outlives a sandbox.
var errNoState = errors.New("there is no directory for the output: neither $XDG_STATE_HOME nor $HOME is set")

// logPath is the file of the output of a detached sandbox. Its name alone says where it is: a record does not, as it may be
// forged. "": nowhere.
func logPath(name string) string {
	state := stateDir()
	if state == "" {
		return ""
	}
	return filepath.Join(state, "log", name+".log")
}

// CreateLog makes the file for the output of a detached sandbox, new: whoever reads an older one of
// the name goes on with that.
func CreateLog(name string) (*os.File, error) {
	path := logPath(name)
	if path == "" {
		return nil, errNoState
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	d, err := open(filepath.Dir(path))
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	defer d.Close()
	_ = unix.Unlinkat(d.fd, name+".log", 0)
	fd, err := unix.Openat(d.fd, name+".log", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_APPEND|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "create", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
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

// RemoveLog takes the output of a detached sandbox away.
func RemoveLog(name string) {
	path := logPath(name)
	if path == "" {
		return
	}
	if d, err := open(filepath.Dir(path)); err == nil {
		_ = unix.Unlinkat(d.fd, name+".log", 0)
		d.Close()
	}
}

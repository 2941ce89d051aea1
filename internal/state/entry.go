package state

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// TakenError says that a running sandbox has the name already.
type TakenError struct {
	Name      string
	PID       int    // of its launcher
	Elsewhere string // why nothing can be said of it, if so
}

func (e *TakenError) Error() string {
	if e.Elsewhere != "" {
		return fmt.Sprintf("the sandbox that has the name %q %s (give this one another: --name)", e.Name, e.Elsewhere)
	}
	return fmt.Sprintf("a sandbox named %q runs already, launched by process %d (nslaunch exec %[1]s enters it; give this one another name with --name, or a number with name.taken = \"number\")", e.Name, e.PID)
}

// Entry is a record that this process has written and takes away at the end.
type Entry struct {
	dir  *Dir
	file string
	kept bool // what is recorded of it is to be known after its end
}

// Add writes the record of a sandbox under its name. If a running one has that, the
// error is a [*TakenError] or, if numbered, the name gets a number.
func (d *Dir) Add(r *Record, numbered bool) (*Entry, error) {
	var names []string
	for base, n := r.Name, 2; ; n++ {
		err := d.add(r)
		var taken *TakenError
		if err == nil {
			return &Entry{d, r.Name + suffix, r.Detached}, nil
		}
		if !numbered || !errors.As(err, &taken) {
			return nil, err
		}
		// Numbers that are in use are passed over unread: there may be hundreds.
		if n == 2 {
			if names, err = d.files(); err != nil {
				return nil, err
			}
		}
		for r.Name = base + "." + strconv.Itoa(n); slices.Contains(names, r.Name+suffix); n++ {
			r.Name = base + "." + strconv.Itoa(n+1)
		}
	}
}

// add writes a record under a name that nobody has. A name that is given up, it takes.
func (d *Dir) add(r *Record) error {
	temp, err := d.write(r)
	if err != nil {
		return err
	}
	for {
		// Another launch may be faster after the name was freed.
		if err = d.rename(temp, r.Name+suffix); err != unix.EEXIST {
			break
		}
		if err = d.locked(func() error { return d.free(r.Name, r.World) }); err != nil {
			break
		}
	}
	if err != nil {
		_ = unix.Unlinkat(d.fd, temp, 0)
	}
	return err
}

func (d *Dir) rename(temp, file string) error {
	return unix.Renameat2(d.fd, temp, d.fd, file, unix.RENAME_NOREPLACE)
}

// free takes away the record of a name whose sandbox does not run.
func (d *Dir) free(name string, here World) error {
	r, _, s, err := d.judge(name+suffix, here)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return err
	}
	switch s {
	case dead, Ended:
		return d.remove(r)
	case Elsewhere:
		return &TakenError{name, r.Launcher.PID, r.elsewhere()}
	}
	return &TakenError{name, r.Launcher.PID, ""}
}

// write writes a record to a file without a name of a record.
func (d *Dir) write(r *Record) (temp string, err error) {
	text := r.encode()
	var id [8]byte
	if _, err := unix.Getrandom(id[:], 0); err != nil {
		return "", os.NewSyscallError("getrandom", err)
	}
	temp = fmt.Sprintf(".%x", id)
	fd, err := unix.Openat(d.fd, temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return "", d.pathError("create", temp, err)
	}
	defer unix.Close(fd)
	if err := writeAll(fd, text); err != nil {
		_ = unix.Unlinkat(d.fd, temp, 0)
		return "", d.pathError("write", temp, err)
	}
	return temp, nil
}

func writeAll(fd int, text []byte) error {
	n, err := unix.Write(fd, text)
	if err == nil && n < len(text) {
		err = unix.ENOSPC
	}
	return err
}

func (d *Dir) pathError(op, name string, err error) error {
	return &os.PathError{Op: op, Path: d.Path + "/" + name, Err: err}
}

// Name is the sandbox's name.
func (e *Entry) Name() string { return e.file[:len(e.file)-len(suffix)] }

// Replace writes what is known by now in place of what was.
func (e *Entry) Replace(r *Record) error {
	temp, err := e.dir.write(r)
	if err != nil {
		return err
	}
	if err := unix.Renameat(e.dir.fd, temp, e.dir.fd, e.file); err != nil {
		_ = unix.Unlinkat(e.dir.fd, temp, 0)
		return e.dir.pathError("rename", temp, err)
	}
	return nil
}

// End records how the sandbox ended, for who waits for that, and takes the record away
// unless the sandbox was detached.
func (e *Entry) End(end End) error {
	err := e.dir.end(e.file, end)
	if !e.kept {
		e.Drop()
	}
	return err
}

func (d *Dir) end(file string, end End) error {
	text := end.encode()
	fd, err := unix.Openat(d.fd, file, unix.O_WRONLY|unix.O_APPEND|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		err = writeAll(fd, text)
		unix.Close(fd)
	}
	if err != nil {
		return d.pathError("write", file, err)
	}
	return nil
}

// EndRecord is how a resident records the end.
func (e *Entry) EndRecord() *launcher.EndRecord {
	return &launcher.EndRecord{File: e.dir.Path + "/" + e.file, Before: `{"status":`, After: "}\n", Remove: !e.kept}
}

// Drop takes the record away: the sandbox was not started.
func (e *Entry) Drop() {
	_ = unix.Unlinkat(e.dir.fd, e.file, 0)
}

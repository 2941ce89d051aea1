package records

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
		return fmt.Sprintf("the name %q is taken: %s (choose another name with --name; if that sandbox has ended, remove the file)", e.Name, e.Elsewhere)
	}
	return fmt.Sprintf("a sandbox named %q runs already, launched by process %d (nslaunch exec %[1]s enters it; choose another name with --name, or number it with name.taken = \"number\")", e.Name, e.PID)
}

// Entry is a record that this process has written and takes away at the end.
type Entry struct {
	dir  *Dir
	file string
	// hint is the file, memory what others believe. The lock on each says that this process made it.
	hint, memory int
	kept         bool // the file stays after the end

	replaced *Record // of an ended sandbox that had the name; nil if there was none, or the command runs
}

// Add writes the record of a sandbox under its name. If a running one has that, the
// error is a [*TakenError] or, if numbered, the name gets a number. The record of one that has ended makes way: [Entry.Drop] brings it
// back with its log, and both are gone for good once the command runs.
func (d *Dir) Add(r *Record, numbered bool) (*Entry, error) {
	var names []string
	for base, n := r.Name, 2; ; n++ {
		e, err := d.add(r)
		var taken *TakenError
		if err == nil {
			return e, nil
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
func (d *Dir) add(r *Record) (*Entry, error) {
	e := &Entry{dir: d, file: r.Name + suffix, kept: r.Detached, hint: -1, memory: -1}
	var temp string
	var err error
	if r.Detached {
		if r.LogID, err = logID(); err != nil {
			return nil, err
		}
		r.Log = logPath(r.Name, r.LogID)
	}
	// The memory comes first: a process that sees the file may ask for it.
	if e.memory, err = remember(r); err == nil {
		e.hint, temp, err = d.write(r.hint())
	}
	for err == nil {
		// Another launch may be faster after the name was freed.
		if err = d.rename(temp, e.file); err == nil {
			if !r.Started.IsZero() {
				e.forgetReplaced()
			}
			return e, nil
		}
		if err == unix.EEXIST {
			err = d.locked(func() error { return e.free(r.World) })
		}
	}
	e.restoreReplaced()
	if temp != "" {
		_ = unix.Unlinkat(d.fd, temp, 0)
	}
	e.close()
	return nil, err
}

func (d *Dir) rename(temp, file string) error {
	return unix.Renameat2(d.fd, temp, d.fd, file, unix.RENAME_NOREPLACE)
}

// write writes a record to a file without a name of a record, and locks it.
func (d *Dir) write(r *Record) (fd int, temp string, err error) {
	id, err := randomName()
	if err != nil {
		return -1, "", err
	}
	temp = "." + id
	fd, err = unix.Openat(d.fd, temp, unix.O_RDWR|unix.O_APPEND|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, "", d.pathError("create", temp, err)
	}
	if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = writeAll(fd, r.encode())
	}
	if err != nil {
		_ = unix.Unlinkat(d.fd, temp, 0)
		unix.Close(fd)
		return -1, "", d.pathError("write", temp, err)
	}
	return fd, temp, nil
}

// randomBytes are what a random name has.
const randomBytes = 8

// randomName returns a name that nobody else has, in hexadecimal digits.
func randomName() (string, error) {
	var id [randomBytes]byte
	if _, err := unix.Getrandom(id[:], 0); err != nil {
		return "", os.NewSyscallError("getrandom", err)
	}
	return fmt.Sprintf("%x", id), nil
}

// memoryName is what a memfd with a record is called.
const memoryName = "nslaunch-record"

// remember writes a record to a memfd, and locks that: the kernel shows others which process did. What comes
// to a process from elsewhere has no lock of its own.
func remember(r *Record) (int, error) {
	fd, err := unix.MemfdCreate(memoryName, unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(memoryName, unix.MFD_CLOEXEC)
	}
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = writeAll(fd, r.encode())
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("store the record of %q: %w", r.Name, err)
	}
	return fd, nil
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

// Begin adds what is known once the command runs.
func (e *Entry) Begin(r *Record) error {
	e.forgetReplaced()
	if err := writeAll(e.memory, r.begin()); err != nil {
		return fmt.Errorf("store how to enter %q: %w", r.Name, err)
	}
	if err := writeAll(e.hint, r.hint().begin()); err != nil {
		return e.dir.pathError("write", e.file, err)
	}
	return nil
}

// End records how the sandbox ended, for processes that wait for it, and takes the file away
// unless the sandbox was detached.
func (e *Entry) End(end End) error {
	text := end.encode()
	err := errors.Join(writeAll(e.memory, text), writeAll(e.hint, text))
	if !e.kept {
		e.unlink()
	}
	e.close()
	return err
}

// EndRecord is how a resident records the end.
func (e *Entry) EndRecord() *launcher.EndRecord {
	r := &launcher.EndRecord{Descriptors: []int{e.memory, e.hint}, Before: beforeStatus, After: afterStatus}
	if !e.kept {
		r.Remove = e.dir.Path + "/" + e.file
	}
	return r
}

// Drop takes the record away, because the sandbox was not started. What had the name before gets it back.
func (e *Entry) Drop() {
	e.unlink()
	e.restoreReplaced()
	e.close()
}

func (e *Entry) unlink() { _ = unix.Unlinkat(e.dir.fd, e.file, 0) }

// close gives up the locks, and with them the name.
func (e *Entry) close() {
	for _, fd := range []int{e.hint, e.memory} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

package state

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What is kept of detached sandboxes that have ended: so many, and for so long.
const (
	keptMost = 32
	keptFor  = 24 * time.Hour
)

// Found is a record as it was read.
type Found struct {
	*Record
	State State
	End   *End // of an ended one
	dir   *Dir
}

// List returns the caller's recorded sandboxes, by name, and the files that are no records. What
// killed launchers have left is cleared up first.
func List() ([]Found, []error) {
	var all []Found
	var problems []error
	for _, d := range Existing() {
		found, errs := d.list()
		all, problems = append(all, found...), append(problems, errs...)
	}
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Name, b.Name) })
	return all, problems
}

// list is List for one directory.
func (d *Dir) list() (found []Found, problems []error) {
	err := d.locked(func() error {
		here, err := Here()
		if err != nil {
			return err
		}
		files, err := d.files()
		if err != nil {
			return err
		}
		for _, file := range files {
			if strings.HasPrefix(file, ".") {
				d.dropUnfinished(file)
				continue
			}
			f, err := d.settle(file, here)
			if err != nil {
				problems = append(problems, err)
			} else if f.Record != nil {
				found = append(found, f)
			}
		}
		found = d.forget(found)
		return nil
	})
	if err != nil {
		problems = append(problems, err)
	}
	return found, problems
}

// settle reads a record, and does for a launcher that was killed what that could not: of a detached
// sandbox it notes the end, any other one it takes away. No record is left then.
func (d *Dir) settle(file string, here World) (Found, error) {
	r, e, state, err := d.judge(file, here)
	if errors.Is(err, unix.ENOENT) {
		return Found{}, nil
	}
	if err != nil {
		return Found{}, err
	}
	if state == dead && r.Detached && r.Target != nil {
		e = &End{Status: 128 + int(unix.SIGKILL), Killed: true}
		if err := d.end(file, *e); err != nil {
			return Found{}, err
		}
		state = Ended
	}
	if state == dead {
		return Found{}, d.remove(r)
	}
	return Found{r, state, e, d}, nil
}

// judge reads a record and says what it and the kernel tell. One that seems to have been left is read once
// more: its launcher may have noted the end after the first reading, and ended before it was looked for.
func (d *Dir) judge(file string, here World) (*Record, *End, State, error) {
	r, e, err := d.read(file)
	if err != nil {
		return nil, nil, "", err
	}
	state := stateOf(r, e, here)
	if state != dead {
		return r, e, state, nil
	}
	if r, e, err = d.read(file); err != nil {
		return nil, nil, "", err
	}
	return r, e, stateOf(r, e, here), nil
}

// forget takes away what has ended long ago, or before many others.
func (d *Dir) forget(found []Found) []Found {
	ended := slices.DeleteFunc(slices.Clone(found), func(f Found) bool { return f.State != Ended })
	slices.SortFunc(ended, func(a, b Found) int { return b.Started.Compare(a.Started) })
	for i, f := range ended {
		if i < keptMost && time.Since(d.changed(f.Name+suffix)) < keptFor {
			continue
		}
		if d.remove(f.Record) == nil {
			found = slices.DeleteFunc(found, func(o Found) bool { return o.Name == f.Name })
		}
	}
	return found
}

// remove takes a record away, and the output that goes with it.
func (d *Dir) remove(r *Record) error {
	if err := unix.Unlinkat(d.fd, r.Name+suffix, 0); err != nil && err != unix.ENOENT {
		return d.pathError("remove", r.Name+suffix, err)
	}
	if r.Log != "" {
		_ = os.Remove(r.Log)
	}
	return nil
}

// dropUnfinished takes away what somebody was killed at writing.
func (d *Dir) dropUnfinished(file string) {
	if time.Since(d.changed(file)) > time.Minute {
		_ = unix.Unlinkat(d.fd, file, 0)
	}
}

func (d *Dir) changed(file string) time.Time {
	var st unix.Stat_t
	if unix.Fstatat(d.fd, file, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return time.Now()
	}
	return time.Unix(st.Mtim.Unix())
}

// files lists the names in the directory.
func (d *Dir) files() ([]string, error) {
	fd, err := unix.Openat(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, d.pathError("open", ".", err)
	}
	f := os.NewFile(uintptr(fd), d.Path)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	return slices.DeleteFunc(names, func(n string) bool {
		return !strings.HasPrefix(n, ".") && !strings.HasSuffix(n, suffix)
	}), err
}

// maxRecord bounds a record: an environment is bounded by the kernel at 6 MiB.
const maxRecord = 16 << 20

// read reads a record's file.
func (d *Dir) read(file string) (*Record, *End, error) {
	f, err := d.openFile(file)
	if err != nil {
		return nil, nil, d.pathError("open", file, err)
	}
	defer f.Close()
	r, e, err := readFile(f)
	if err == nil && r.Name+suffix != file {
		err = errors.New("the record of another name")
	}
	if err != nil {
		return nil, nil, d.pathError("read", file, err)
	}
	return r, e, nil
}

func (d *Dir) openFile(file string) (*os.File, error) {
	fd, err := unix.Openat(d.fd, file, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), file), nil
}

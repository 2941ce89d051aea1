package records

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// What is kept of detached sandboxes that have ended: so many, and for so long.
const (
	keptMost = 32
	keptFor  = 24 * time.Hour
)

// Found is a recorded sandbox. Of one that runs or is being started, the record is the launcher's own; of any other,
// it is what a file says, which anybody may have written who can write to the directory.
type Found struct {
	*Record
	State State
	Why   string // nothing can be said of it, if so
	dir   *Dir
}

// List returns the caller's recorded sandboxes, by name, and the files that are not records. What
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

// list is List for one directory. A process that keeps the lock on it, as a sandbox might, keeps others from clearing up, and not
// from reading.
func (d *Dir) list() (found []Found, problems []error) {
	var held *lockError
	err := d.locked(func() (err error) {
		found, problems, err = d.all(d.settle)
		found = d.forget(found)
		return err
	})
	if errors.As(err, &held) {
		found, problems, _ = d.all(d.judge)
		found = slices.DeleteFunc(found, func(f Found) bool { return f.State == dead })
	}
	if err != nil {
		problems = append(problems, err)
	}
	return found, problems
}

// all looks at every record.
func (d *Dir) all(look func(file string, here World) (Found, error)) (found []Found, problems []error, err error) {
	here, err := Here()
	if err != nil {
		return nil, nil, err
	}
	files, err := d.files()
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		if strings.HasPrefix(file, ".") {
			d.dropUnfinished(file)
			continue
		}
		f, err := look(file, here)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			problems = append(problems, err)
		} else if f.Record != nil {
			found = append(found, f)
		}
	}
	return found, problems, nil
}

// settle reads a record, and does for a launcher that was killed what that could not: of a detached
// sandbox it notes the end, any other one it takes away. No record is left then.
func (d *Dir) settle(file string, here World) (Found, error) {
	f, err := d.judge(file, here)
	if errors.Is(err, unix.ENOENT) {
		return Found{}, nil
	}
	if err != nil {
		return Found{}, err
	}
	if f.noteKilled() {
		if err := d.end(file, *f.End); err != nil {
			return Found{}, err
		}
	}
	if f.State == dead {
		return Found{}, d.remove(f.Record)
	}
	return f, nil
}

// noteKilled sets the end of a detached sandbox whose launcher was killed, and reports whether it is one.
func (f *Found) noteKilled() bool {
	killed := f.State == dead && f.Version == Version && f.Detached && !f.Started.IsZero()
	if killed {
		f.End, f.State = &End{Status: 128 + int(unix.SIGKILL), Killed: true}, Ended
	}
	return killed
}

// end notes in a file how a sandbox ended.
func (d *Dir) end(file string, end End) error {
	fd, err := unix.Openat(d.fd, file, unix.O_WRONLY|unix.O_APPEND|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == nil {
		err = writeAll(fd, end.encode())
		unix.Close(fd)
	}
	if err != nil {
		return d.pathError("write", file, err)
	}
	return nil
}

// looks is how often a record is looked at that nobody stands behind: its launcher may be ending, and note that.
const looks = 3

// judge returns what the kernel and the launcher say about a record.
func (d *Dir) judge(file string, here World) (Found, error) {
	for n := 1; ; n++ {
		f, err := d.look(file, here)
		if err != nil || n == looks || f.State != dead && f.State != Unproven {
			return f, err
		}
		if f.State == Unproven {
			time.Sleep(time.Millisecond)
		}
	}
}

func (d *Dir) look(file string, here World) (Found, error) {
	fd, err := d.openFile(file)
	if err != nil {
		return Found{}, d.pathError("open", file, err)
	}
	defer unix.Close(fd)
	// The lock before the text: who has given it up writes no more.
	held := unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB) != nil
	r, err := readRecord(fd, longestHint)
	if err == nil && r.Name+suffix != file {
		err = errors.New("the record of another name")
	}
	if err != nil {
		return Found{}, d.pathError("read", file, err)
	}
	f := Found{Record: r, dir: d}
	switch {
	case r.Version != Version:
		f.State, f.Why = Elsewhere, "another version of nslaunch launched it, according to "+d.Path+"/"+file
		if !held && r.World.PID == here.PID && r.Launcher.Gone() { // versions before this one had no lock
			f.State = dead
		}
	case !held && r.End != nil && r.Detached:
		f.State, r.Log = Ended, logPath(r.Name, r.LogID)
	case !held:
		f.State = dead
	case r.World != here:
		f.State, f.Why = Elsewhere, "it was launched in another pid or time namespace, according to "+d.Path+"/"+file
	default:
		p, err := prove(r)
		if err != nil {
			f.State, f.Why = Unproven, "no launcher confirms its record, "+d.Path+"/"+file+": "+err.Error()
			break
		}
		p.close()
		f.Record, f.State = p.Record, Starting
		if p.Target != nil {
			f.State = Running
		}
	}
	return f, nil
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
	if err := d.unlink(r.Name + suffix); err != nil {
		return err
	}
	if r.Detached {
		r.forgetLog()
	}
	return nil
}

// unlink removes a file of the directory, if it is there.
func (d *Dir) unlink(file string) error {
	if err := unix.Unlinkat(d.fd, file, 0); err != nil && err != unix.ENOENT {
		return d.pathError("remove", file, err)
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

// files lists the names of records and unfinished ones in the directory. What else is there is nobody's.
func (d *Dir) files() ([]string, error) {
	fd, err := unix.Openat(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, d.pathError("open", ".", err)
	}
	f := os.NewFile(uintptr(fd), d.Path)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	return slices.DeleteFunc(names, func(n string) bool {
		name, ok := strings.CutSuffix(n, suffix)
		return !strings.HasPrefix(n, ".") && !(ok && config.SoundName(name))
	}), err
}

// Bounds of records, in bytes: of a file, and of what a launcher holds. An environment is bounded by the kernel at 6 MiB.
const (
	longestHint   = 64 << 10
	longestRecord = 16 << 20
)

// openFile opens a regular file, and waits for nothing: a FIFO or a device may have been put there.
func (d *Dir) openFile(file string) (int, error) {
	fd, err := unix.Openat(d.fd, file, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errors.New("not a regular file")
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// readRecord reads a record from its beginning, whatever was read of it before.
func readRecord(fd, longest int) (*Record, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Size > int64(longest) {
		return nil, fmt.Errorf("%w: it has %d bytes", errNoRecord, st.Size)
	}
	text := make([]byte, st.Size)
	n := 0
	for n < len(text) {
		m, err := unix.Pread(fd, text[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if m == 0 {
			break
		}
		n += m
	}
	return decode(text[:n])
}

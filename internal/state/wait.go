package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNone says that no sandbox of a name is recorded.
var ErrNone = errors.New("no sandbox of that name")

// Find returns the sandbox of a name, a running one before one that has ended.
func Find(name string) (Found, error) {
	all, problems := List()
	var found *Found
	for i := range all {
		if f := &all[i]; f.Name == name && (found == nil || found.State == Ended) {
			found = f
		}
	}
	if found == nil {
		return Found{}, errors.Join(append(problems, fmt.Errorf("%w: %q (nslaunch ps lists those that run)", ErrNone, name))...)
	}
	return *found, nil
}

// Wait returns once the sandbox has ended, with how. Of one that was being started and failed, and of
// one whose launcher was killed, it has what is told then.
func (f *Found) Wait() (End, error) {
	if f.State == Ended {
		return *f.End, nil
	}
	if f.State == Elsewhere {
		return End{}, fmt.Errorf("%q %s: its end cannot be seen from here", f.Name, f.elsewhere())
	}
	pidfd, err := f.Launcher.Open()
	switch {
	case err == unix.ESRCH:
		pidfd = -1 // it has ended since
	case err != nil:
		return End{}, err
	default:
		defer unix.Close(pidfd)
	}
	file, err := f.latest(pidfd)
	if err != nil {
		return End{}, err
	}
	if file == nil && f.State == Starting {
		return End{}, fmt.Errorf("%q was not started", f.Name)
	}
	if file == nil {
		return End{}, fmt.Errorf("%q has ended, and how is not known any more", f.Name)
	}
	defer file.Close()
	await(pidfd, -1)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return End{}, err
	}
	// The file has been taken away, and is open still.
	_, end, err := readFile(file)
	if err == nil && end == nil {
		end = &End{Status: 128 + int(unix.SIGKILL), Killed: true}
	}
	if err != nil {
		return End{}, err
	}
	return *end, nil
}

// latest opens the record of the command that runs: that of one which was being started is
// replaced. nil: it was not started.
func (f *Found) latest(pidfd int) (*os.File, error) {
	for {
		over := await(pidfd, 0)
		file, err := f.dir.openFile(f.Name + suffix)
		if err == unix.ENOENT {
			return nil, nil
		}
		if err != nil {
			return nil, f.dir.pathError("open", f.Name+suffix, err)
		}
		r, _, err := readFile(file)
		if err != nil || r.Launcher != f.Launcher {
			file.Close()
			return nil, err
		}
		if r.Target != nil {
			return file, nil
		}
		file.Close()
		if over {
			return nil, nil
		}
		await(pidfd, 10*time.Millisecond)
	}
}

// await waits for the end of a process, for as long as patience has it, forever if that is
// negative. It tells whether the process has ended.
func await(pidfd int, patience time.Duration) bool {
	if pidfd < 0 {
		return true
	}
	deadline := time.Now().Add(patience)
	for {
		left := -1
		if patience >= 0 {
			left = int(max(0, time.Until(deadline).Milliseconds()))
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, left)
		if n > 0 {
			return true
		}
		if err != unix.EINTR {
			return false
		}
	}
}

func readFile(f *os.File) (*Record, *End, error) {
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return nil, nil, err
	}
	return decode(text)
}

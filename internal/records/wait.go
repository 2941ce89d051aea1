package records

import (
	"errors"
	"fmt"
	"time"

	"github.com/nslaunch/nslaunch/internal/nearest"
	"golang.org/x/sys/unix"
)

// ErrNone says that no sandbox of a name is recorded.
var ErrNone = errors.New("no sandbox of that name")

// Find returns the sandbox of a name: a running one before one of which nothing can be said, and that before one that has
// ended.
func Find(name string) (Found, error) {
	all, problems := List()
	rank := func(f *Found) int {
		switch f.State {
		case Running, Starting:
			return 0
		case Ended:
			return 2
		}
		return 1
	}
	var found *Found
	for i := range all {
		if f := &all[i]; f.Name == name && (found == nil || rank(f) < rank(found)) {
			found = f
		}
	}
	if found == nil {
		hint := "nslaunch ps lists those that run"
		if meant := nearest.Of(name, namesOfRunning(all)); meant != "" {
			hint = fmt.Sprintf("did you mean %q?", meant)
		}
		return Found{}, errors.Join(append(problems, fmt.Errorf("%w: %q (%s)", ErrNone, name, hint))...)
	}
	return *found, nil
}

// namesOfRunning returns the names of sandboxes that run. A mistyped name was probably meant as one of them.
func namesOfRunning(all []Found) (names []string) {
	for i := range all {
		if f := &all[i]; f.State == Running {
			names = append(names, f.Name)
		}
	}
	return names
}

// Wait returns once the sandbox has ended, with how. Of one that was being started and failed, and of
// one whose launcher was killed, it returns what is known then.
func (f *Found) Wait() (End, error) {
	switch f.State {
	case Ended:
		return *f.End, nil
	case Elsewhere, Unproven:
		return End{}, fmt.Errorf("the end of %q cannot be seen: %s", f.Name, f.Why)
	}
	p, err := prove(f.Record)
	if err == unix.ESRCH { // it has ended since: what is kept of it is a file
		return f.ended()
	}
	if err != nil {
		return End{}, fmt.Errorf("the end of %q cannot be seen: %w", f.Name, err)
	}
	defer p.close()
	await(p.pidfd, -1)
	// What the launcher held is open here still.
	r, err := readRecord(p.memory, longestRecord)
	switch {
	case err != nil:
		return End{}, err
	case r.Started.IsZero():
		return End{}, fmt.Errorf("%q was not started", f.Name)
	case r.End == nil:
		return End{Status: 128 + int(unix.SIGKILL), Killed: true}, nil
	}
	return *r.End, nil
}

// ended is how a sandbox ended whose launcher has gone.
func (f *Found) ended() (e End, err error) {
	err = f.dir.locked(func() error {
		here, err := Here()
		if err != nil {
			return err
		}
		again, err := f.dir.settle(f.Name+suffix, here)
		if err != nil {
			return err
		}
		if again.Record == nil || again.Launcher != f.Launcher || again.End == nil {
			return fmt.Errorf("%q has ended, and its exit status is no longer known", f.Name)
		}
		e = *again.End
		return nil
	})
	return e, err
}

// await waits for the end of a process, for as long as patience allows, forever if that is
// negative. It reports whether the process has ended.
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

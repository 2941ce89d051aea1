package records

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// free takes away the record of a sandbox that has the name and does not run. That of one that ended is kept in memory, and its log
// stays, until it is known whether the new one starts.
func (e *Entry) free(here World) error {
	f, err := e.dir.judge(e.file, here)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return fmt.Errorf("the name %q is taken: %w (choose another name with --name, or remove that file)", e.Name(), err)
	}
	f.noteKilled()
	switch f.State {
	case Ended:
		if err := e.dir.unlink(e.file); err != nil {
			return err
		}
		e.forgetReplaced() // another launch took the name meanwhile, and has ended
		e.replaced = f.Record
		return nil
	case dead:
		return e.dir.remove(f.Record)
	case Elsewhere, Unproven:
		return &TakenError{e.Name(), f.Launcher.PID, f.Why}
	}
	return &TakenError{Name: e.Name(), PID: f.Launcher.PID}
}

// restoreReplaced writes the record again that had the name before. If another launch has taken the name, its log goes.
func (e *Entry) restoreReplaced() {
	if e.replaced == nil {
		return
	}
	fd, temp, err := e.dir.write(e.replaced.hint())
	if err == nil {
		unix.Close(fd) // its lock would say that the sandbox runs
		if err = e.dir.rename(temp, e.file); err == nil {
			e.replaced = nil
			return
		}
		_ = unix.Unlinkat(e.dir.fd, temp, 0)
	}
	e.forgetReplaced()
}

// forgetReplaced removes the log of what had the name before.
func (e *Entry) forgetReplaced() {
	if e.replaced != nil {
		e.replaced.forgetLog()
		e.replaced = nil
	}
}

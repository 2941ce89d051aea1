package main

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
)

// recorder keeps the record of the sandbox that this process launches. What is written before the
// command runs keeps others from taking the name; where a number will do, nothing is written before the command has
// run for a moment.
type recorder struct {
	voice      *cli.Voice
	profile    *config.Profile
	command    []string
	supervisor *supervisor // of a detached sandbox; else nil

	record *records.Record
	entry  *records.Entry
	runs   bool // the command does, or did
}

// reserve takes the name, if that matters before the command runs.
func (r *recorder) reserve() error {
	if r == nil || r.profile.Taken == config.TakenNumber && r.supervisor == nil {
		return nil
	}
	err := r.add()
	if err == nil && r.supervisor != nil {
		if err = r.supervisor.open(r.record); err != nil {
			r.failed()
		}
	}
	return err
}

// reserved reports whether there is a record already.
func (r *recorder) reserved() bool { return r != nil && r.entry != nil }

func (r *recorder) add() error {
	dir, err := records.Make()
	if err != nil {
		return err
	}
	if err := r.describe(); err != nil {
		return err
	}
	r.entry, err = dir.Add(r.record, r.profile.Taken == config.TakenNumber)
	if err != nil {
		dir.Close()
	}
	return err
}

// describe makes the record, unless it is made.
func (r *recorder) describe() (err error) {
	if r.record != nil {
		return nil
	}
	if r.record, err = records.New(r.profile.Name); err != nil {
		return err
	}
	r.record.Profile, r.record.Command = absolute(r.profile.File), r.command
	if r.profile.OfDirectory() {
		r.record.Dir, _ = os.Getwd()
	}
	r.record.StopTimeout, r.record.Detached = r.profile.Process.StopTimeout, r.supervisor != nil
	return nil
}

// replace notes that another command runs than the one that the record was made for.
func (r *recorder) replace(command []string) {
	if r != nil {
		r.command = command
		if r.record != nil {
			r.record.Command = command
		}
	}
}

// absolute is the path of a profile from everywhere.
func absolute(file string) string {
	if file == "" || file == "-" || config.IsPreset(file) {
		return file
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	return path
}

// started records how to enter what runs now. A sandbox whose name may get a number runs also where it
// cannot be recorded, and is then in no list.
func (r *recorder) started(p launcher.Process) {
	if r == nil || r.describe() != nil {
		return
	}
	r.runs = true
	r.record.Target, r.record.Started = &p.Target, now()
	if r.entry == nil {
		_ = r.add()
	} else if err := r.entry.Begin(r.record); err != nil {
		r.voice.Warnf("the sandbox cannot be entered by name: %s", err)
	}
	if r.supervisor != nil {
		r.supervisor.leave(r.name())
	}
}

// ended records the end, or takes back what was reserved for what never ran.
func (r *recorder) ended(status int) {
	switch {
	case r == nil || r.entry == nil:
	case r.runs:
		_ = r.entry.End(records.End{Status: status}) // a record that was removed by hand is as good
	default:
		r.failed()
	}
}

// end is what a resident does to record the end.
func (r *recorder) end() *launcher.EndRecord {
	if r == nil || r.entry == nil {
		return nil
	}
	return r.entry.EndRecord()
}

// failed takes back what was reserved.
func (r *recorder) failed() {
	if r != nil && r.entry != nil {
		r.entry.Drop()
		if r.supervisor != nil {
			r.record.RemoveLog()
		}
	}
}

// streams gives the command of a detached sandbox its own.
func (r *recorder) streams(o *launcher.Options) {
	if r != nil && r.supervisor != nil {
		o.Stdin, o.Stdout, o.Stderr = r.supervisor.null, r.supervisor.log, r.supervisor.log
	}
}

// name is what the sandbox is called.
func (r *recorder) name() string {
	if r.entry != nil {
		return r.entry.Name()
	}
	return cmp.Or(r.profile.Name, "nslaunch")
}

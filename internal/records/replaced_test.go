package records

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ended records a detached sandbox with a log, and its end; without one its launcher was killed.
func ended(t *testing.T, d *Dir, name string, end *End) *Record {
	t.Helper()
	r := running(t, name)
	r.Detached = true
	e, err := d.Add(r, false)
	if err != nil {
		t.Fatal(err)
	}
	createLog(t, r)
	if end == nil {
		e.killed()
	} else if err := e.End(*end); err != nil {
		t.Fatal(err)
	}
	return r
}

// createLog gives a record a log that nothing is written to.
func createLog(t *testing.T, r *Record) {
	t.Helper()
	log, holds, err := r.CreateLog()
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	holds.Close()
}

// A sandbox that does not start gives the name and the log back to the one that had them. One that starts replaces it.
func TestReplaced(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for name, end := range map[string]*End{"ended": {Status: 3}, "killed": nil} {
		t.Run(name, func(t *testing.T) {
			d := testDir(t)
			old := ended(t, d, name, end)
			for _, detached := range []bool{false, true} {
				next := running(t, name)
				next.Target, next.Started, next.Detached = nil, time.Time{}, detached
				e, err := d.Add(next, false)
				if err != nil || names(t, d)[name] != Starting {
					t.Fatalf("%v, %v", err, names(t, d))
				}
				e.Drop()
				f, err := d.judge(name+suffix, next.World)
				if err != nil || f.State != Ended || f.LogID != old.LogID || !f.Started.Equal(old.Started) || end != nil && *f.End != *end || end == nil && !f.End.Killed {
					t.Fatalf("after a failed start: %+v, %v", f, err)
				}
				if _, err := os.Stat(f.Log); err != nil {
					t.Errorf("after a failed start: %v", err)
				}
			}
			// Another launch has the name by the time that this one fails.
			next := running(t, name)
			next.Target, next.Started = nil, time.Time{}
			e, err := d.Add(next, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Begin(running(t, name)); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(old.Log); !os.IsNotExist(err) {
				t.Errorf("after a start: %v", err)
			}
			if err := e.End(End{}); err != nil || len(names(t, d)) != 0 {
				t.Errorf("in the end: %v, %v", err, names(t, d))
			}
			if files, _ := filepath.Glob(d.Path + "/.*"); len(files) != 0 {
				t.Errorf("files are left: %v", files)
			}
		})
	}
}

// A launch that is faster keeps the name, and nobody asks for the old log any more.
func TestReplacedTwice(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d := testDir(t)
	old := ended(t, d, "a", &End{})
	slow := running(t, "a")
	slow.Target, slow.Started = nil, time.Time{}
	e, err := d.Add(slow, false)
	if err != nil {
		t.Fatal(err)
	}
	e.unlink()
	fast, err := d.Add(running(t, "a"), false)
	if err != nil {
		t.Fatal(err)
	}
	e.restoreReplaced()
	e.close() // what this process holds for both would be taken for one
	if names(t, d)["a"] != Running {
		t.Errorf("%v", names(t, d))
	}
	if _, err := os.Stat(old.Log); !os.IsNotExist(err) {
		t.Errorf("the log is left: %v", err)
	}
	if err := fast.End(End{}); err != nil {
		t.Error(err)
	}
}

package records

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher"
)

// testDir is a directory of records of the test's own.
func testDir(t *testing.T) *Dir {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nslaunch")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// running is the record of a sandbox of this process.
func running(t *testing.T, name string) *Record {
	t.Helper()
	r, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	r.Target, r.Started = &launcher.Target{Process: process.Process{PID: 1<<22 + 1}}, time.Now().Round(0) // it has ended
	return r
}

// names lists what a directory has, and in which state.
func names(t *testing.T, d *Dir) map[string]State {
	t.Helper()
	found, problems := d.list()
	for _, err := range problems {
		t.Error(err)
	}
	list := map[string]State{}
	for _, f := range found {
		list[f.Name] = f.State
	}
	return list
}

func TestLife(t *testing.T) {
	d := testDir(t)
	starting := running(t, "a")
	starting.Target, starting.Started = nil, time.Time{}
	entry, err := d.Add(starting, false)
	if err != nil || names(t, d)["a"] != Starting {
		t.Fatalf("%v, %v", err, names(t, d))
	}
	if err := entry.Begin(running(t, "a")); err != nil || names(t, d)["a"] != Running {
		t.Fatalf("%v, %v", err, names(t, d))
	}
	var taken *TakenError
	if _, err := d.Add(running(t, "a"), false); !errors.As(err, &taken) || taken.PID != os.Getpid() {
		t.Errorf("a second one: %v", err)
	}
	second, err := d.Add(running(t, "a"), true)
	if err != nil || second.Name() != "a.2" {
		t.Errorf("a numbered one: %v", err)
	}
	if err := entry.End(End{Status: 3}); err != nil {
		t.Error(err)
	}
	second.Drop()
	if got := names(t, d); len(got) != 0 {
		t.Errorf("in the end: %v", got)
	}
	if files, _ := os.ReadDir(d.Path); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}

// killed gives up what a launcher holds that is killed.
func (e *Entry) killed() { e.close() }

// The lock distinguishes records that others left from those of running sandboxes, wherever these ran.
func TestLeft(t *testing.T) {
	for name, test := range map[string]struct {
		change func(r *Record)
		held   bool
		want   State // "": it is taken away
	}{
		"killed":    {func(r *Record) {}, false, ""},
		"detached":  {func(r *Record) { r.Detached = true }, false, Ended},
		"unstarted": {func(r *Record) { r.Detached, r.Target, r.Started = true, nil, time.Time{} }, false, ""},
		"pid":       {func(r *Record) { r.World.PID++ }, true, Elsewhere},
		"time":      {func(r *Record) { r.World.Time++ }, true, Elsewhere},
		"version":   {func(r *Record) { r.Version++ }, true, Elsewhere},
		"recycled":  {func(r *Record) { r.Launcher.Start-- }, true, Unproven},
		"mine":      {func(r *Record) {}, true, Running},
		// Of another pid namespace, which may be gone, no pid says anything: the lock does.
		"dead-pid":     {func(r *Record) { r.World.PID++ }, false, ""},
		"dead-time":    {func(r *Record) { r.World.Time++; r.Detached = true }, false, Ended},
		"dead-version": {func(r *Record) { r.Version++; r.Launcher.Start-- }, false, ""},
	} {
		d := testDir(t)
		r := running(t, name)
		test.change(r)
		e, err := d.Add(r, false)
		if err != nil {
			t.Fatal(err)
		}
		if !test.held {
			e.killed()
		}
		if got := names(t, d)[name]; got != test.want {
			t.Errorf("%s: %q; want %q", name, got, test.want)
		}
		if _, err := os.Stat(filepath.Join(d.Path, name+suffix)); (err == nil) != (test.want != "") {
			t.Errorf("%s: the file: %v", name, err)
		}
		// What is given up gives its name up.
		_, err = d.Add(running(t, name), false)
		var taken *TakenError
		if free := test.want == "" || test.want == Ended; free != (err == nil) || !free && !errors.As(err, &taken) {
			t.Errorf("%s: another one: %v", name, err)
		}
	}
}

// A version that took no locks wrote these. What runs of it is left alone, and the rest is taken away.
func TestEarlierVersion(t *testing.T) {
	here, err := Here()
	if err != nil {
		t.Fatal(err)
	}
	self, err := process.At(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		start uint64
		want  State
	}{{self.Start, Elsewhere}, {self.Start - 1, ""}} {
		d := testDir(t)
		text := fmt.Sprintf(`{"version":1,"name":"old","world":{"boot":"x","pid":%d,"time":%d},"launcher":{"pid":%d,"start":%d},"command":[]}`+"\n",
			here.PID, here.Time, self.PID, test.start)
		if err := os.WriteFile(filepath.Join(d.Path, "old.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := names(t, d)["old"]; got != test.want {
			t.Errorf("started at %d: %q; want %q", test.start, got, test.want)
		}
	}
}

// A launcher that ends while its record is looked at has told how.
func TestEndRace(t *testing.T) {
	for range 200 {
		d := testDir(t)
		r := running(t, "race")
		r.Detached = true
		e, err := d.Add(r, false)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- e.End(End{Status: 9}) }()
		for over := false; !over; {
			select {
			case err := <-done:
				if over = true; err != nil {
					t.Fatal(err)
				}
			default:
			}
			found, problems := d.list()
			if len(found) != 1 || len(problems) > 0 {
				t.Fatalf("%v, %v", found, problems)
			}
			if f := found[0]; f.State == Ended && f.End.Status != 9 || f.State != Running && f.State != Ended || over && f.State != Ended {
				t.Fatalf("%s, %+v, %s", f.State, f.End, f.Why)
			}
		}
	}
}

// Of what has ended, so much is kept, with its output.
func TestForget(t *testing.T) {
	d := testDir(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // root's is elsewhere, and its names are of this test alone
	for i := range keptMost + 5 {
		r := running(t, "forgotten"+strings.Repeat("x", i))
		r.Detached, r.Started = true, time.Unix(int64(i), 0)
		e, err := d.Add(r, false)
		if err != nil {
			t.Fatal(err)
		}
		createLog(t, r)
		if err := e.End(End{}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			names(t, d)
			t.Cleanup(func() {
				if _, err := os.Stat(r.Log); !os.IsNotExist(err) {
					t.Errorf("the output of one that was forgotten: %v", err)
				}
			})
		}
	}
	got := names(t, d)
	if _, there := got["forgotten"]; there || len(got) != keptMost {
		t.Errorf("%d are kept, the oldest of them: %v", len(got), there)
	}
	old := time.Now().Add(-2 * keptFor)
	if err := os.Chtimes(filepath.Join(d.Path, "forgotten"+strings.Repeat("x", keptMost)+suffix), old, old); err != nil {
		t.Fatal(err)
	}
	if got := names(t, d); len(got) != keptMost-1 {
		t.Errorf("%d are kept after a day", len(got))
	}
}

// A directory that others made, or may look into, is not used.
func TestDirRefused(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(testDir(t).Path, link); err != nil {
		t.Fatal(err)
	}
	open755 := filepath.Join(dir, "open")
	if err := os.Mkdir(open755, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	paths := []string{link, open755, file, filepath.Join(dir, "missing")}
	if os.Getuid() == 0 {
		other := filepath.Join(dir, "other")
		if err := errors.Join(os.Mkdir(other, 0o700), os.Chown(other, 1, 1)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, other)
	}
	for _, path := range paths {
		if d, err := open(path); err == nil {
			t.Errorf("%s is used", d.Path)
		}
	}
}

func TestCandidates(t *testing.T) {
	for _, test := range []struct {
		uid     int
		runtime string
		want    string
	}{
		{0, "", "/run/nslaunch /run/user/0/nslaunch /tmp/nslaunch-0 /s/run"},
		{0, "/run/user/0", "/run/nslaunch /run/user/0/nslaunch /tmp/nslaunch-0 /s/run"},
		{7, "/x", "/x/nslaunch /run/user/7/nslaunch /tmp/nslaunch-7 /s/run"},
		{7, "x", "/run/user/7/nslaunch /tmp/nslaunch-7 /s/run"},
	} {
		if got := strings.Join(candidates(test.uid, test.runtime, "/s"), " "); got != test.want {
			t.Errorf("candidates(%d, %q) = %s; want %s", test.uid, test.runtime, got, test.want)
		}
	}
}

// Of many that want a name that was given up, one gets it.
func TestOneOfMany(t *testing.T) {
	d := testDir(t)
	for range 50 {
		left := running(t, "one")
		e, err := d.Add(left, false)
		if err != nil {
			t.Fatal(err)
		}
		e.killed()
		results := make(chan error)
		entries := make(chan *Entry, 1)
		for range 8 {
			r := running(t, "one")
			own, err := open(d.Path)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer own.Close()
				e, err := own.Add(r, false)
				if err == nil {
					entries <- e
				}
				results <- err
			}()
		}
		won := 0
		for range 8 {
			var taken *TakenError
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.As(err, &taken):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d have the name", won)
		}
		(<-entries).killed()
		if err := os.Remove(filepath.Join(d.Path, "one"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
}

// Who is stopped with the lock keeps others from it for a while, not for ever.
func TestLockedForLong(t *testing.T) {
	defer func(d time.Duration) { lockPatience = d }(lockPatience)
	lockPatience = 20 * time.Millisecond
	d := testDir(t)
	e, err := d.Add(running(t, "locked"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Drop()
	other, err := open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.locked(func() error {
		found, problems := d.list()
		if len(found) != 1 || found[0].State != Running {
			t.Errorf("found %v; want what runs all the same", found)
		}
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), "held the lock for 20ms") {
			t.Errorf("told %v; want that the lock is held", problems)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, problems := d.list(); len(problems) != 0 {
		t.Error(problems)
	}
}

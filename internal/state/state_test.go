package state

import (
	"errors"
	"os"
	"os/exec"
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
	r.Target, r.Started = &launcher.Target{Process: r.Launcher}, time.Now().Round(0)
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
	starting.Target = nil
	entry, err := d.Add(starting, false)
	if err != nil || names(t, d)["a"] != Starting {
		t.Fatalf("%v, %v", err, names(t, d))
	}
	if err := entry.Replace(running(t, "a")); err != nil || names(t, d)["a"] != Running {
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

// What others have left is told from what runs: another boot, a pid that is another's, another world.
func TestLeft(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(r *Record)
		want   State // "": it is taken away
	}{
		"boot":      {func(r *Record) { r.World.Boot = "other" }, ""},
		"recycled":  {func(r *Record) { r.Launcher.Start-- }, ""},
		"killed":    {func(r *Record) { r.Launcher.PID = ended.Process.Pid }, ""},
		"detached":  {func(r *Record) { r.Launcher.Start--; r.Detached = true }, Ended},
		"unstarted": {func(r *Record) { r.Launcher.Start--; r.Detached = true; r.Target = nil }, ""},
		"pid":       {func(r *Record) { r.World.PID++ }, Elsewhere},
		"time":      {func(r *Record) { r.World.Time++ }, Elsewhere},
		"version":   {func(r *Record) { r.Version++; r.Launcher.Start-- }, Elsewhere},
		"mine":      {func(r *Record) {}, Running},
	} {
		d := testDir(t)
		r := running(t, name)
		test.change(r)
		if _, err := d.Add(r, false); err != nil {
			t.Fatal(err)
		}
		if got := names(t, d)[name]; got != test.want {
			t.Errorf("%s: %q; want %q", name, got, test.want)
		}
		if _, err := os.Stat(filepath.Join(d.Path, name+suffix)); (err == nil) != (test.want != "") {
			t.Errorf("%s: the file: %v", name, err)
		}
		// What is given up gives its name up.
		_, err := d.Add(running(t, name), false)
		var taken *TakenError
		if free := test.want == "" || test.want == Ended; free != (err == nil) || !free && !errors.As(err, &taken) {
			t.Errorf("%s: another one: %v", name, err)
		}
	}
}

// A launcher that ended between two looks at its record has told how.
func TestEndRace(t *testing.T) {
	for range 200 {
		d := testDir(t)
		r := running(t, "race")
		cmd := exec.Command("sh", "-c", `read line; printf '{"status":9}\n' >>"$0"`, filepath.Join(d.Path, "race.json"))
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if r.Launcher, err = process.At(cmd.Process.Pid); err != nil {
			t.Fatal(err)
		}
		r.Detached = true
		if _, err := d.Add(r, false); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { stdin.Close(); _ = cmd.Wait(); close(done) }()
		for over := false; !over; {
			select {
			case <-done:
				over = true
			default:
			}
			found, problems := d.list()
			if len(found) != 1 || len(problems) > 0 {
				t.Fatalf("%v, %v", found, problems)
			}
			if f := found[0]; f.State == Ended && f.End.Status != 9 || over && f.State != Ended {
				t.Fatalf("%s, %+v", f.State, f.End)
			}
		}
	}
}

// Of what has ended, so much is kept, with its output.
func TestForget(t *testing.T) {
	d := testDir(t)
	for i := range keptMost + 5 {
		r := running(t, "n"+strings.Repeat("x", i))
		r.Detached, r.Log = true, filepath.Join(t.TempDir(), "log")
		r.Started = time.Unix(int64(i), 0)
		if err := os.WriteFile(r.Log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := d.Add(r, false)
		if err != nil {
			t.Fatal(err)
		}
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
	if _, there := got["n"]; there || len(got) != keptMost {
		t.Errorf("%d are kept, the oldest of them: %v", len(got), there)
	}
	old := time.Now().Add(-2 * keptFor)
	if err := os.Chtimes(filepath.Join(d.Path, "n"+strings.Repeat("x", keptMost)+suffix), old, old); err != nil {
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
		{0, "", "/run/nslaunch /run/user/0/nslaunch /tmp/nslaunch-0"},
		{0, "/run/user/0", "/run/nslaunch /run/user/0/nslaunch /tmp/nslaunch-0"},
		{7, "/x", "/x/nslaunch /run/user/7/nslaunch /tmp/nslaunch-7"},
		{7, "x", "/run/user/7/nslaunch /tmp/nslaunch-7"},
	} {
		if got := strings.Join(candidates(test.uid, test.runtime), " "); got != test.want {
			t.Errorf("candidates(%d, %q) = %s; want %s", test.uid, test.runtime, got, test.want)
		}
	}
}

// Of many that want a name that was given up, one gets it.
func TestOneOfMany(t *testing.T) {
	d := testDir(t)
	for range 50 {
		left := running(t, "one")
		left.Launcher.Start--
		if _, err := d.Add(left, false); err != nil {
			t.Fatal(err)
		}
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
		<-entries
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
	other, err := open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.locked(func() error {
		_, problems := d.list()
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

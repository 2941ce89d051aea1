package nstest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// State is what the machine has, as far as a test could leave something there.
//
// Other tests run on the machine at the same time, so "what the machine has"
// can't be compared as a whole. These parts are:
//
//   - processes: the living descendants of this test process. It is a subreaper,
//     so an orphan at any depth, in any session, becomes its child and is
//     still found. Only within this process can tests confuse each other: two
//     that are watched may not run in parallel, which Snapshot enforces.
//   - namespaces: what keeps one alive is a process, an open file, a mount or a
//     namespace below it. So: those of this process's threads and of its
//     descendants, the open nsfs files of both, and nsfs mounts. One that none
//     of these holds does not exist, or belongs to others.
//   - mounts: of the test process's own mount namespace, in full.
//   - cgroups: those with nslaunch in their name, unless they hold processes
//     that are not ours: then they are another test's.
//   - files: below the directories given, with their mode, size and time.
//   - descriptors: those of this process, as it may use nslaunch as a library.
type State struct {
	dirs        []string
	processes   map[string]string // each a key, and words for people
	namespaces  map[string]string
	mounts      map[string]string
	cgroups     map[string]string
	files       map[string]string
	descriptors map[string]string
}

// Snapshot notes what there is, as of now, also below the directories given.
// A test may take several; its subtests too.
func Snapshot(t testing.TB, dirs ...string) *State {
	t.Helper()
	watch(t)
	// The helper is started before we count descriptors.
	if _, err := base(); err != nil {
		t.Fatal(err)
	}
	if err := adopt(); err != nil {
		t.Fatal(err)
	}
	return take(t, dirs)
}

// CheckNothingLeft takes a Snapshot now and asserts at the test's end, after
// the clean-ups that the test registers from here on.
func CheckNothingLeft(t testing.TB, dirs ...string) {
	t.Helper()
	before := Snapshot(t, dirs...)
	t.Cleanup(func() { AssertNothingLeft(t, before) })
}

// AssertNothingLeft fails the test if there is something that there was not at
// the time of before, or if a mount is gone or a file has changed, and says
// what. The kernel tears down in the background, so it looks again for some
// seconds before it gives up. It then kills the processes that are left.
func AssertNothingLeft(t testing.TB, before *State) {
	t.Helper()
	assertNothingLeft(t, before, 10*time.Second)
}

func assertNothingLeft(t testing.TB, before *State, patience time.Duration) {
	t.Helper()
	deadline := time.Now().Add(patience)
	// One clean look may have missed a process: it can fork and die while the
	// list is read. Two in a row have not.
	for pause, clean := time.Millisecond, 0; ; pause = min(2*pause, 100*time.Millisecond) {
		left := before.compare(take(t, before.dirs))
		if len(left) == 0 {
			if clean++; clean == 2 {
				return
			}
			continue
		}
		clean = 0
		if time.Now().After(deadline) {
			t.Errorf("after the test, the machine is not what it was:\n\t%s", strings.Join(left, "\n\t"))
			kill(before)
			return
		}
		time.Sleep(pause)
	}
}

func take(t testing.TB, dirs []string) *State {
	t.Helper()
	s, err := observe(dirs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compare lists what after has too much or lacks, in words.
func (s *State) compare(after *State) []string {
	var lines []string
	for _, part := range []struct {
		name          string
		before, after map[string]string
		whole         bool // what is gone or changed counts, too
	}{
		{"process", s.processes, after.processes, false},
		{"namespace", s.namespaces, after.namespaces, false},
		{"mount", s.mounts, after.mounts, true},
		{"cgroup", s.cgroups, after.cgroups, false},
		{"file", s.files, after.files, true},
		{"descriptor", s.descriptors, after.descriptors, false},
	} {
		for _, key := range slices.Sorted(maps.Keys(part.after)) {
			now := part.after[key]
			switch was, old := part.before[key]; {
			case !old:
				lines = append(lines, part.name+" left: "+now)
			case part.whole && was != now:
				lines = append(lines, part.name+" changed: "+was+" is now "+now)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(part.before)) {
			if _, there := part.after[key]; part.whole && !there {
				lines = append(lines, part.name+" gone: "+part.before[key])
			}
		}
	}
	return lines
}

// watched are the tests that have taken a snapshot and still run.
var watched = struct {
	sync.Mutex
	tests map[string]bool
}{tests: map[string]bool{}}

// watch notes that t is being watched, and refuses if a test that could run
// beside it is: one that is neither above t nor below it.
func watch(t testing.TB) {
	t.Helper()
	watched.Lock()
	defer watched.Unlock()
	name := t.Name()
	for other := range watched.tests {
		if other != name && !strings.HasPrefix(name, other+"/") && !strings.HasPrefix(other, name+"/") {
			t.Fatalf("%s and %s are both watched and run in parallel: they can't tell their processes apart", other, name)
		}
	}
	if watched.tests[name] {
		return
	}
	watched.tests[name] = true
	t.Cleanup(func() {
		watched.Lock()
		defer watched.Unlock()
		delete(watched.tests, name)
	})
}

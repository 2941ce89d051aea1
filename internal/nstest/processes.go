package nstest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
	"golang.org/x/sys/unix"
)

// adopt makes this process the one on whom the orphans among its descendants
// fall (prctl(2), PR_SET_CHILD_SUBREAPER), so that whatever a test started
// remains its descendant, sessions, namespaces and environments regardless.
var adopt = sync.OnceValue(func() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
})

// descendants returns the living descendants of this process, except the
// helpers of this package. Zombies are dead: they hold nothing but a pid.
func descendants() ([]process.Stat, error) {
	all, err := process.All()
	if err != nil {
		return nil, err
	}
	reap(children(all), 2*time.Second)
	helper := 0
	if b, err := base(); err == nil {
		helper = b.sweeper.Process.Pid
	}
	return slices.DeleteFunc(process.Below(all, os.Getpid()), func(s process.Stat) bool {
		return s.Ended() || s.PID == helper
	}), nil
}

// children are those of this process.
func children(all []process.Stat) []process.Stat {
	return slices.DeleteFunc(slices.Clone(all), func(s process.Stat) bool { return s.Parent != os.Getpid() })
}

// wordsOf says for people what a process is.
func wordsOf(s process.Stat) string {
	words := s.Name
	// A command line that can't be read, or is empty, leaves us the short name.
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.PID)); err == nil && len(text) > 0 {
		words = strings.Join(strings.Split(strings.TrimRight(string(text), "\x00"), "\x00"), " ")
	}
	return fmt.Sprintf("%d (%s)", s.PID, words)
}

// zombies are adopted children waiting to be reaped, by pid and start time,
// with when they were first seen.
var zombies = struct {
	sync.Mutex
	seen map[process.Process]time.Time
}{seen: map[process.Process]time.Time{}}

// reap frees the pids of dead orphans. Reaping a child that someone in this
// process is about to wait for would rob him of its status. Such a child has
// an open pidfd (os/exec keeps one), or is waited for at once: an orphan is one
// without, and still there at least age later.
func reap(children []process.Stat, age time.Duration) {
	zombies.Lock()
	defer zombies.Unlock()
	current := map[process.Process]bool{}
	var watched map[int]bool
	for _, p := range children {
		if !p.Ended() {
			continue
		}
		current[p.Process] = true
		first, known := zombies.seen[p.Process]
		if !known {
			zombies.seen[p.Process] = time.Now()
			continue
		}
		if time.Since(first) < age {
			continue
		}
		if watched == nil {
			watched = pidfds()
		}
		if !watched[p.PID] {
			_, _ = unix.Wait4(p.PID, nil, unix.WNOHANG, nil)
		}
	}
	maps.DeleteFunc(zombies.seen, func(p process.Process, _ time.Time) bool { return !current[p] })
}

// pidfds returns the pids that this process holds a pidfd of.
func pidfds() map[int]bool {
	pids := map[int]bool{}
	files, _ := filepath.Glob("/proc/self/fdinfo/*")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "Pid:"); ok {
				if pid, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
					pids[pid] = true
				}
			}
		}
	}
	return pids
}

// kill ends what a failed test left, so that the next one starts clean.
func kill(before *State) {
	living, err := descendants()
	if err != nil {
		return
	}
	for _, p := range slices.Backward(living) {
		if _, old := before.processes[processKey(p)]; !old {
			_ = unix.Kill(p.PID, unix.SIGKILL)
		}
	}
}

func processKey(p process.Stat) string { return fmt.Sprintf("%d %d", p.PID, p.Start) }

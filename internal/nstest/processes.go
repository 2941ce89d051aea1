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

	"golang.org/x/sys/unix"
)

// A process as /proc/PID/stat has it. A pid alone may come to mean another
// process; with its start time it can't.
type process struct {
	pid, parent int
	start       string
	zombie      bool
	words       string // for people
}

// adopt makes this process the one on whom the orphans among its descendants
// fall (prctl(2), PR_SET_CHILD_SUBREAPER), so that whatever a test started
// remains its descendant, sessions, namespaces and environments regardless.
var adopt = sync.OnceValue(func() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
})

// descendants returns the living descendants of this process, except the
// helpers of this package. Zombies are dead: they hold nothing but a pid.
func descendants() ([]process, error) {
	all, err := allProcesses()
	if err != nil {
		return nil, err
	}
	children := map[int][]process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	reap(children[os.Getpid()], 2*time.Second)
	helper := 0
	if b, err := base(); err == nil {
		helper = b.sweeper.Process.Pid
	}
	var living []process
	queue := children[os.Getpid()]
	for len(queue) > 0 {
		p := queue[0]
		queue = append(queue[1:], children[p.pid]...)
		if !p.zombie && p.pid != helper {
			living = append(living, p)
		}
	}
	return living, nil
}

// allProcesses reads the processes of this machine. Those that end meanwhile
// are passed over.
func allProcesses() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue
		}
		if p, ok := parseStat(pid, string(stat)); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// parseStat parses "12 (comm) S 1 …": comm may hold spaces and parentheses.
func parseStat(pid int, stat string) (process, bool) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	f := strings.Fields(stat[end+1:])
	if len(f) < 20 {
		return process{}, false
	}
	parent, err := strconv.Atoi(f[1])
	p := process{
		pid:    pid,
		parent: parent,
		start:  f[19],
		// A process whose first thread has ended looks like a zombie until
		// one counts its threads.
		zombie: (f[0] == "Z" || f[0] == "X") && (f[17] == "0" || f[17] == "1"),
		words:  stat[open+1 : end],
	}
	return p, err == nil
}

func (p process) String() string {
	words := p.words
	// A command line that can't be read, or is empty, leaves us the short name.
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)); err == nil && len(text) > 0 {
		words = strings.Join(strings.Split(strings.TrimRight(string(text), "\x00"), "\x00"), " ")
	}
	return fmt.Sprintf("%d (%s)", p.pid, words)
}

// zombies are adopted children waiting to be reaped, by pid and start time,
// with when they were first seen.
var zombies = struct {
	sync.Mutex
	seen map[process]time.Time
}{seen: map[process]time.Time{}}

// reap frees the pids of dead orphans. Reaping a child that someone in this
// process is about to wait for would rob him of its status. Such a child has
// an open pidfd (os/exec keeps one), or is waited for at once: an orphan is one
// without, and still there at least age later.
func reap(children []process, age time.Duration) {
	zombies.Lock()
	defer zombies.Unlock()
	current := map[process]bool{}
	var watched map[int]bool
	for _, p := range children {
		if !p.zombie {
			continue
		}
		current[p] = true
		first, known := zombies.seen[p]
		if !known {
			zombies.seen[p] = time.Now()
			continue
		}
		if time.Since(first) < age {
			continue
		}
		if watched == nil {
			watched = pidfds()
		}
		if !watched[p.pid] {
			_, _ = unix.Wait4(p.pid, nil, unix.WNOHANG, nil)
		}
	}
	maps.DeleteFunc(zombies.seen, func(p process, _ time.Time) bool { return !current[p] })
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
			_ = unix.Kill(p.pid, unix.SIGKILL)
		}
	}
}

func processKey(p process) string { return fmt.Sprintf("%d %s", p.pid, p.start) }

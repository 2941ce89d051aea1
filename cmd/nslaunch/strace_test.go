package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// trace has the system calls of a run, by the thread that makes them.
type trace struct{ calls map[int][]string }

// straceWords begin a command line of root's that runs another as u, traced. It
// is root's strace, as newuidmap has no privilege under a tracer without. With
// raw, operands are plain numbers, but where they tell of a result.
func straceWords(t *testing.T, u nstest.User, traces string, raw bool) []string {
	t.Helper()
	nstest.Require(t, nstest.Root(), nstest.Tools("strace"))
	// With -D strace is a grandchild of what it traces, whose pid and status
	// are then those of the command.
	words := []string{"strace", "-D", "-ff", "--pidns-translation", "-o", traces, "-X", "raw"}
	if raw {
		words = append(words, "-e", "raw=!clone,recvmsg")
	} else {
		words = append(words, "-v", "-s", "65536")
	}
	if !u.IsRoot() {
		words = append(words, "-u", u.Name)
	}
	return words
}

// readTrace reads what strace has written, which has ended.
func readTrace(t *testing.T, traces string) trace {
	t.Helper()
	files, err := filepath.Glob(traces + ".*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	all := trace{calls: map[int][]string{}}
	for _, file := range files {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(file), "."))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			// "--- SIGCHLD {…} ---" and "+++ exited with 0 +++" are no calls.
			if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") {
				all.calls[pid] = append(all.calls[pid], line)
			}
		}
	}
	return all
}

// executed is the last execve of a process.
func (tr trace) executed(pid int) (traced, error) {
	for _, line := range slices.Backward(tr.calls[pid]) {
		if strings.HasPrefix(line, "execve(") {
			return parseCall(line)
		}
	}
	return traced{}, fmt.Errorf("process %d executes nothing", pid)
}

// start is the call by which the loader, in one of its threads, makes the
// program's first process, a sibling of its own.
func (tr trace) start() (traced, error) {
	const cloneParent, signal = 0x8000, 0xff
	for _, calls := range tr.calls {
		for _, line := range calls {
			if !strings.HasPrefix(line, "clone(child_stack=NULL, ") {
				continue
			}
			c, err := parseCall(line)
			if err != nil {
				return traced{}, err
			}
			if flags := at(c.args, 1).number; flags&cloneParent != 0 && flags&signal == 0 {
				return c, nil
			}
		}
	}
	return traced{}, errors.New("no child in the trace")
}

// launcher is the launcher's thread that makes the loader, and that.
func (tr trace) launcher() (thread, loader int, err error) {
	for thread, calls := range tr.calls {
		for _, line := range calls {
			// CLONE_VM|CLONE_VFORK|SIGCHLD
			if !strings.HasPrefix(line, "clone(child_stack=NULL, flags=0x4100|17)") {
				continue
			}
			c, err := parseCall(line)
			if err != nil {
				return 0, 0, err
			}
			r, err := c.returned()
			if err != nil {
				return 0, 0, err
			}
			// Not a helper that writes id maps.
			if e, err := tr.executed(r.pid); err == nil && at(at(e.args, 1).list, 0).text == "nslaunch-init" {
				return thread, r.pid, nil
			}
		}
	}
	return 0, 0, errors.New("no launcher in the trace")
}

package conformance

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
			// "--- SIGCHLD {…} ---" and "+++ exited with 0 +++" are no calls. "???()" is one in which the process was
			// killed before strace could look, and so is what has no result at all: another's call may be shown then.
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "???(") && !strings.HasSuffix(line, unfinished) {
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

// firstExecuted is the first execve of a process.
func (tr trace) firstExecuted(pid int) (traced, error) {
	for _, line := range tr.calls[pid] {
		if strings.HasPrefix(line, "execve(") {
			return parseCall(line)
		}
	}
	return traced{}, fmt.Errorf("process %d executes nothing", pid)
}

// clones are the calls of a thread by which it makes processes with all of these flags.
func (tr trace) clones(thread int, flags uint64) (calls []traced, err error) {
	for _, line := range tr.calls[thread] {
		if !strings.HasPrefix(line, "clone(child_stack=NULL, ") {
			continue
		}
		c, err := parseCall(line)
		if err != nil {
			return nil, err
		}
		if at(c.args, 1).number&flags == flags {
			calls = append(calls, c)
		}
	}
	return calls, nil
}

// start is the call that makes the program's first process: the launcher's, or that of the
// process which loads the program, in one of its threads, which makes a sibling of its own.
func (tr trace) start() (traced, error) {
	const cloneParent, signal = 0x8000, 0xff
	for thread := range tr.calls {
		calls, err := tr.clones(thread, cloneParent)
		if err != nil {
			return traced{}, err
		}
		for _, c := range calls {
			if at(c.args, 1).number&signal == 0 {
				return c, nil
			}
		}
	}
	c, _, err := tr.startOfImage()
	return c, err
}

// startOfImage is the call of the launcher's that makes the process which executes the image.
func (tr trace) startOfImage() (c traced, thread int, err error) {
	const vmVfork = 0x4100
	for thread := range tr.calls {
		calls, err := tr.clones(thread, vmVfork)
		if err != nil {
			return traced{}, 0, err
		}
		for _, c := range calls {
			r, err := c.returned()
			if err != nil {
				return traced{}, 0, err
			}
			// Not a helper that writes id maps, of which there is none where operands are raw.
			e, err := tr.firstExecuted(r.pid)
			if err == nil && (at(e.args, 1).kind != 'l' || at(at(e.args, 1).list, 0).text == "nslaunch-init") {
				return c, thread, nil
			}
		}
	}
	return traced{}, 0, errors.New("no child in the trace")
}

// launcher is the launcher's thread, and the process that it makes.
func (tr trace) launcher() (thread, image int, err error) {
	c, thread, err := tr.startOfImage()
	if err != nil {
		return 0, 0, err
	}
	r, err := c.returned()
	return thread, r.pid, err
}

// ofProgram are the calls of the program's first process, from op 0 on. If it is inPlace it has loaded the program itself.
func (tr trace) ofProgram(pid int, inPlace bool) []string {
	calls := slices.Clone(tr.calls[pid])
	begins := func(names ...string) bool {
		return len(calls) > 0 && slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(calls[0], s) })
	}
	switch {
	case inPlace:
		for len(calls) > 0 && !begins("execve(") {
			calls = calls[1:]
		}
		for begins("execve(", "fstat(", "mmap(", "close(", "fcntl(") {
			calls = calls[1:]
		}
	case nstest.Portable():
		// The fork of the Go runtime resets what signals do, before the first op.
		calls = slices.DeleteFunc(calls, func(line string) bool { return strings.HasPrefix(line, "rt_sigaction(") })
		if begins("rt_sigprocmask(") {
			calls = calls[1:]
		}
	}
	return calls
}

var beforeResident = []string{"prlimit64(0, 0x7, ", "lseek(", "getdents64(", "tgkill(", "nanosleep("}

// ofLauncher are the calls of the launcher's thread. At last it is replaced by a resident.
func (tr trace) ofLauncher(thread int) []string {
	calls := tr.calls[thread]
	for i, line := range calls {
		if !strings.HasPrefix(line, "execve(\"/proc/self/fd/") {
			continue
		}
		calls = slices.Clone(calls[:i])
		// Just before, the limit is given back that package syscall has raised, and other threads block signals.
		for len(calls) > 0 && slices.ContainsFunc(beforeResident, func(s string) bool { return strings.HasPrefix(calls[len(calls)-1], s) }) {
			calls = calls[:len(calls)-1]
		}
		break
	}
	return calls
}

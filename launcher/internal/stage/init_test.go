package stage

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Values of si_code; see sigaction(2).
const (
	cldExited  = 1
	cldStopped = 5
	cldKilled  = 2
)

// withInit is a program whose first process forks a shell and is then init.
func withInit(t *testing.T, flags uint64, script string) *program.Program {
	t.Helper()
	b := program.NewBuilder()
	b.SetStart(flags, syncFD, controlFD)
	b.Call(unix.SYS_CLOSE_RANGE, program.Int(controlFD+1), program.Const(1<<32-1))
	command := b.Reg()
	b.Special(program.SpecialFork, zero(), zero()).To(command)
	fork := b.Len() - 1
	b.Call(unix.SYS_CLOSE_RANGE, program.Int(0), program.Int(syncFD))
	b.Special(program.SpecialInit, program.Register(command))
	b.Patch(fork, 1, program.Int(b.Len()))
	b.Special(program.SpecialSync, program.Int(3))
	b.Call(unix.SYS_EXECVE, b.String("/bin/sh"), b.Strings([]string{"sh", "-c", script}), b.Strings([]string{"PATH=/usr/bin:/bin"}))
	return mustProgram(t, b)
}

func states(o outcome) string {
	var words []string
	for _, e := range o.control {
		words = append(words, fmt.Sprintf("%d(%d,%d)", e.Kind, e.A, e.B))
	}
	return strings.Join(words, " ")
}

// Init tells that it is in place, then each change of the command's state, and
// ends with the command.
func TestInitTellsStates(t *testing.T) { eachImage(t, testInitTellsStates) }

func testInitTellsStates(t *testing.T, run runner) {
	for _, test := range []struct{ name, script, want string }{
		{"exit status", "exit 7", "3(0,0) 4(1,7)"},
		{"signal", "kill -TERM $$", "3(0,0) 4(2,15)"},
		{"stop and continue", "kill -STOP $$; exit 3", "3(0,0) 4(5,19) 4(1,3)"},
		{"other children", "sleep 0 & sleep 0 & wait; (exit 5); exit 6", "3(0,0) 4(1,6)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			command := make(chan int, 1)
			r := run.with(t)
			r.reached = func(e event) bool { command <- e.pid; return true }
			r.told = func(e event) {
				if e.Kind == program.MessageState && e.A == 5 {
					_ = unix.Kill(<-command, unix.SIGCONT)
				}
			}
			got := r.run(withInit(t, 0, test.script))
			// An end that comes soon after a continuation covers it.
			if s := strings.Replace(states(got), " 4(6,18)", "", 1); s != test.want {
				t.Errorf("told %q; want %q", states(got), test.want)
			}
			// Init is ours and ends well; what it has reaped is not.
			if len(got.statuses) != 1 || got.statuses[got.control[0].pid] != 0 {
				t.Errorf("statuses %v; want 0 of init %d alone", got.statuses, got.control[0].pid)
			}
		})
	}
}

// As process 1, init reaps whatever loses its parent, at once, and its end is
// that of all others.
func TestInitReapsOrphans(t *testing.T) { eachImage(t, testInitReapsOrphans) }

func testInitReapsOrphans(t *testing.T, run runner) {
	run.requireNamespaces("user", "pid")
	script := "(sleep 0 &) ; (setsid sleep 0 &) ; sleep 1000 & setsid sleep 1000 & wait; exit 4"
	r := run.with(t)
	r.reached = func(e event) bool { return true }
	r.told = func(e event) {
		if e.Kind != program.MessageReady {
			return
		}
		// The shell ends when the orphans are gone: it is killed then.
		file := fmt.Sprintf("/proc/%d/task/%d/children", e.pid, e.pid)
		var children []string
		for range 1000 {
			text, _ := os.ReadFile(file)
			children = strings.Fields(string(text))
			if len(children) == 1 && grandchildren(children[0]) == 2 {
				var shell int
				_, _ = fmt.Sscan(children[0], &shell)
				_ = unix.Kill(shell, unix.SIGKILL)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("children of init: %q; want the shell alone", children)
		_ = unix.Kill(e.pid, unix.SIGKILL)
	}
	got := r.run(withInit(t, unix.CLONE_NEWUSER|unix.CLONE_NEWPID, script))
	if !slices.ContainsFunc(got.control, func(e event) bool { return e.Kind == program.MessageState && e.A == cldKilled && e.B == 9 }) {
		t.Errorf("told %q; want the shell's death", states(got))
	}
}

func grandchildren(pid string) int {
	text, _ := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	return len(strings.Fields(string(text)))
}

// A launcher that is gone is the end of init, and of a process that waits.
func TestLauncherIsGone(t *testing.T) { eachImage(t, testLauncherIsGone) }

func testLauncherIsGone(t *testing.T, run runner) {
	run.requireNamespaces("user", "pid")
	t.Run("init", func(t *testing.T) {
		quiet := run.with(t)
		quiet.noLauncher = true
		got := quiet.run(withInit(t, unix.CLONE_NEWUSER|unix.CLONE_NEWPID, "sleep 1000"))
		if len(got.control) != 0 || len(got.statuses) != 1 {
			t.Errorf("got %+v", got)
		}
		for pid, status := range got.statuses {
			if status.ExitStatus() != exitSetup {
				t.Errorf("process %d: status %v; want %d", pid, status, exitSetup)
			}
		}
	})
	t.Run("sync", func(t *testing.T) {
		b := newBuilder()
		b.Special(program.SpecialSync, program.Int(1))
		b.Call(unix.SYS_EXECVE, b.String("/bin/true"), b.Strings([]string{"true"}), b.Strings(nil))
		deaf := run.with(t)
		deaf.reached = func(event) bool { return false }
		got := deaf.run(mustProgram(t, b))
		if len(got.sync) != 1 || got.statuses[got.sync[0].pid].ExitStatus() != exitSetup {
			t.Errorf("got %+v; want exit status %d", got, exitSetup)
		}
	})
}

// Both points are reported with the process' own pid, in order.
func TestSync(t *testing.T) { eachImage(t, testSync) }

func testSync(t *testing.T, run runner) {
	b := newBuilder()
	b.Special(program.SpecialSync, program.Int(11))
	b.Special(program.SpecialSync, program.Int(12))
	b.Call(unix.SYS_FCHDIR, program.Int(-1))
	got := run.with(t).run(mustProgram(t, b))
	var words []string
	for _, e := range got.sync {
		words = append(words, fmt.Sprintf("%d(%d,%d)", e.Kind, e.A, e.B))
	}
	if want := fmt.Sprintf("1(11,0) 1(12,0) 2(3,%d)", unix.EBADF); strings.Join(words, " ") != want {
		t.Errorf("told %q; want %q", words, want)
	}
	for _, e := range got.sync {
		if _, ours := got.statuses[e.pid]; !ours {
			t.Errorf("message of %d, which is no child", e.pid)
		}
	}
}

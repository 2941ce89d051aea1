package run

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// The event tells the command's own process, in all of its namespaces, whoever
// stands between it and the launcher and whoever it is inside.
func TestStartedEvent(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		holder := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\n"+systest.AllNew, "cat"))
		rows := append(systest.Ways(),
			systest.Way{Name: "process 1", Profile: systest.AllNew + "process.init = false\n"},
			systest.Way{Name: "joined", Profile: fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"pid:%[1]d\", pid = \"pid:%[1]d\" }\n", holder.PID)},
			systest.Way{Name: "new in joined", Profile: fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"new\", pid = \"new\" }\n", holder.PID)})
		if u.IsRoot() {
			rows = append(rows, systest.Way{Name: "another user", Profile: "namespaces = { pid = \"new\", mount = \"new\" }\nprocess.uid = 20001\nprocess.gid = 20001\n"})
		} else {
			rows = append(rows, systest.Way{Name: "subordinate ids", Profile: systest.AllNew + "idmap = \"subid\"\nprocess.uid = 7\nprocess.gid = 7\n"})
		}
		for _, row := range rows {
			h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\n"+row.Profile, "cat"))
			proc := fmt.Sprintf("/proc/%d", h.PID)
			if text, err := os.ReadFile(proc + "/cmdline"); err != nil || string(text) != "cat\x00" {
				t.Errorf("%s: process %d is %q, %v; want cat", row.Name, h.PID, text, err)
			}
			if want := systest.NamespacesOf(t, proc); !maps.Equal(h.Namespaces, want) {
				t.Errorf("%s: %v; want %v", row.Name, h.Namespaces, want)
			}
			h.Release(t)
		}
		holder.Release(t)
	})
}

// A command's status is its own, also where nslaunch has a meaning for the number.
func TestEveryStatus(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for i, status := range []int{0, 1, 2, 100, 123, 124, 125, 126, 127, 128, 129, 137, 143, 200, 254, 255} {
			w := systest.Ways()[i%3]
			result, events := eventful(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, "sh", "-c", fmt.Sprint("exit ", status)))
			if want := fmt.Sprint("started exited:", status); result.Status != status || words(events) != want || result.Stderr != "" {
				t.Errorf("%s: %+v, %s; want %s", w.Name, result, words(events), want)
			}
		}
		for sig := syscall.Signal(1); sig <= 64; sig++ {
			switch sig {
			case unix.SIGCHLD, unix.SIGCONT, unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGWINCH, 32, 33:
				continue // they do not kill, or not every shell can send them
			}
			w := systest.Ways()[sig%3]
			result, events := eventful(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile+"limits.rlimits.core = 0\n", "sh", "-c", fmt.Sprintf("kill -%d $$", sig)))
			want := fmt.Sprint("started exited:", 128+int(sig))
			if name := unix.SignalName(sig); name != "" {
				want += ":" + name
			}
			if result.Status != 128+int(sig) || result.Signal != 0 || words(events) != want {
				t.Errorf("%s: %+v, %s; want %s", w.Name, result, words(events), want)
			}
		}
	})
}

// An init that is killed takes the command along.
func TestInitKilled(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, more := range []string{"", systest.OwnPTY} {
			before := nstest.Snapshot(t)
			cmd := systest.ProfileCommand(t, u, "version = 1\n"+systest.AllNew+more, "sh", "-c", "kill -0 1; echo up; setsid sleep 600 & sleep 600")
			l := systest.StartLive(t, cmd)
			if err := syscall.Kill(systest.ChildrenOf(cmd.Process.Pid)[0], unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if got, want := l.Ends(), " exit status 137"; got != want {
				t.Errorf("%s; want %s", got, want)
			}
			nstest.AssertNothingLeft(t, before)
		}
	})
}

// What is wrong with the command line is reported as well, once the descriptor is known.
func TestEventsOfMisuse(t *testing.T) {
	u := nstest.Ordinary(t)
	for _, row := range []struct {
		args   []string
		events string
	}{
		{[]string{}, "setup-failed:125"},
		{[]string{"no-profile"}, "setup-failed:125"},
		{[]string{"./missing.toml"}, "setup-failed:125"},
		{[]string{"--new", "user,uts", "--", "/no/such"}, "setup-failed:127:ENOENT"},
	} {
		result, events := eventful(t, u.Command(t, nstest.Nslaunch(t), row.args...))
		if result.Stdout != "" || result.Stderr == "" || words(events) != row.events {
			t.Errorf("%q: %+v, %s; want %s", row.args, result, words(events), row.events)
		}
	}
}

// The launcher's own descriptors are nobody's to name, a closed reader is no
// reason to end, and one of the standard descriptors will do.
func TestStatusDescriptors(t *testing.T) {
	u := nstest.Ordinary(t)
	at := func(fd int, script string, words ...string) nstest.Result {
		cmd := systest.ProfileCommand(t, u, inUser, words...)
		cmd.Args = append([]string{"sh", "-c", script, cmd.Args[0], "run", "--status-fd", fmt.Sprint(fd)}, cmd.Args[1:]...)
		cmd.Path, _ = exec.LookPath("sh")
		return nstest.Run(t, cmd)
	}
	for fd := 3; fd < 9; fd++ {
		want := fmt.Sprintf("nslaunch: error: --status-fd: descriptor %d is not open for writing\n", fd)
		if got := at(fd, `"$0" "$@"`, "true"); got.Status != systest.StatusSetup || got.Stderr != want {
			t.Errorf("%d, closed: %+v", fd, got)
		}
		if got := at(fd, fmt.Sprintf(`"$0" "$@" %d</dev/null`, fd), "true"); got.Status != systest.StatusSetup || got.Stderr != want {
			t.Errorf("%d, read-only: %+v", fd, got)
		}
		if got := at(fd, fmt.Sprintf(`"$0" "$@" %d<>/dev/null`, fd), "sh", "-c", fmt.Sprintf("exit 3; : >&%d", fd)); got.Status != 3 || got.Stderr != "" {
			t.Errorf("%d: %+v", fd, got)
		}
	}
	if got := at(1, `"$0" "$@"`, "sh", "-c", "exit 3"); got.Status != 3 || strings.Count(got.Stdout, "\n") != 2 {
		t.Errorf("1: %+v", got)
	}
	for _, fd := range []int{1, 2, 7} {
		script := fmt.Sprintf(`{ "$0" "$@" %[1]d>&9; echo "status $?" >&8; } 8>&1 9>&1 | (exec 0<&-; :) 2>/dev/null; true`, fd)
		script = strings.Replace(script, "8>&1 9>&1 |", "9>&1 |", 1)
		if got := at(fd, "exec 8>&1; "+script, "sh", "-c", "sleep .1; exit 3"); got.Stdout != "status 3\n" {
			t.Errorf("%d, without a reader: %+v", fd, got)
		}
	}
	// A descriptor that is also to be kept would leak.
	cmd := systest.ProfileCommand(t, u, inUser+"process.keep_fds = [3]\n", "true")
	result, events := eventful(t, cmd)
	if result.Status != systest.StatusSetup || words(events) != "setup-failed:125" || !strings.Contains(result.Stderr, "keep_fds[0]: descriptor 3 is not open") {
		t.Errorf("kept: %+v, %s", result, words(events))
	}
}

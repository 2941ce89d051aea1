package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// The event tells the command's own process, in all of its namespaces, whoever
// stands between it and the launcher and whoever it is inside.
func TestStartedEvent(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		holder := hold(t, profileCommand(t, u, "version = 1\n"+allNew, "cat"))
		rows := append(ways(),
			way{"process 1", allNew + "process.init = false\n"},
			way{"joined", fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"pid:%[1]d\", pid = \"pid:%[1]d\" }\n", holder.pid)},
			way{"new in joined", fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"new\", pid = \"new\" }\n", holder.pid)})
		if u.IsRoot() {
			rows = append(rows, way{"another user", "namespaces = { pid = \"new\", mount = \"new\" }\nprocess.uid = 20001\nprocess.gid = 20001\n"})
		} else {
			rows = append(rows, way{"subordinate ids", allNew + "idmap = \"subid\"\nprocess.uid = 7\nprocess.gid = 7\n"})
		}
		for _, row := range rows {
			h := hold(t, profileCommand(t, u, "version = 1\n"+row.profile, "cat"))
			proc := fmt.Sprintf("/proc/%d", h.pid)
			if text, err := os.ReadFile(proc + "/cmdline"); err != nil || string(text) != "cat\x00" {
				t.Errorf("%s: process %d is %q, %v; want cat", row.name, h.pid, text, err)
			}
			if want := namespacesOf(t, proc); !maps.Equal(h.namespaces, want) {
				t.Errorf("%s: %v; want %v", row.name, h.namespaces, want)
			}
			h.release(t)
		}
		holder.release(t)
	})
}

// A command's status is its own, also where nslaunch has a meaning for the number.
func TestEveryStatus(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for i, status := range []int{0, 1, 2, 100, 123, 124, 125, 126, 127, 128, 129, 137, 143, 200, 254, 255} {
			w := ways()[i%3]
			result, events := eventful(t, profileCommand(t, u, "version = 1\n"+w.profile, "sh", "-c", fmt.Sprint("exit ", status)))
			if want := fmt.Sprint("started exited:", status); result.Status != status || words(events) != want || result.Stderr != "" {
				t.Errorf("%s: %+v, %s; want %s", w.name, result, words(events), want)
			}
		}
		for sig := syscall.Signal(1); sig <= 64; sig++ {
			switch sig {
			case unix.SIGCHLD, unix.SIGCONT, unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGWINCH, 32, 33:
				continue // they do not kill, or not every shell can send them
			}
			w := ways()[sig%3]
			result, events := eventful(t, profileCommand(t, u, "version = 1\n"+w.profile+"limits.rlimits.core = 0\n", "sh", "-c", fmt.Sprintf("kill -%d $$", sig)))
			want := fmt.Sprint("started exited:", 128+int(sig))
			if name := unix.SignalName(sig); name != "" {
				want += ":" + name
			}
			if result.Status != 128+int(sig) || result.Signal != 0 || words(events) != want {
				t.Errorf("%s: %+v, %s; want %s", w.name, result, words(events), want)
			}
		}
	})
}

// An init that is killed takes the command along.
func TestInitKilled(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, more := range []string{"", ownPTY} {
			before := nstest.Snapshot(t)
			cmd := profileCommand(t, u, "version = 1\n"+allNew+more, "sh", "-c", "kill -0 1; echo up; setsid sleep 600 & sleep 600")
			l := startLive(t, cmd)
			if err := syscall.Kill(childrenOf(cmd.Process.Pid)[0], unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if got, want := l.ends(), " exit status 137"; got != want {
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
		cmd := profileCommand(t, u, inUser, words...)
		cmd.Args = append([]string{"sh", "-c", script, cmd.Args[0], "run", "--status-fd", fmt.Sprint(fd)}, cmd.Args[1:]...)
		cmd.Path, _ = exec.LookPath("sh")
		return nstest.Run(t, cmd)
	}
	for fd := 3; fd < 9; fd++ {
		want := fmt.Sprintf("nslaunch: error: --status-fd: descriptor %d is not open for writing\n", fd)
		if got := at(fd, `"$0" "$@"`, "true"); got.Status != wantSetup || got.Stderr != want {
			t.Errorf("%d, closed: %+v", fd, got)
		}
		if got := at(fd, fmt.Sprintf(`"$0" "$@" %d</dev/null`, fd), "true"); got.Status != wantSetup || got.Stderr != want {
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
	cmd := profileCommand(t, u, inUser+"process.keep_fds = [3]\n", "true")
	result, events := eventful(t, cmd)
	if result.Status != wantSetup || words(events) != "setup-failed:125" || !strings.Contains(result.Stderr, "keep_fds[0]: descriptor 3 is not open") {
		t.Errorf("kept: %+v, %s", result, words(events))
	}
}

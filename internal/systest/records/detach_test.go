// Package records tests sandboxes that are recorded: detached ones, their output, and whom their records can deceive.
package records

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// What cannot be started detached fails as it would in the foreground, and leaves nothing.
func TestDetachFails(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		for _, test := range []struct {
			profile, want string
			status        int
		}{
			{"namespaces = \"new\"\ncommand = [\"no-such-command\"]\n", "there is no \"no-such-command\"", systest.StatusMissing},
			{"namespaces = \"new\"\ncommand = [\"/etc/passwd\"]\n", "EACCES", systest.StatusNoExec},
			{"namespaces = \"new\"\ncommand = [\"true\"]\nmounts = { ro = [\"/no/such\"] }\n", "p.toml:4:18: mounts.ro[0]", systest.StatusSetup},
			{"nameespaces = \"new\"\n", "p.toml:2:1: nameespaces: unknown key", systest.StatusSetup},
			{"namespaces = \"new\"\ncommand = [\"true\"]\nservice = \"exec\"\n", "p.toml:4:1: service.notify: --detach leaves the service, which this needs (systemd starts it with what this prints: nslaunch unit ", systest.StatusSetup},
		} {
			p.Write(test.profile)
			before, files := nstest.Snapshot(t), len(p.Files())
			p.Fails(test.status, test.want, "run", "--detach", "./p.toml")
			nstest.AssertNothingLeft(t, before)
			if got := p.Files(); len(got) != files {
				t.Errorf("%s: records %v", test.want, got)
			}
		}
	})
}

// A detached sandbox is in no session of the caller's, holds nothing of it open, writes to its log and
// has its end told.
func TestDetached(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		p := systest.NewWorkplace(t, u)
		fifo := filepath.Join(p.Dir, "fifo")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		u.Own(t, fifo)
		// Its output ends with the front, or this would hang.
		name := p.Detach(fmt.Sprintf("namespaces = \"new\"\nname = \"detached\"\ncommand = [\"sh\", \"-c\", \"echo out; echo err >&2; read x; read line <%s; echo $line; exit 9\"]\n", fifo))
		if got := p.Must("ps", "--long"); !strings.Contains(got, "detached") || !strings.Contains(got, "  all  ") {
			t.Errorf("ps lists\n%s", got)
		}
		s := p.List(name)
		for _, pid := range []int{s.Launcher, s.PID} {
			session, err := unix.Getsid(pid)
			own, _ := unix.Getsid(0)
			if err != nil || session == own {
				t.Errorf("process %d is in session %d, %v", pid, session, err)
			}
			for fd := range 3 {
				got, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
				want := []string{"/dev/null", s.Log, s.Log}[fd]
				if file, err2 := os.Stat(want); err != nil || err2 != nil || !os.SameFile(got, file) {
					t.Errorf("descriptor %d of process %d is not %s: %v, %v", fd, pid, want, err, err2)
				}
			}
		}
		waiter := make(chan nstest.Result)
		wait := p.Command("wait", name)
		go func() { waiter <- nstest.Run(t, wait) }()
		logs := make(chan nstest.Result)
		follow := p.Command("logs", "-f", name)
		go func() { logs <- nstest.Run(t, follow) }()
		if err := os.WriteFile(fifo, []byte("typed\n"), 0); err != nil {
			t.Fatal(err)
		}
		const text = "out\nerr\ntyped\n"
		if got := <-waiter; got.Status != 9 || got.Stdout+got.Stderr != "" {
			t.Errorf("wait: %+v", got)
		}
		if got := <-logs; got.Status != 0 || got.Stdout != text {
			t.Errorf("logs -f: %+v", got)
		}
		// And still when it has ended.
		if got := p.Run("wait", name); got.Status != 9 {
			t.Errorf("wait afterwards: %+v", got)
		}
		if got := p.Must("logs", name); got != text {
			t.Errorf("logs afterwards: %q", got)
		}
		if got := p.List(name, "--all"); got == nil || got.State != "ended" || *got.Status != 9 {
			t.Errorf("ps --all: %+v", got)
		}
		if info, err := os.Stat(s.Log); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the log: %v, %v", info, err)
		}
		p.Must("stop", name)
		nstest.AssertNothingLeft(t, before)
	})
}

// The events of a detached sandbox go where they were asked to, to its end.
func TestDetachedEvents(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = \"new\"\nname = \"events\"\ncommand = [\"sh\", \"-c\", \"cat <&4; exit 6\"]\nprocess = { keep_fds = [4] }\n")
		for _, fd := range []string{"1", "3"} {
			events, theirs := systest.Pipe(t)
			kept := u.WriteFile(t, filepath.Join(p.Dir, "kept"), "kept\n")
			file, err := os.Open(kept)
			if err != nil {
				t.Fatal(err)
			}
			cmd := p.Command("run", "--detach", "--status-fd", fd, "./p.toml")
			cmd.ExtraFiles = []*os.File{theirs, file}
			if fd == "1" {
				cmd.Stdout = theirs
			}
			if got := nstest.Run(t, cmd); got.Status != 0 || got.Stderr != "" {
				t.Fatalf("got %+v", got)
			}
			theirs.Close()
			file.Close()
			text, err := io.ReadAll(events)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), `{"event":"started",`) || !strings.Contains(string(text), `{"event":"exited","status":6}`) {
				t.Errorf("--status-fd %s: events\n%s", fd, text)
			}
			if got := p.Must("logs", "events"); got != "kept\n" {
				t.Errorf("--status-fd %s: the log holds %q", fd, got)
			}
		}
	})
}

// A sandbox in the foreground is waited for, entered and stopped as well, and leaves no record.
func TestForegroundRecorded(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = \"new\"\nname = \"front\"\ncommand = [\"sh\", \"-c\", \"trap 'exit 5' USR1; while :; do sleep 0.01; done\"]\nprocess = { stop_signal = \"USR1\" }\n")
		result := make(chan nstest.Result)
		ready, theirs := systest.Pipe(t)
		cmd := p.Command("run", "--status-fd", "3", "./p.toml")
		cmd.ExtraFiles = []*os.File{theirs}
		go func() { result <- nstest.Run(t, cmd) }()
		var buf [4096]byte
		if _, err := ready.Read(buf[:]); err != nil {
			t.Fatal(err)
		}
		// The record is there when the event is.
		p.Must("exec", "front", "true")
		wait := p.Command("wait", "front")
		if err := wait.Start(); err != nil {
			t.Fatal(err)
		}
		if err := p.Run("logs", "front"); err.Status != systest.StatusProblem || !strings.Contains(err.Stderr, "has no log, as it was started without --detach") {
			t.Errorf("logs: %+v", err)
		}
		// wait opens what the launcher holds before that is gone.
		for !holds(wait.Process.Pid, "/memfd:nslaunch-record (deleted)") {
		}
		p.Must("stop", "front")
		if _ = wait.Wait(); wait.ProcessState.ExitCode() != 5 {
			t.Errorf("wait: %v", wait.ProcessState)
		}
		if got := <-result; got.Status != 5 || got.Stderr != "" {
			t.Errorf("run: %+v", got)
		}
		if p.Files()["front.json"] {
			t.Error("the record is left")
		}
		p.Fails(systest.StatusProblem, "no sandbox of that name", "stop", "front")
		p.Fails(systest.StatusSetup, "no sandbox of that name", "wait", "front")
	})
}

// holds reports whether a process has a file of that name open.
func holds(pid int, file string) bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil && strings.HasSuffix(link, file) {
			return true
		}
	}
	return false
}

// stop kills what does not end, and continues what is stopped.
func TestStop(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		p := systest.NewWorkplace(t, u)
		for script, want := range map[string]int{
			"trap '' TERM; echo up; while :; do sleep 0.01; done":             137,
			"kill -STOP $$; sleep 1000":                                       143,
			"trap 'exit 3' TERM; kill -STOP $$; while :; do sleep 0.01; done": 3,
		} {
			name := p.Detach("namespaces = \"new\"\nprocess = { stop_timeout = \"100ms\" }\n", "sh", "-c", script)
			if strings.Contains(script, "STOP") {
				pid := p.List(name).PID
				for !strings.Contains(systest.ReadFile(t, fmt.Sprintf("/proc/%d/stat", pid)), ") T ") {
				}
				p.Must("stop", "--time", "20s", name)
			} else {
				for p.Must("logs", name) != "up\n" {
				}
				p.Must("stop", name)
			}
			if got := p.Run("wait", name); got.Status != want {
				t.Errorf("%s: %+v; want status %d", script, got, want)
			}
		}
		p.Fails(systest.StatusUsage, `--time: `, "stop", "--time", "5", "x")
		nstest.AssertNothingLeft(t, before)
	})
}

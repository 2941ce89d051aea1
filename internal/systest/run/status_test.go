// Package run tests a command that runs: what it is given, which process is its init, how it ends, and what nslaunch reports then.
package run

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// event is a line of --status-fd.
type event struct {
	Event    string `json:"event"`
	PID      int    `json:"pid"`
	Status   int    `json:"status"`
	Signal   string `json:"signal"`
	TimedOut bool   `json:"timed_out"`
	Step     int    `json:"step"`
	At       string `json:"at"`
	Errno    string `json:"errno"`
	Message  string `json:"message"`
}

// eventful runs nslaunch with --status-fd 3 added and returns its events.
func eventful(t *testing.T, cmd *exec.Cmd) (nstest.Result, []event) {
	t.Helper()
	r, w := systest.Pipe(t)
	cmd.ExtraFiles = []*os.File{w}
	cmd.Args = append([]string{cmd.Args[0], "run", "--status-fd", "3"}, cmd.Args[1:]...)
	result := nstest.Run(t, cmd)
	w.Close()
	var events []event
	for scan := bufio.NewScanner(r); scan.Scan(); {
		var e event
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil {
			t.Fatalf("event %s: %v", scan.Text(), err)
		}
		events = append(events, e)
	}
	return result, events
}

// Each way to end has its status and exactly one event that says so.
func TestStatus(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, row := range []struct {
			words  []string
			more   string // of the profile
			status int
			events string
		}{
			{[]string{"true"}, "", 0, "started exited:0"},
			{[]string{"sh", "-c", "exit 42"}, "", 42, "started exited:42"},
			{[]string{"sh", "-c", "exit 125"}, "", 125, "started exited:125"},
			{[]string{"sh", "-c", "exit 127"}, "", 127, "started exited:127"},
			{[]string{"sh", "-c", "kill -TERM $$"}, "", 143, "started exited:143:SIGTERM"},
			{[]string{"sh", "-c", "kill -KILL $$"}, "", 137, "started exited:137:SIGKILL"},
			{[]string{"sleep", "60"}, "limits.timeout = \"50ms\"\n", 124, "started exited:124:SIGTERM:timeout"},
			{[]string{"sh", "-c", "trap '' TERM; while :; do sleep 60; done"},
				"limits.timeout = \"50ms\"\nprocess.stop_timeout = \"50ms\"\n", 124, "started exited:124:SIGKILL:timeout"},
			{[]string{"sh", "-c", "kill -STOP $$"}, "limits.timeout = \"200ms\"\n", 124, "started exited:124:SIGTERM:timeout"},
			{[]string{"no-such-command"}, "", 127, "setup-failed:127:ENOENT"},
			{[]string{"/etc/passwd"}, "", 126, "setup-failed:126:EACCES"},
			{[]string{"true"}, "process.cwd = \"/no/such\"\n", 125, "setup-failed:125:ENOENT"},
			{[]string{"true"}, "nonsense = 1\n", 125, "setup-failed:125"},
		} {
			result, events := eventful(t, systest.ProfileCommand(t, u, inUser+row.more, row.words...))
			if result.Status != row.status || words(events) != row.events {
				t.Errorf("%q %s: status %d, events %s; want %d, %s\n%s", row.words, row.more,
					result.Status, words(events), row.status, row.events, result.Stderr)
			}
		}
	})
}

func words(events []event) string {
	var all []string
	for _, e := range events {
		w := e.Event
		if e.Event != "started" {
			w += ":" + strconv.Itoa(e.Status)
		}
		for _, more := range []string{e.Signal, e.Errno} {
			if more != "" {
				w += ":" + more
			}
		}
		if e.TimedOut {
			w += ":timeout"
		}
		all = append(all, w)
	}
	return strings.Join(all, " ")
}

// The descriptor has to be open for writing, and the command does not get it.
func TestStatusFD(t *testing.T) {
	u := nstest.Ordinary(t)
	for fd, want := range map[string]string{"9": "descriptor 9 is not open for writing", "0": "descriptor 0 is not open for writing"} {
		cmd := systest.ProfileCommand(t, u, inUser, "true")
		cmd.Args = append([]string{cmd.Args[0], "run", "--status-fd", fd}, cmd.Args[1:]...)
		systest.WantRefusal(t, cmd, "--status-fd: "+want)
	}
	cmd := systest.ProfileCommand(t, u, inUser, "sh", "-c", "ls /proc/self/fd")
	result, _ := eventful(t, cmd)
	if result.Stdout != "0\n1\n2\n3\n" { // 3 is that of ls itself
		t.Errorf("inside: %q", result.Stdout)
	}
}

// SIGKILL of the launcher ends all of a pid namespace, and without one the command, also after its ids changed.
func TestDeathWithLauncher(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		rows := map[string]string{
			"pid namespace":    inUser,
			"no init":          inUser + "process = { init = false }\n",
			"no pid namespace": "version = 1\nnamespaces = { user = \"new\" }\n",
			"subordinate ids":  inUser + "idmap = \"subid\"\n",
			"no namespace":     "version = 1\nnamespaces = {}\n",
		}
		if u.IsRoot() {
			delete(rows, "subordinate ids")
			rows["another user"] = "version = 1\nnamespaces = {}\nprocess = { uid = 20001, gid = 20001 }\n"
		}
		for name, profile := range rows {
			before := nstest.Snapshot(t)
			script := "exec sleep 1000"
			if strings.Contains(profile, "pid = ") {
				script = "(setsid sh -c 'setsid sleep 1000 & sleep 1000' &); exec sleep 1000"
			}
			cmd := systest.ProfileCommand(t, u, profile, "sh", "-c", "echo up; "+script)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
				t.Fatalf("%s: %q, %v", name, line, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			nstest.AssertNothingLeft(t, before)
		}
	})
}

// A signal that reaches the launcher reaches the command, once; TERM as the stop signal.
func TestSignalsReachTheCommand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, row := range []struct {
			send syscall.Signal
			more string
			got  string
		}{
			{unix.SIGHUP, "", "HUP"}, {unix.SIGINT, "", "INT"}, {unix.SIGQUIT, "", "QUIT"}, {unix.SIGUSR1, "", "USR1"},
			{unix.SIGUSR2, "", "USR2"}, {unix.SIGALRM, "", "ALRM"}, {unix.SIGWINCH, "", "WINCH"}, {unix.SIGTERM, "", "TERM"},
			{unix.SIGTERM, "process.stop_signal = \"INT\"\n", "INT"}, {unix.SIGTERM, "process.stop_signal = \"RTMIN+3\"\n", "37"},
			{34, "", "34"}, {40, "", "40"}, {64, "", "64"},
		} {
			script := `for s in HUP INT QUIT USR1 USR2 ALRM WINCH TERM 34 37 40 64; do trap "echo $s; n=\$((n+1))" $s; done
echo up; until [ "$n" ]; do sleep 0.01; done; sleep 0.05; exit $n`
			cmd := systest.ProfileCommand(t, u, inUser+row.more, "bash", "-c", script)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan()
			if err := cmd.Process.Signal(row.send); err != nil {
				t.Fatal(err)
			}
			var got []string
			for lines.Scan() {
				got = append(got, lines.Text())
			}
			_ = cmd.Wait()
			if strings.Join(got, " ") != row.got || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("%v %s: got %q, status %d; want %s once", row.send, row.more, got, cmd.ProcessState.ExitCode(), row.got)
			}
		}
	})
}

// TSTP and CONT sent to the launcher stop and continue the command. Its group is not orphaned: see
// TestStopInOrphanedGroup for one that is.
func TestStopAndContinue(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cmd := systest.ProfileCommand(t, u, inUser, "cat")
		cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setpgid = false, true
		h := systest.Hold(t, cmd)
		launcher := parentOf(t, parentOf(t, h.PID))
		for _, step := range []struct {
			send syscall.Signal
			want string
		}{{unix.SIGTSTP, "T"}, {unix.SIGCONT, "S"}} {
			if err := syscall.Kill(launcher, step.send); err != nil {
				t.Fatal(err)
			}
			// The launcher stops after the command: what continues it before that is lost.
			for _, pid := range []int{h.PID, launcher} {
				for deadline := time.Now().Add(20 * time.Second); systest.StatField(t, pid, 0) != step.want; time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%v: the state of %d is %s; want %s", step.send, pid, systest.StatField(t, pid, 0), step.want)
					}
				}
			}
		}
		h.Release(t)
	})
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	parent, err := strconv.Atoi(systest.StatField(t, pid, 1))
	if err != nil {
		t.Fatal(err)
	}
	return parent
}

// What the caller ignores of the keyboard's and the terminal's signals stays ignored; all else is default, and nothing is blocked.
func TestDispositions(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cmd := systest.ProfileCommand(t, u, inUser, "cat", "/proc/self/status")
		wrapped := u.Command(t, "env", append([]string{"--block-signal=USR1,TERM", "--ignore-signal=HUP,INT,TSTP,TTIN,TTOU,PIPE,CHLD,USR2,ALRM,RTMIN", nstest.Probe(t), "-ignore"}, cmd.Args...)...)
		wrapped.Dir = cmd.Dir
		got := nstest.MustRun(t, wrapped)
		const ignored = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGTSTP-1) | 1<<(unix.SIGTTIN-1) | 1<<(unix.SIGTTOU-1)
		for name, want := range map[string]uint64{"SigBlk": 0, "SigIgn": ignored, "SigCgt": 0} {
			_, rest, _ := strings.Cut(got, name+":\t")
			if v, err := strconv.ParseUint(rest[:16], 16, 64); err != nil || v != want {
				t.Errorf("%s: %s; want %016x", name, rest[:16], want)
			}
		}
	})
}

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// live is nslaunch with a command that has said "up".
type live struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// startLive starts such a command; the words of prefix are those of a program that
// executes nslaunch.
func startLive(t *testing.T, cmd *exec.Cmd, prefix ...string) *live {
	t.Helper()
	if len(prefix) > 0 {
		path, err := exec.LookPath(prefix[0])
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Args = path, append(prefix, cmd.Args...)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &live{t, cmd, bufio.NewScanner(out)}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if !l.lines.Scan() || strings.TrimSpace(l.lines.Text()) != "up" {
		t.Fatalf("the command said %q", l.lines.Text())
	}
	return l
}

func (l *live) send(signals ...syscall.Signal) {
	l.t.Helper()
	for _, s := range signals {
		if err := l.cmd.Process.Signal(s); err != nil {
			l.t.Fatal(err)
		}
	}
}

// ends waits for the end and returns the lines that came and the status.
func (l *live) ends() string {
	l.t.Helper()
	hung := time.AfterFunc(time.Minute, func() { _ = l.cmd.Process.Kill() })
	defer hung.Stop()
	var said []string
	for l.lines.Scan() {
		said = append(said, strings.TrimSpace(l.lines.Text()))
	}
	_ = l.cmd.Wait()
	return fmt.Sprint(strings.Join(said, " "), " ", l.cmd.ProcessState)
}

// Signals that a user sends reach a command that shares the launcher's process
// group too, whether or not that is in the foreground.
func TestSignalsBesideKeys(t *testing.T) {
	eachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := shellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c '%s'",
			"$NS p.toml -- sh -c '%s' 2>/dev/null",
			"$NS p.toml -- sh -c '%s' 2>/dev/null &",
		} {
			says(term, fmt.Sprintf(line, counter), "going")
			launcher := term.job(t)
			for n := range 3 {
				if err := syscall.Kill(launcher, unix.SIGINT); err != nil {
					t.Fatal(err)
				}
				term.Expect(fmt.Sprintf("int %d\r", n+1))
			}
			if err := syscall.Kill(launcher, unix.SIGQUIT); err != nil {
				t.Fatal(err)
			}
			term.Expect("total 3\r")
			if strings.HasSuffix(line, "&") {
				says(term, "wait", prompt)
			} else {
				term.Expect(prompt)
			}
		}
		leave(t, term)
	})
}

// A caller that blocks or ignores signals keeps none of the forwarded ones from
// the command, but for those of nohup(1).
func TestSignalsOfNohup(t *testing.T) {
	const script = `trap "echo term" TERM; trap "echo usr1" USR1; trap "echo rt" 34; trap "echo quit; exit 3" QUIT; echo up; while :; do sleep .01; done`
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, how := range []string{"--ignore-signal", "--block-signal"} {
			for _, w := range ways() {
				l := startLive(t, profileCommand(t, u, "version = 1\n"+w.profile, "bash", "-c", script), "env", how)
				var got []string
				for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGUSR1, 34} {
					l.send(sig)
					l.lines.Scan()
					got = append(got, l.lines.Text())
				}
				if how == "--ignore-signal" {
					l.send(unix.SIGHUP, unix.SIGINT, unix.SIGTSTP)
				}
				l.send(unix.SIGQUIT)
				if text, want := strings.Join(got, " ")+" "+l.ends(), "term usr1 rt quit exit status 3"; text != want {
					t.Errorf("%s, %s: %s; want %s", how, w.name, text, want)
				}
			}
		}
	})
}

// lastBelow is the youngest descendant of a process in a chain of only children.
func lastBelow(t *testing.T, pid int) int {
	t.Helper()
	for {
		children := childrenOf(pid)
		if len(children) == 0 {
			return pid
		}
		pid = children[len(children)-1]
	}
}

// until waits until f is true.
func until(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what is waited for does not come to be")
		}
	}
}

// A stopped command gets its signals when it is continued.
func TestSignalToStopped(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range ways() {
			l := startLive(t, profileCommand(t, u, "version = 1\n"+w.profile, "sh", "-c", "echo up; exec sleep 600"))
			pid := lastBelow(t, l.cmd.Process.Pid)
			if err := syscall.Kill(pid, unix.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			until(t, func() bool { return statField(t, pid, 0) == "T" })
			l.send(unix.SIGTERM, unix.SIGCONT)
			if got, want := l.ends(), " exit status 143"; got != want {
				t.Errorf("%s: %s; want %s", w.name, got, want)
			}
		}
	})
}

// A command that ends while signals come in ends as it does.
func TestSignalsAtTheEnd(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for i := range 20 {
			w := ways()[i%3]
			l := startLive(t, profileCommand(t, u, "version = 1\n"+w.profile, "env", "--ignore-signal", "sh", "-c", "echo up; sleep .00"+fmt.Sprint(i%10)+"; exit 3"))
			for range 30 {
				if err := l.cmd.Process.Signal(unix.SIGUSR1); err != nil {
					break
				}
			}
			if got, want := l.ends(), " exit status 3"; got != want {
				t.Fatalf("%s: %s; want %s", w.name, got, want)
			}
		}
	})
}

// A signal during the set-up ends it, and nothing is left.
func TestSignalDuringSetup(t *testing.T) {
	nstest.Require(t, nstest.Tools("strace"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for i, sig := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGALRM, 34} {
			before := nstest.Snapshot(t)
			r, w := pipe(t)
			cmd := profileCommand(t, u, "version = 1\n"+allNew+"hostname = \"h\"\n"+[]string{"", ownPTY}[i%2], "echo", "it ran")
			cmd.ExtraFiles = []*os.File{w}
			trace := u.WriteFile(t, filepath.Join(cmd.Dir, "trace"), "")
			cmd.Args = append([]string{"strace", "-f", "-o", trace, "-e", "trace=sethostname", "-e", "inject=sethostname:signal=STOP",
				cmd.Args[0], "run", "--status-fd", "3"}, cmd.Args[1:]...)
			cmd.Path, _ = exec.LookPath("strace")
			result := make(chan nstest.Result)
			go func() { result <- nstest.Run(t, cmd) }()
			until(t, func() bool {
				text, _ := os.ReadFile(trace)
				return strings.Contains(string(text), "stopped by SIGSTOP")
			})
			if err := syscall.Kill(childrenOf(cmd.Process.Pid)[0], sig); err != nil {
				t.Fatal(err)
			}
			got := <-result
			w.Close()
			event, _ := bufio.NewReader(r).ReadString('\n')
			if got.Status != 128+int(sig) || got.Stdout+got.Stderr != "" ||
				!strings.HasPrefix(event, fmt.Sprintf(`{"event":"setup-failed","status":%d,`, 128+int(sig))) {
				t.Errorf("%v: %+v, %s", sig, got, event)
			}
			r.Close()
			nstest.AssertNothingLeft(t, before)
		}
	})
}

// Package signals tests which signals reach a command, and which its launcher.
package signals

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// Signals that a user sends reach a command that shares the launcher's process
// group too, whether or not that is in the foreground.
func TestSignalsBesideKeys(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		term := systest.ShellOn(t, u, profile)
		for _, line := range []string{
			"$NS p.toml -- sh -c '%s'",
			"$NS p.toml -- sh -c '%s' 2>/dev/null",
			"$NS p.toml -- sh -c '%s' 2>/dev/null &",
		} {
			systest.Says(term, fmt.Sprintf(line, systest.Counter), "going")
			launcher := term.Job(t)
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
				systest.Says(term, "wait", systest.Prompt)
			} else {
				term.Expect(systest.Prompt)
			}
		}
		systest.Leave(t, term)
	})
}

// A caller that blocks or ignores signals keeps none of the forwarded ones from
// the command, but for those of nohup(1).
func TestSignalsOfNohup(t *testing.T) {
	const script = `trap "echo term" TERM; trap "echo usr1" USR1; trap "echo rt" 34; trap "echo quit; exit 3" QUIT; echo up; while :; do sleep .01; done`
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, how := range []string{"--ignore-signal", "--block-signal"} {
			for _, w := range systest.Ways() {
				l := systest.StartLive(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, "bash", "-c", script), "env", how)
				var got []string
				for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGUSR1, 34} {
					l.Send(sig)
					l.Lines.Scan()
					got = append(got, l.Lines.Text())
				}
				if how == "--ignore-signal" {
					l.Send(unix.SIGHUP, unix.SIGINT, unix.SIGTSTP)
				}
				l.Send(unix.SIGQUIT)
				if text, want := strings.Join(got, " ")+" "+l.Ends(), "term usr1 rt quit exit status 3"; text != want {
					t.Errorf("%s, %s: %s; want %s", how, w.Name, text, want)
				}
			}
		}
	})
}

// lastBelow is the youngest descendant of a process in a chain of only children.
func lastBelow(t *testing.T, pid int) int {
	t.Helper()
	for {
		children := systest.ChildrenOf(pid)
		if len(children) == 0 {
			return pid
		}
		pid = children[len(children)-1]
	}
}

// A stopped command gets its signals when it is continued.
func TestSignalToStopped(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range systest.Ways() {
			l := systest.StartLive(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, "sh", "-c", "echo up; exec sleep 600"))
			pid := lastBelow(t, l.Cmd.Process.Pid)
			if err := syscall.Kill(pid, unix.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			systest.Until(t, func() bool { return systest.StatField(t, pid, 0) == "T" })
			l.Send(unix.SIGTERM, unix.SIGCONT)
			if got, want := l.Ends(), " exit status 143"; got != want {
				t.Errorf("%s: %s; want %s", w.Name, got, want)
			}
		}
	})
}

// A command that ends while signals come in ends as it does.
func TestSignalsAtTheEnd(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for i := range 20 {
			w := systest.Ways()[i%3]
			l := systest.StartLive(t, systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, "env", "--ignore-signal", "sh", "-c", "echo up; sleep .00"+fmt.Sprint(i%10)+"; exit 3"))
			for range 30 {
				if err := l.Cmd.Process.Signal(unix.SIGUSR1); err != nil {
					break
				}
			}
			if got, want := l.Ends(), " exit status 3"; got != want {
				t.Fatalf("%s: %s; want %s", w.Name, got, want)
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
			r, w := systest.Pipe(t)
			cmd := systest.ProfileCommand(t, u, "version = 1\n"+systest.AllNew+"hostname = \"h\"\n"+[]string{"", systest.OwnPTY}[i%2], "echo", "it ran")
			cmd.ExtraFiles = []*os.File{w}
			trace := u.WriteFile(t, filepath.Join(cmd.Dir, "trace"), "")
			cmd.Args = append([]string{"strace", "-f", "-o", trace, "-e", "trace=sethostname", "-e", "inject=sethostname:signal=STOP",
				cmd.Args[0], "run", "--status-fd", "3"}, cmd.Args[1:]...)
			cmd.Path, _ = exec.LookPath("strace")
			result := make(chan nstest.Result)
			go func() { result <- nstest.Run(t, cmd) }()
			systest.Until(t, func() bool {
				text, _ := os.ReadFile(trace)
				return strings.Contains(string(text), "stopped by SIGSTOP")
			})
			if err := syscall.Kill(systest.ChildrenOf(cmd.Process.Pid)[0], sig); err != nil {
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

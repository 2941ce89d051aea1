package exec

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// watchers are profiles whose command may look into whatever is entered beside it, as far as the
// kernel lets it.
func watchers() map[string]string {
	return map[string]string{
		"all new":       "namespaces = \"new\"\n",
		"one pid space": "namespaces = { user = \"new\", mount = \"new\" }\n",
	}
}

// Before its execve, a process that enters a sandbox cannot be looked into by one of the sandbox's, and after
// that it has nothing of the outside (CVE-2016-9962, CVE-2024-21626).
func TestExecHidden(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for name, profile := range watchers() {
			t.Run(name, func(t *testing.T) {
				p := systest.NewWorkplace(t, u)
				p.Write("name = \"watcher\"\n" + profile)
				stdin, ours := systest.Pipe(t)
				stdout, theirs := systest.Pipe(t)
				cmd := p.Command("./p.toml", nstest.Probe(t), "-watch")
				cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, theirs, os.Stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				theirs.Close()
				said := bufio.NewReader(stdout)
				if line, err := said.ReadString('\n'); err != nil || line != "up\n" {
					t.Fatalf("%q, %v", line, err)
				}
				host, err := os.Open("/")
				if err != nil {
					t.Fatal(err)
				}
				defer host.Close()
				for range nstest.Rounds(100) {
					enter := p.Command("exec", "watcher", "true")
					enter.ExtraFiles = []*os.File{host}
					if got := nstest.Run(t, enter); got.Status != 0 || got.Stderr != "" {
						t.Fatalf("exec: %+v", got)
					}
				}
				// A way out by a descriptor that was passed is none, whichever its number.
				for fd := 3; fd < 12; fd++ {
					enter := p.Command("exec", "watcher", fmt.Sprintf("/proc/self/fd/%d/bin/true", fd))
					enter.ExtraFiles = []*os.File{host}
					if got := nstest.Run(t, enter); got.Status != systest.StatusMissing && got.Status != systest.StatusNoExec {
						t.Errorf("descriptor %d: %+v", fd, got)
					}
				}
				ours.Close()
				var saw struct {
					Seen  []string
					Looks int
				}
				if err := json.NewDecoder(said).Decode(&saw); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Wait(); err != nil {
					t.Error(err)
				}
				if saw.Looks < 100 {
					t.Errorf("the watcher looked %d times: too few for a test", saw.Looks)
				}
				for _, what := range saw.Seen {
					if strings.HasPrefix(what, "nslaunch-init") || strings.HasPrefix(what, "true ") {
						t.Errorf("the watcher saw %s", what)
					}
				}
			})
		}
	})
}

// The program hides before it enters anything, and never shows itself again.
func TestExecHidesFirst(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"hides\"\ncommand = [\"sleep\", \"1000\"]\n")
		calls := p.Must("exec", "--plan", "--syscalls", name, "true")
		hide := strings.Index(calls, "prctl(PR_SET_DUMPABLE, 0")
		enter := regexp.MustCompile(`(?m)^setns\(`).FindAllStringIndex(calls, -1)
		if hide < 0 || len(enter) != 1 || enter[0][0] < hide || strings.Count(calls, "PR_SET_DUMPABLE") != 1 {
			t.Errorf("hides at %d, enters at %v, in\n%s", hide, enter, calls)
		}
		p.Must("stop", name)
	})
}

// On a terminal, what is executed has one of its own, with its size and its job control.
func TestExecTerminal(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"terminal\"\ncommand = [\"sleep\", \"1000\"]\n")
		term := u.StartTerminal(t, p.Command("exec", name, "sh"))
		term.Send("stty size\n")
		term.Expect("24 80")
		term.Send("trap 'echo caught' INT; sleep 100; echo af''ter\n")
		term.Expect("sleep 100")
		for !inForeground(p.List(name).PID, "sleep 100") {
		}
		term.Send("\x03")
		term.Expect("after")
		term.Send("exit 7\n")
		if got := term.Wait(); got.Status != 7 {
			t.Errorf("got %+v", got)
		}
		p.Must("stop", name)
	})
}

// inForeground reports whether a command runs beside a process, in its pid namespace.
func inForeground(pid int, command string) bool {
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return false
	}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		other, err := os.Readlink("/proc/" + e.Name() + "/ns/pid")
		if err != nil || other != own {
			continue
		}
		text, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if strings.TrimSuffix(strings.ReplaceAll(string(text), "\x00", " "), " ") == command {
			return true
		}
	}
	return false
}

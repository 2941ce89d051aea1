package killed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// daemons leaves two processes behind, one of them in a session of its own.
const daemons = `command = ["/bin/sh", "-c", "(setsid sleep 1000 >/dev/null 2>&1 &) ; sleep 1000 >/dev/null 2>&1 & sleep 0.02"]
`

// killCase is a profile, and which processes of it are killed at which of their calls.
type killCase struct {
	name, profile string
	// every nth call, by role.
	every map[string]int
	// joins: HOLDER in the profile is a process of another sandbox.
	joins bool
	// userOnly: root has no subordinate ids.
	userOnly bool
	// service: in the environment is what a service manager says.
	service bool
}

func killCases() []killCase {
	// Without a pid namespace of its own, only the command dies with the launcher.
	const alone = "command = [\"sleep\", \"0.02\"]\n"
	return []killCase{
		{name: "all new", profile: "hostname = \"h\"\nnamespaces = \"new\"\n" + daemons,
			every: map[string]int{"launcher": 2, "launcher.0": 5, "launcher.0.0": 1, "launcher.0.0.0": 1}},
		{name: "without init", profile: "namespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\nprocess = { init = false }\n" + daemons,
			every: map[string]int{"launcher": 2, "launcher.0.0": 2}},
		{name: "helpers", userOnly: true, profile: "namespaces = { user = \"new\", pid = \"new\" }\nidmap = \"subid\"\n" + daemons,
			every: map[string]int{"launcher": 5, "launcher.1": 25, "launcher.2": 25, "launcher.0.0": 5}},
		{name: "joins", joins: true, profile: "namespaces = { user = \"pid:HOLDER\", net = \"pid:HOLDER\", pid = \"new\", mount = \"new\" }\n" + daemons,
			every: map[string]int{"launcher": 2, "launcher.0.0": 2, "launcher.0.0.0": 2, "launcher.0.0.0.0": 1}},
		{name: "joined pid namespace", joins: true, profile: "namespaces = { user = \"pid:HOLDER\", pid = \"pid:HOLDER\" }\n" + alone,
			every: map[string]int{"launcher": 5, "launcher.0.0": 4, "launcher.0.0.0": 4}},
		{name: "no pid namespace", profile: "namespaces = { user = \"new\", net = \"new\" }\n" + alone,
			every: map[string]int{"launcher": 10, "launcher.0.0": 5}},
		{name: "service", service: true, profile: "namespaces = \"new\"\nservice = { notify = \"command\", credentials = true }\nmounts = { tmpfs = [\"/run\"] }\n" + daemons,
			every: map[string]int{"launcher": 7, "launcher.0.0": 3, "launcher.0.0.0": 7}},
	}
}

// Wherever a launcher or one of its children is killed, nothing is left.
func TestKilled(t *testing.T) {
	for _, c := range killCases() {
		t.Run(c.name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				if c.userOnly && u.IsRoot() {
					return
				}
				profile := "version = 1\n" + c.profile
				if c.joins {
					h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = \"new\"\ncommand = [\"cat\"]\n"))
					defer h.Release(t)
					defer reapOrphans() // or the holder's pid namespace does not end
					profile = strings.ReplaceAll(profile, "HOLDER", fmt.Sprint(h.PID))
				}
				for role, every := range c.every {
					// The portable image starts the stage as a grandchild, as it does everywhere else where the user namespace is new.
					if c.joins && !nstest.Portable() {
						role = strings.Replace(role, "launcher.0.0", "launcher.0", 1)
					}
					var env []string
					if c.service {
						env = []string{"NOTIFY_SOCKET=" + systest.NewListener(t, u).Address, "CREDENTIALS_DIRECTORY=" + u.TempDir(t)}
					}
					if n := killEach(t, u, profile, role, every, env...); n < 3 {
						t.Errorf("%s was killed %d times: too few for a test", role, n)
					}
				}
			})
		})
	}
}

// killEach kills the process of a role at every nth of its calls, one run
// for each, and returns how often it did.
func killEach(t *testing.T, u nstest.User, profile, role string, every int, env ...string) int {
	t.Helper()
	dir := u.TempDir(t)
	u.WriteFile(t, filepath.Join(dir, "p.toml"), profile)
	if nstest.Portable() {
		every = max(every, 4) // to spare time
		if strings.Count(role, ".") < 2 {
			every = max(every, 15) // these make most calls, and the image differs in few of them
		}
	}
	for n, kills := 1, 0; ; n, kills = n+every, kills+1 {
		cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
		cmd.Dir, cmd.Env = dir, append(cmd.Env, env...)
		stderr, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = stderr
		before := nstest.Snapshot(t)
		// Up to its execve, or to the end: the launcher's, the loader's own execve begins it.
		killed, status := killAt(t, cmd, target{role, n, strings.Count(role, ".") > 1})
		nstest.AssertNothingLeft(t, before)
		said := systest.ReadFile(t, stderr.Name())
		stderr.Close()
		const ended = 128 + 9
		switch {
		case t.Failed():
			t.Fatalf("after %s was killed at call %d", role, n)
		case !killed:
			if status.ExitStatus() != 0 || said != "" {
				t.Errorf("without a kill: status %d: %s", status.ExitStatus(), said)
			}
			return kills
		case role == "launcher":
			if !status.Signaled() {
				t.Errorf("the launcher killed at call %d: %v", n, status)
			}
		case status.ExitStatus() == systest.StatusSetup && strings.HasPrefix(said, "nslaunch: error: "),
			status.ExitStatus() == ended && said == "",
			status.ExitStatus() == 0 && said == "": // it had done its work
		default:
			t.Errorf("%s killed at call %d: status %v: %s", role, n, status, said)
		}
	}
}

// reapOrphans waits for children that have ended and that nobody has made
// here: this process is the reaper of what the killed have left.
func reapOrphans() {
	for _, pid := range systest.ChildrenOf(os.Getpid()) {
		_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
	}
}

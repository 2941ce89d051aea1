package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/launcher/internal/compile"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// faultProfiles have a command that is not found, so that every op is run.
// HOLDER is a process in new namespaces of every kind.
func faultProfiles() map[string]string {
	return map[string]string{
		"all new": `version = 1
hostname = "h"
command = ["no-such-command"]
namespaces = "new"
time = { boottime = "+1h" }
[proc]
hidepid = "invisible"
readonly_paths = ["/proc/sys"]
masked_paths = ["/proc/keys", "/proc/fs"]
[process]
umask = "022"
cwd = "/"
nice = ` + strconv.Itoa(nstest.Nicer(1)) + `
oom_score_adj = 100
capabilities = ["NET_ADMIN"]
`,
		"without init": `version = 1
command = ["no-such-command"]
namespaces = { user = "new", pid = "new", mount = "new" }
proc = "none"
process = { init = false, terminal = "pty" }
`,
		"joins": `version = 1
command = ["no-such-command"]
namespaces = { user = "pid:HOLDER", pid = "pid:HOLDER", net = "pid:HOLDER", mount = "new" }
proc = "new"
`,
		"joins, with init": `version = 1
command = ["no-such-command"]
namespaces = { user = "pid:HOLDER", pid = "new", net = "pid:HOLDER", mount = "new" }
process = { terminal = "none" }
`,
		"in a service": `version = 1
command = ["no-such-command"]
namespaces = "new"
service = { notify = "command", listen_fds = true, credentials = true }
mounts = { tmpfs = ["/run"] }
`,
		"placed, and notify": `version = 1
command = ["no-such-command"]
namespaces = { user = "new", cgroup = "new", pid = "new", mount = "new" }
scope = { mode = "required" }
service = { notify = "exec" }
`,
	}
}

// faultPlans runs test with the plan of each profile, as each user, in a
// process of that user's.
func faultPlans(t *testing.T, test func(t *testing.T, p *plan.Plan)) {
	for name, text := range faultProfiles() {
		t.Run(name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				if !u.IsRoot() && !nstest.Inside(t) {
					nstest.RunAgain(t, nstest.Again(t, u))
					return
				}
				if strings.Contains(text, "HOLDER") {
					text = strings.ReplaceAll(text, "HOLDER", fmt.Sprint(holder(t)))
				}
				test(t, mustCompile(t, text))
			})
		})
	}
}

// mustCompile compiles for this machine, with managers of systemd that nobody asks.
func mustCompile(t *testing.T, text string) *plan.Plan {
	t.Helper()
	profile, err := config.Parse("p.toml", []byte(text), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	if host.UsesService(profile.Service) {
		for name, value := range map[string]string{"NOTIFY_SOCKET": "/run/systemd/notify", "CREDENTIALS_DIRECTORY": "/usr/share",
			"LISTEN_PID": fmt.Sprint(os.Getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"} {
			t.Setenv(name, value)
		}
	}
	given, err := host.Probe(profile)
	if err != nil {
		t.Fatal(err)
	}
	if profile.Service.ListenFDs {
		// Whatever it is, it is open.
		if _, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3); err != nil {
			t.Fatal(err)
		}
		given.OpenFDs[3] = true
	}
	given.Scope = host.ScopeState{Managers: []host.Manager{{Bus: config.BusUser}, {Bus: config.BusSystem}}}
	plan, err := compile.Compile(profile, given, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// holder starts a sandbox that lasts as long as the test, and returns its command's pid.
func holder(t *testing.T) int {
	t.Helper()
	s, err := Start(context.Background(), mustCompile(t, "version = 1\nnamespaces = \"new\"\ncommand = [\"sleep\", \"1000\"]\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Signal(unix.SIGKILL); err != nil {
			t.Error(err)
		}
		if exit, err := s.Wait(); err != nil || exit.Signal != unix.SIGKILL {
			t.Errorf("the holder ended with %+v, %v", exit, err)
		}
	})
	return s.PID()
}

// failed carries out a plan that is to fail, asserts that nothing is left of
// it, and returns its error.
func failed(t *testing.T, p *plan.Plan) *plan.StepError {
	t.Helper()
	before := nstest.Snapshot(t)
	var unit unit
	s, err := Start(context.Background(), p, unit.options())
	if err == nil {
		_ = s.Signal(unix.SIGKILL)
		exit, err := s.Wait()
		t.Fatalf("the command ran: %+v, %v", exit, err)
	}
	unit.check(t)
	nstest.AssertNothingLeft(t, before)
	if dead := unreaped(t); dead != "" {
		t.Errorf("children are left that were not waited for: %s", dead)
	}
	var step *plan.StepError
	if !errors.As(err, &step) {
		t.Fatalf("not a StepError: %v", err)
	}
	return step
}

// unreaped lists the children of this process that have ended and were not
// waited for, except what harnesses of tests that ran as a user have left.
func unreaped(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var dead []string
	for _, file := range files {
		text, _ := os.ReadFile(file) // a thread may end
		for _, pid := range strings.Fields(string(text)) {
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			if s := string(stat); strings.Contains(s, ") Z ") && !strings.Contains(s, "(sh)") && !strings.Contains(s, "(rm)") {
				dead = append(dead, s)
			}
		}
	}
	return strings.Join(dead, " ")
}

// wantFailure asserts that err tells of step i, and of its place in the
// profile.
func wantFailure(t *testing.T, p *plan.Plan, err *plan.StepError, i int, errno unix.Errno) {
	t.Helper()
	want := p.Steps[i]
	_, execution := want.Action.(step.Execute)
	switch {
	case err.Index != i || err.Step.Action.String() != want.Action.String() || !errors.Is(err, errno):
		t.Errorf("got step %d: %v; want step %d, %s: %v", err.Index+1, err, i+1, want.Action, errno)
	case !want.Origin.Pos.IsZero() && err.Step.Origin != want.Origin, err.Step.Origin.Pos.File == "":
		t.Errorf("it is reported at %+v; want %+v: %v", err.Step.Origin, want.Origin, err)
	case (err.Missing || err.NotExecutable) != execution:
		t.Errorf("missing %v, not executable %v in step %s", err.Missing, err.NotExecutable, want.Action)
	}
	if text := fmt.Sprintf("step %d, %s: %s", i+1, plan.Shortened(want.Brief()), unix.ErrnoName(errno)); !strings.Contains(err.Error(), text) {
		t.Errorf("error %q; want %q in it", err, text)
	}
}

// Each op of a program fails in turn. What is made to fail is close(-1): its
// errno is none that any op passes over.
func TestEachOpFails(t *testing.T) {
	faultPlans(t, func(t *testing.T, p *plan.Plan) {
		for _, i := range opsToTry(p) {
			o := &p.Program.Ops[i]
			patched := *p
			patched.Program = new(program.Program)
			*patched.Program = *p.Program
			patched.Program.Ops = slices.Clone(p.Program.Ops)
			patched.Program.Ops[i] = program.Op{Nr: unix.SYS_CLOSE, Out: o.Out, Flags: o.Flags, Step: o.Step,
				Pass: o.Pass, Args: [6]program.Operand{program.Int(-1)}}
			t.Run(fmt.Sprintf("%d %s", i, o.Name()), func(t *testing.T) {
				err := failed(t, &patched)
				if silent(p, i) {
					if !errors.Is(err, program.ErrGone) && !strings.Contains(err.Error(), "ended") {
						t.Errorf("got %v; want that the child has ended", err)
					}
					return
				}
				wantFailure(t, p, err, int(o.Step), unix.EBADF)
				if err.Call != "close" {
					t.Errorf("call %q; want close", err.Call)
				}
			})
		}
	})
}

// opsToTry are the ops of a program, but of a row of the same call in one step
// only the first and the last.
func opsToTry(p *plan.Plan) []int {
	same := func(a, b program.Op) bool { return a.Nr == b.Nr && a.Step == b.Step && a.Nr != unix.SYS_FACCESSAT }
	var list []int
	ops := p.Program.Ops
	for i := range ops {
		if i > 0 && i+1 < len(ops) && same(ops[i-1], ops[i]) && same(ops[i], ops[i+1]) {
			continue
		}
		list = append(list, i)
	}
	return list
}

// silent reports whether an op has no means to tell of its failure: init's, once
// it has closed the socket for that.
func silent(p *plan.Plan, i int) bool {
	ops := p.Program.Ops
	if ops[i].Nr == program.SpecialInit {
		return true
	}
	return i+1 < len(ops) && ops[i+1].Nr == program.SpecialInit
}

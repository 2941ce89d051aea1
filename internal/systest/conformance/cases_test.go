package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// conformanceCase is a profile whose plan is compared with what it does.
type conformanceCase struct {
	name    string
	profile string // "" for profileFor
	words   []string
	status  int
	// refused allows that there is no plan for this user.
	refused  bool
	example  bool
	rootOnly bool
	// keep is how many descriptors from 3 on are inherited.
	keep int
	// sockets are the variables by which a service manager passes them.
	sockets    []string
	profileFor func(t *testing.T, u nstest.User, pid int) string // pid: of a process for joining
	joins      bool
	outer      func(t *testing.T) *nstest.Outer
	// placed says that it needs a systemd; manager has it run on a machine with one,
	// under other words where there are some.
	placed  bool
	manager *systest.Manager
	under   []string
	// around makes what has to be in the directory that it is run in, and returns what
	// has to be in its environment.
	around func(t *testing.T, u nstest.User, dir string) []string
}

// conformanceRun is what was planned and what was done.
type conformanceRun struct {
	plan   string // plan --syscalls
	steps  string // plan --json
	status int
	trace  trace
}

// run plans and runs the profile, with the same environment and directory. It
// is not ok if there is no plan for this user.
func (c conformanceCase) run(t *testing.T, u nstest.User, raw bool) (run conformanceRun, ok bool) {
	t.Helper()
	command := u.Command
	superuser := nstest.Superuser(t).Command
	if c.outer != nil {
		outer := c.outer(t)
		command = func(t testing.TB, name string, args ...string) *exec.Cmd { return outer.Command(t, u, name, args...) }
		superuser = func(t testing.TB, name string, args ...string) *exec.Cmd {
			return outer.Command(t, nstest.Superuser(t), name, args...)
		}
	}
	if c.manager != nil {
		command, superuser = onMachine(*c.manager, u, c.under), onMachine(*c.manager, nstest.Superuser(t), c.under)
	}
	profile := c.profile
	if c.profileFor != nil {
		pid := 0
		if c.joins {
			// In new namespaces of every kind.
			h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = \"new\"\ncommand = [\"cat\"]\n"))
			defer h.Release(t)
			pid = h.PID
		}
		profile = c.profileFor(t, u, pid)
	}
	dir := u.TempDir(t)
	u.WriteFile(t, filepath.Join(dir, "p.toml"), profile)
	env := u.Env()
	if c.manager != nil {
		env = append(env, c.manager.Env...)
	}
	if c.around != nil {
		env = append(env, c.around(t, u, dir)...)
	}
	prepare := func(cmd *exec.Cmd) *exec.Cmd {
		cmd.Dir, cmd.Env = dir, env
		for range c.keep {
			null, err := os.Open("/dev/null")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { null.Close() })
			cmd.ExtraFiles = append(cmd.ExtraFiles, null)
		}
		if c.sockets != nil {
			return systest.Activated(cmd, c.sockets...)
		}
		return cmd
	}
	words := append([]string{"p.toml", "--"}, c.words...)
	nslaunch := nstest.Nslaunch(t)
	for _, form := range []struct {
		flag string
		to   *string
	}{{"--syscalls", &run.plan}, {"--json", &run.steps}} {
		got := nstest.Run(t, prepare(command(t, nslaunch, append([]string{"plan", form.flag}, words...)...)))
		if got.Status == systest.StatusProblem && c.refused {
			return run, false
		}
		if got.Status != 0 {
			t.Fatalf("plan: %+v", got)
		}
		*form.to = got.Stdout
	}
	traces := filepath.Join(nstest.TempDir(t), "trace")
	strace := append(straceWords(t, u, traces, raw), nslaunch, "run")
	if c.manager != nil {
		// What has the command's status there is not the process that strace has left.
		strace = slices.DeleteFunc(strace, func(word string) bool { return word == "-D" })
	}
	cmd := prepare(superuser(t, strace[0], append(strace[1:], words...)...))
	before := nstest.Snapshot(t)
	if got := nstest.Run(t, cmd); got.Status != c.status {
		t.Fatalf("status %d; want %d: %s%s", got.Status, c.status, got.Stdout, got.Stderr)
	}
	if c.manager == nil { // a machine is never quite at rest
		nstest.AssertNothingLeft(t, before) // strace ends after what it traces
	}
	run.status, run.trace = c.status, readTrace(t, traces)
	return run, true
}

var timeout = regexp.MustCompile(`(?m)^timeout .*$`)

// exampleCases are the examples, with another command: what theirs is has no
// part in the plan.
func exampleCases(t *testing.T) []conformanceCase {
	t.Helper()
	var cases []conformanceCase
	files, err := filepath.Glob("../../../examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := conformanceCase{name: strings.TrimSuffix(filepath.Base(file), ".toml"), words: []string{"true"}, refused: true, example: true}
		c.around = aroundExamples()[c.name]
		c.placed = slices.Contains([]string{"scope", "limits-unit"}, c.name)
		c.joins = strings.Contains(string(text), "${env:NETNS}")
		c.profileFor = func(_ *testing.T, _ nstest.User, pid int) string {
			// What is traced takes its time, and time is no call.
			text := timeout.ReplaceAllString(string(text), "")
			if c.placed { // what this machine's kernel can enforce is none, either
				text = strings.Replace(text, "\n[limits]\n", "\n[limits]\noptional = true\n", 1)
			}
			return strings.ReplaceAll(text, "${env:NETNS}", fmt.Sprintf("/proc/%d/ns/net", pid))
		}
		cases = append(cases, c)
	}
	return cases
}

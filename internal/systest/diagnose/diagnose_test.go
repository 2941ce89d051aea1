// Package diagnose makes each reason for which a machine refuses, and compares the full text of the error.
package diagnose

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// surroundings makes a command that runs words as u where something is amiss.
type surroundings func(t *testing.T, u nstest.User, words ...string) *exec.Cmd

// nothingAmiss are the machine's own surroundings.
func nothingAmiss(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
	return u.Command(t, words[0], words[1:]...)
}

// after are those that a shell script makes, as u.
func after(script string) surroundings {
	return func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
		return u.Command(t, "sh", append([]string{"-c", script + "\nexec \"$@\"", "sh"}, words...)...)
	}
}

// nestedAfter are those that a script makes as root of a user namespace.
func nestedAfter(script string) surroundings {
	return func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
		return u.Command(t, "unshare", append([]string{"-Ur", "sh", "-c", script + "\nexec \"$@\"", "sh"}, words...)...)
	}
}

// mountedAfter are a mount namespace in which root has run a script.
func mountedAfter(script string) surroundings {
	return func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
		o := nstest.NewOuter(t, mountprop.Private)
		nstest.MustRun(t, o.Command(t, nstest.Superuser(t), "sh", "-euc", script))
		return o.Command(t, u, words[0], words[1:]...)
	}
}

// trouble is a profile that fails somewhere.
type trouble struct {
	profile string
	around  surroundings // nil: nothing is amiss
	status  int          // 0: 125
	// want is the text, without "nslaunch: error: " and with "step #" for the
	// number that plan gives the step. "<PID>" and "<TIME>" stand for what
	// changes from run to run.
	want string
}

// check runs the profile and compares, and asserts that nothing is left.
func (x trouble) check(t *testing.T, u nstest.User) {
	t.Helper()
	around := x.around
	if around == nil {
		around = nothingAmiss
	}
	start := func(around surroundings, args ...string) *exec.Cmd {
		cmd := around(t, u, append([]string{nstest.Nslaunch(t)}, args...)...)
		u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), x.profile)
		return cmd
	}
	plan := planOf(t, start(around, "plan", "p.toml"))
	if plan == nil {
		plan = planOf(t, start(nothingAmiss, "plan", "p.toml"))
	}
	cmd := start(around, "p.toml")
	before := nstest.Snapshot(t)
	got := nstest.Run(t, cmd)
	nstest.AssertNothingLeft(t, before)
	status := x.status
	if status == 0 {
		status = systest.StatusSetup
	}
	want := numbered("nslaunch: error: "+x.want+"\n", plan)
	stdout := withoutRuns(got.Stdout)
	if text := nstest.WithoutImage(steady(got.Stderr)); got.Status != status || text != want || stdout != "" {
		t.Errorf("as %s: got status %d, stdout %q and stderr\n%swant status %d and stderr\n%s", u.Name, got.Status, stdout, text, status, want)
	}
}

// planOf has the actions of a plan that is printed, by number; nil where
// there is no plan.
func planOf(t *testing.T, cmd *exec.Cmd) []string {
	t.Helper()
	r := nstest.Run(t, cmd)
	if r.Status != 0 || !strings.Contains(r.Stdout, "start the stage") {
		return nil
	}
	return strings.Split(nstest.WithoutImage(withoutRuns(r.Stdout)), "\n")
}

// withoutRuns leaves out what a test that runs again says first.
func withoutRuns(stdout string) string {
	return regexp.MustCompile(`(?m)^=== RUN .*\n`).ReplaceAllString(stdout, "")
}

// numbered puts in the number of the step that plan has for the action.
func numbered(want string, plan []string) string {
	at, rest, ok := strings.Cut(want, "step #, ")
	if !ok {
		return want
	}
	for i, line := range plan {
		if gap := strings.LastIndex(line, "  "); gap >= 0 && strings.HasPrefix(rest, line[gap+2:]+": ") {
			return fmt.Sprintf("%sstep %d, %s", at, i+1, rest)
		}
	}
	return want
}

// unnumbered leaves out the number of the step.
func unnumbered(text string) string {
	return regexp.MustCompile(`: step \d+,`).ReplaceAllString(text, ": step #,")
}

// steady replaces what differs from run to run.
func steady(text string) string {
	text = regexp.MustCompile(`Target (process )?\d+`).ReplaceAllString(text, "Target <PID>")
	text = regexp.MustCompile(`(here it is at) [0-9hms.]+`).ReplaceAllString(text, "$1 <TIME>")
	return text
}

// everything is a profile with all there is new.
const everything = "version = 1\nnamespaces = \"new\"\ncommand = [\"true\"]\n"

const newEverything = "start the stage in new user, mount, pid, net, ipc, uts namespaces"

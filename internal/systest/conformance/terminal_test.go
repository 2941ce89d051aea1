package conformance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// On a terminal, a command that inherits it gets it handed by the launcher,
// before it is released.
func TestConformanceOnTerminal(t *testing.T) {
	const profile = "version = 1\nnamespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\ncommand = [\"true\"]\n"
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nslaunch, dir := nstest.Nslaunch(t), u.TempDir(t)
		u.WriteFile(t, filepath.Join(dir, "p.toml"), profile)
		typed := func(t *testing.T, u nstest.User, words ...string) string {
			t.Helper()
			cmd := u.Command(t, words[0], words[1:]...)
			cmd.Dir, cmd.Env = dir, nstest.Ordinary(t).Env()
			got := u.StartTerminal(t, cmd).Wait()
			if got.Status != 0 {
				t.Fatalf("%q: status %d: %s", words, got.Status, got.Stdout)
			}
			// On a terminal, notes are among the lines.
			lines := strings.SplitAfter(strings.ReplaceAll(got.Stdout, "\r\n", "\n"), "\n")
			return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "nslaunch: note: ") }), "")
		}
		run := conformanceRun{
			plan:  typed(t, u, nslaunch, "plan", "--syscalls", "p.toml"),
			steps: typed(t, u, nslaunch, "plan", "--json", "p.toml"),
		}
		if !strings.Contains(run.steps, "hand the terminal to ") {
			t.Errorf("the terminal is not handed over:\n%s", run.steps)
		}
		traces := filepath.Join(nstest.TempDir(t), "trace")
		before := nstest.Snapshot(t)
		t.Run("traced", func(t *testing.T) { // its end is that of the terminal, too
			typed(t, nstest.Superuser(t), append(straceWords(t, u, traces, false), nslaunch, "p.toml")...)
		})
		nstest.AssertNothingLeft(t, before)
		run.trace = readTrace(t, traces)
		if err := checkConformance(run, false); err != nil {
			t.Error(err)
		}
		want, err := launcherSteps(run.steps)
		if err != nil {
			t.Fatal(err)
		}
		got, err := launcherActs(run.trace)
		if err != nil {
			t.Fatal(err)
		}
		// In the end the launcher takes the terminal back.
		if n := len(got) - 1; n >= 0 && got[n] == "hand over the terminal" {
			got = got[:n]
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("did\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

package exec

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What is executed in a sandbox with a scope is in that scope, with its limits; who may not go there
// does not run outside of it.
func TestExecScope(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		dir := m.Dir(t, m.User)
		run := func(words ...string) nstest.Result {
			cmd := m.Command(t, m.User, m.Env, words[0], words[1:]...)
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+dir)
			return nstest.Run(t, cmd)
		}
		nslaunch := nstest.Nslaunch(t)
		m.User.WriteFile(t, filepath.Join(dir, "p.toml"), `version = 1
name = "scoped"
command = ["sleep", "1000"]
namespaces = { user = "new", pid = "new", mount = "new" }
scope = "required"
`)
		if got := run(nslaunch, "run", "--detach", "./p.toml"); got.Status != 0 {
			t.Fatalf("run --detach: %+v", got)
		}
		listed := run(nslaunch, "ps", "--long").Stdout
		if !strings.Contains(listed, "nslaunch-scoped-") || !strings.Contains(listed, ".scope") {
			t.Errorf("ps lists\n%s", listed)
		}
		enter := []string{nslaunch, "exec", "scoped", "cat", "/proc/self/cgroup"}
		if !strings.HasPrefix(m.Scope, "/system.slice") {
			// From outside of the tree of its manager, a user may move nothing into that.
			got := run(enter...)
			if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, "join the control group") ||
				!strings.Contains(got.Stderr, "try: put systemd-run --user --scope in front of nslaunch exec") {
				t.Errorf("from outside: %+v", got)
			}
			enter = append([]string{"systemd-run", "--user", "--scope", "--quiet"}, enter...)
		}
		got := run(enter...)
		if got.Status != 0 || !strings.Contains(got.Stdout, m.Scope+"nslaunch-scoped-") {
			t.Errorf("exec is in %+v; want one below %s", got, m.Scope)
		}
		if got := run(nslaunch, "stop", "scoped"); got.Status != 0 {
			t.Errorf("stop: %+v", got)
		}
		if got := run(nslaunch, "wait", "scoped"); got.Status != 143 {
			t.Errorf("wait: %+v", got)
		}
	})
}

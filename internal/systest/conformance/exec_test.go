package conformance

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What `exec --plan --syscalls` prints is what exec runs.
func TestConformanceExec(t *testing.T) {
	for name, profile := range map[string]string{
		"all new": "namespaces = \"new\"\n",
		"rights":  "namespaces = \"new\"\nprocess = { capabilities = [\"CHOWN\"], umask = \"027\", cwd = \"/usr\", nice = " + strconv.Itoa(nstest.Nicer(1)) + ", oom_score_adj = 10 }\nlimits = { rlimits = { nofile = [64, 128] } }\n",
		"no pid":  "namespaces = { user = \"new\", mount = \"new\" }\n",
		"nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				p := systest.NewWorkplace(t, u)
				sandbox := p.Detach("name = \"traced\"\ncommand = [\"sleep\", \"1000\"]\n" + profile)
				run := conformanceRun{
					plan:  p.Must("exec", "--plan", "--syscalls", sandbox, "true"),
					steps: p.Must("exec", "--plan", "--json", sandbox, "true"),
				}
				traces := filepath.Join(nstest.TempDir(t), "trace")
				words := append(straceWords(t, u, traces, false), nstest.Nslaunch(t), "exec", sandbox, "true")
				cmd := nstest.Superuser(t).Command(t, words[0], words[1:]...)
				cmd.Dir, cmd.Env = p.Dir, p.Command().Env
				before := nstest.Snapshot(t)
				if got := nstest.Run(t, cmd); got.Status != 0 || got.Stderr != "" {
					t.Errorf("exec: %+v", got)
				}
				nstest.AssertNothingLeft(t, before)
				run.trace = readTrace(t, traces)
				if err := checkConformance(run, false); err != nil {
					t.Error(err)
				}
				p.Must("stop", sandbox)
			})
		})
	}
}

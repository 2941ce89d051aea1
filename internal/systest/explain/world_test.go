package explain

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// world is a place with a home directory, in which the project is that the profiles run in.
type world struct {
	*systest.Workplace
	home, elsewhere string
}

func newWorld(t *testing.T, u nstest.User) *world {
	w := &world{Workplace: systest.NewWorkplace(t, u)}
	w.home = u.TempDir(t)
	w.elsewhere = u.WriteFile(t, filepath.Join(u.TempDir(t), "secret"), "secret\n")
	u.WriteFile(t, filepath.Join(w.home, "secret"), "secret\n")
	w.Dir = filepath.Join(w.home, "project")
	systest.MakeDirs(t, w.Dir)
	u.WriteFile(t, filepath.Join(w.Dir, "secret"), "secret\n")
	u.Own(t, w.home)
	t.Cleanup(func() { systest.RemoveLayer(t, filepath.Join(w.Dir, "state")) })
	return w
}

// run is nslaunch, with this home directory.
func (w *world) run(args ...string) nstest.Result {
	cmd := w.Command(args...)
	cmd.Env = append(cmd.Env, "HOME="+w.home)
	return nstest.Run(w.T, cmd)
}

// explained is what explain says of a profile or a sandbox, or the error if it cannot.
func (w *world) explained(args ...string) (*summary, string) {
	w.T.Helper()
	got := w.run(append([]string{"explain", "--json"}, args...)...)
	if got.Status != 0 {
		if got.Status != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "nslaunch: error: ") {
			w.T.Errorf("explain %q: %+v", args, got)
		}
		return nil, got.Stderr
	}
	var s summary
	if err := json.Unmarshal([]byte(got.Stdout), &s); err != nil || s.Version != 1 {
		w.T.Fatalf("explain %q: %v\n%s", args, err, got.Stdout)
	}
	return &s, ""
}

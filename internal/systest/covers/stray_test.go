package covers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// launchIn launches a preset or profile as a shell would that stands in the directory at, by that name. HOME is home.
func launchIn(t *testing.T, u nstest.User, home, at, profile, script string) nstest.Result {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", profile, "sh", "-c", script)
	cmd.Dir = at
	cmd.Env = append(cmd.Env, "HOME="+home, "PWD="+at)
	return nstest.Run(t, cmd)
}

// A sandbox leaves a link in its project, which has no repository. Who goes there and launches the next one does not show it what the link
// leads to. Links of one's own, such as ~/src, go on working.
func TestWorkingDirectoryLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"home/work/project/lib/x/file": "own\n", "data/victim/x/file": "stolen\n", "data/src/p/file": "own\n", "home/src": "-> ../data/src"})
		home, project := dir+"/home", dir+"/home/work/project"
		plant := "ln -s " + dir + "/data/victim src; ln -s ../../../data/victim/x rel; ln -s lib inner; ln -s src chain"
		if got := launchIn(t, u, home, project, "preset:build", plant); got.Status != 0 {
			t.Fatalf("%+v", got)
		}
		root := nstest.Superuser(t).TempDir(t)
		systest.Symlink(t, dir+"/data/victim/x", root+"/link")
		if err := os.Chmod(root, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, preset := range []string{"preset:build", "preset:dev", "preset:agent"} {
			for at, want := range map[string]string{
				project + "/src/x": "src", project + "/rel": "rel", project + "/chain/x": "chain",
				project + "/inner/x": "", home + "/src/p": "", root + "/link": "root",
			} {
				if want == "root" {
					if want = ""; u.IsRoot() {
						want = "link"
					}
				}
				got := launchIn(t, u, home, at, preset, "cat file")
				switch {
				case want == "" && (got.Status != 0 || got.Stdout == ""):
					t.Errorf("%s in %s: %+v", preset, at, got)
				case want != "" && (got.Status != systest.StatusSetup || got.Stdout != "" || strings.Count(got.Stderr, "error:") != 1 ||
					!strings.Contains(got.Stderr, "the working directory is reached through ") || !strings.Contains(got.Stderr, "/"+want+", a symbolic link to ")):
					t.Errorf("%s in %s: %+v", preset, at, got)
				}
				if want == "" {
					continue
				}
				// The control, and the cure: the place itself can be named, and is shown.
				real, err := filepath.EvalSymlinks(at)
				if err != nil || !strings.HasSuffix(strings.TrimSpace(got.Stderr), "(if you made it: cd "+real+")") {
					t.Errorf("%s in %s: the cure is in %q, %v", preset, at, got.Stderr, err)
				}
				if got := launchIn(t, u, home, real, preset, "cat file"); got.Stdout != "stolen\n" {
					t.Errorf("%s in %s: %+v", preset, real, got)
				}
			}
		}
	})
}

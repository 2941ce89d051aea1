package git

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A .git that another user makes above the working directory, where she may write, shows nothing of the caller's to the
// caller's sandbox. That of the caller's own does.
func TestPresetsOthersRepository(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		systest.MakeDirs(t, dir+"/own/y")
		u.WriteFile(t, dir+"/own/secret", "secret\n")
		u.Own(t, dir)
		see := func(name string) bool {
			t.Helper()
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", name, "sh", "-c", "pwd; cat ../secret; echo x >../made")
			cmd.Dir = dir + "/own/y"
			got := nstest.Run(t, cmd)
			if !strings.HasPrefix(got.Stdout, dir+"/own/y\n") {
				t.Fatalf("%s: %+v", name, got)
			}
			_, err := os.Lstat(dir + "/own/made")
			_ = os.Remove(dir + "/own/made")
			seen := strings.Contains(got.Stdout, "secret")
			if seen != (err == nil) {
				t.Errorf("%s: it reads %v, it writes %v", name, seen, err == nil)
			}
			return seen
		}
		for _, test := range []struct {
			name, head, part string // what belongs to another user
			want             bool
		}{
			{"another's", "ref: refs/heads/main\n", ".git", false},
			{"without", "ref: refs/heads/main\n", "", true}, // the control
			{"in another's work tree", "ref: refs/heads/main\n", ".", false},
			{"no HEAD", "x\n", "", false},
		} {
			t.Run(test.name, func(t *testing.T) {
				git := dir + "/.git"
				systest.MakeDirs(t, git+"/objects", git+"/refs")
				u.WriteFile(t, git+"/HEAD", test.head)
				u.Own(t, git)
				if test.part != "" {
					nstest.Bare(t).Own(t, filepath.Join(dir, test.part))
					if test.part == "." {
						u.Own(t, dir+"/own")
						u.Own(t, git)
					}
				}
				for _, preset := range []string{"preset:dev", "preset:npm", "preset:agent"} {
					if got := see(preset); got != test.want {
						t.Errorf("%s sees what is above the working directory: %v", preset, got)
					}
					plan := func(words ...string) string {
						cmd := u.Command(t, nstest.Nslaunch(t), append([]string{"plan", "--set", "process.terminal=none"}, append(words, preset, "true")...)...)
						cmd.Dir = dir + "/own/y"
						got := nstest.Run(t, cmd)
						if got.Status != 0 {
							t.Errorf("plan of %s: %+v", preset, got)
						}
						return got.Stderr
					}
					note := fmt.Sprintf("so the git repository at %s is ignored (cd %s, or show it read-only: mounts.ro = [%q])", dir, dir, dir)
					if got := plan(); strings.Contains(got, note) != (test.part != "") {
						t.Errorf("plan of %s notes %q, want %q: %v", preset, got, note, test.part != "")
					}
					if got := plan("--set", fmt.Sprintf("mounts.%q={ro=%q}", dir, dir)); strings.Contains(got, note) { // the cure
						t.Errorf("plan of %s with the cure still notes %q", preset, got)
					}
				}
				u.Own(t, dir)
				if err := os.RemoveAll(git); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

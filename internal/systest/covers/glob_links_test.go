package covers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A link that matches the pattern of a mask, and leads to what the profile shows by entries of its own, does not stop the next launch. What
// else it leads to is hidden. Named without a pattern, the same link is an error, at its place.
func TestGlobMaskOfLink(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, to := range []string{"/", ".", "..", "/usr", "/proc", "/dev/shm", "/etc", "../shared", "../shared/keys", "keys"} {
			dir := systest.Tree(t, u, map[string]string{"p/.env": "secret", "p/keys/x": "inner", "shared/keys/x": "outer"})
			systest.Printed(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", fmt.Sprintf("[mounts]\n\"/p\".rw = %q", dir+"/p"), 1)),
				"ln -s "+to+" /p/.env.x")
			hidden := to == "../shared/keys" || to == "keys"
			run := func(more string, words ...string) nstest.Result {
				profile := u.WriteFile(t, dir+"/profile.toml", "version = 1\nextends = [\"preset:agent\"]\nprocess.terminal = \"none\"\n"+
					fmt.Sprintf("mounts.ro = [%q]\n", dir+"/shared")+more)
				cmd := u.Command(t, nstest.Nslaunch(t), append(words, profile, "sh", "-c", "cat .env .env.x/x 2>/dev/null; ls -d /usr/bin >/dev/null && echo works")...)
				cmd.Dir = dir + "/p"
				return nstest.Run(t, cmd)
			}
			if got := run("", "run"); got.Status != 0 || got.Stdout != "works\n" {
				t.Errorf("-> %s: %+v", to, got)
			}
			plan := run("", "plan").Stdout
			if said := strings.Contains(plan, "leave out "+dir+"/p/.env.x: it is a link to "); said == hidden {
				t.Errorf("-> %s: plan says\n%s", to, plan)
			}
			const remove = "mounts.masked.remove = [\"-${cwd}/.env*\", \"-${git:work_tree}/.env*\"]\n"
			if want := map[string]string{"../shared/keys": "secretouterworks\n", "keys": "secretinnerworks\n"}[to]; hidden {
				if got := run(remove, "run"); got.Stdout != want {
					t.Errorf("-> %s, without: %+v", to, got)
				}
			}
			want := map[string]string{"/": "leads to / inside, and the root has its own key", ".": "would hide " + dir + "/p", "/proc": "would hide /proc"}[to]
			if want == "" {
				continue
			}
			got := run(fmt.Sprintf("mounts.masked.add = [%q]\n", dir+"/p/.env.x"), "run")
			if got.Status != systest.StatusSetup || strings.Count(got.Stderr, "error:") != 1 || !strings.Contains(got.Stderr, "mounts.masked") || !strings.Contains(got.Stderr, want) {
				t.Errorf("-> %s, named: %+v", to, got)
			}
		}
	})
}

// A link that one run leaves on the way to a pattern's directory does not lead the next run out of the project. Where
// the profile does not show the project, the link is the caller's own arrangement.
func TestPlantedBeforePattern(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for _, plant := range []string{"mv old x; ln -s V/dir old", "mv old x; ln -s ../victim/dir old"} {
			dir := victimTree(t, u)
			names := strings.NewReplacer("P", dir+"/project", "V", dir+"/victim")
			with := func(entries string) string {
				return systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "ro = [", names.Replace("ro = [\"P/old/f*\", "), 1)+names.Replace(entries))
			}
			script := names.Replace("cat P/old/file")
			systest.Printed(t, u, systest.OwnTree(u, "root = \"tmpfs\"", strings.Replace(systest.Programs, "[mounts]", names.Replace("[mounts]\n\"/p\".rw = \"P\""), 1)), "cd /p; "+names.Replace(plant))
			systest.WantInside(t, u, with(""), script, "stolen\n")
			got := nstest.Run(t, systest.ProfileCommand(t, u, with("\n\"/p\".rw = \"P\"\n"), "sh", "-c", script))
			if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.Contains(got.Stderr, names.Replace("is not followed: P/old is a symbolic link")) {
				t.Errorf("%s: %+v", plant, got)
			}
		}
	})
}

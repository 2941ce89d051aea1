package git

import (
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// submodules adds to a [gitWorld]'s project: one below a directory, one that is not checked out, and one in a submodule.
const submodules = `cd app; git config --global protocol.file.allow always
git init -q ../outer; git -C ../outer submodule --quiet add ../lib far/inner; git -C ../outer commit -q -m inner
for to in deep/checked:outer deep/empty:lib other/checked:lib; do git submodule --quiet add ../${to#*:} ${to%:*}; done
git -C deep/checked submodule --quiet update --init; git commit -q -m submodules; git submodule --quiet deinit -f deep/empty`

// forge makes a repository in a directory, whose configuration executes a command. It works without git's own configuration.
const forge = `forge() { mkdir -p $1 && cd $1 && rm -rf .git && git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x &&
printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>.git/config; }
`

// submoduleAttacks are what a sandbox may do in the project so that "git status" on the host executes something.
var submoduleAttacks = []struct{ name, script string }{
	{"not checked out", "forge deep/empty"},
	{"another directory for one", "rmdir deep/empty; forge deep/empty"},
	{"another directory above one", "mv deep deeper; forge deep/empty"},
	{"another repository for one", "mv deep/checked/.git deep/checked/old; forge deep/checked"},
	{"another directory for one that is checked out", "mv deep/checked deep/old; forge deep/checked"},
	{"at the top", "mv sub old; forge sub"},
	{"one in another", "mv deep/checked/far/inner/.git old; forge deep/checked/far/inner"},
	{"above one in another", "mv deep/checked/far deep/checked/old; forge deep/checked/far/inner"},
	{"its repository", "cp -r .git/modules/deep/checked y 2>/dev/null; git --git-dir=.git/modules/deep/checked config core.fsmonitor \"touch $MARK; false\""},
}

// insideAt is inside, in a directory of the project.
func (w gitWorld) insideAt(at, preset, script string, flags ...string) nstest.Result {
	w.t.Helper()
	words := append([]string{"run", "--set", "process.terminal=none", "--set", "env.set.MARK=" + w.dir + "/mark"}, flags...)
	return nstest.Run(w.t, w.command("app/"+at, nstest.Nslaunch(w.t), append(words, preset, "sh", "-c", script+"\nexit 0")...))
}

// Whatever a sandbox makes in the place of a submodule, checked out or not, git on the host executes nothing of
// it. Each attack works where the entry for .git is taken away, and with it what follows from that.
func TestPresetsSubmodules(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		all := forge
		for _, attack := range submoduleAttacks {
			all += "( " + attack.script + " ) 2>/dev/null\n"
		}
		first := newGitWorld(t, u)
		first.host("", submodules)
		again := first.kept()
		for _, preset := range []string{"dev", "npm", "agent", "build"} {
			t.Run(preset, func(t *testing.T) {
				w := again(t)
				for _, at := range []string{".", "deep", "deep/checked"} {
					script := all
					if at != "." && preset != "build" {
						script = "( cd " + w.dir + "/app\n" + all + ")\n" + forge
					}
					if at != "." {
						for _, attack := range submoduleAttacks {
							script += "( " + strings.ReplaceAll(attack.script, at+"/", "") + " ) 2>/dev/null\n"
						}
					}
					got := w.insideAt(at, "preset:"+preset, script+"touch made")
					if got.Status != 0 {
						t.Fatalf("%s: %+v", at, got)
					}
					if _, err := os.Stat(w.dir + "/app/" + at + "/made"); err != nil {
						t.Errorf("nothing can be made in %s: %v, %+v", at, err, got)
					}
					if harm := w.harm(); harm != "" {
						t.Fatalf("after a run in %s: %s", at, harm)
					}
				}
			})
		}
		if u.IsRoot() || nstest.Portable() {
			return // git does the same there, and takes its time
		}
		for _, attack := range submoduleAttacks {
			for preset, target := range map[string]string{"dev": "W/app/.git", "build": "/build/.git"} {
				t.Run("without/"+preset+"/"+attack.name, func(t *testing.T) {
					w := again(t)
					flags := []string{"--set", `mounts."` + strings.Replace(target, "W", w.dir, 1) + `"=false`}
					if preset == "dev" { // which has patterns, too
						flags = append(flags, "--set", "mounts.ro.remove=-${git:work_tree}/*/.git", "--set", "mounts.ro.remove=-${cwd}/*/.git")
					}
					if got := w.insideAt(".", "preset:"+preset, forge+attack.script, flags...); got.Status != 0 {
						t.Fatalf("%+v", got)
					}
					if w.harm() == "" {
						t.Error("git on the host did nothing: this is no attack")
					}
				})
			}
		}
	})
}

// What cannot be protected is an error, and the cure that it names works.
func TestSubmoduleCures(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		w := newGitWorld(t, u)
		w.host("", submodules)
		refused := func(name, at, preset, want, cure string) {
			t.Helper()
			got := w.insideAt(at, preset, "touch made")
			if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) {
				t.Errorf("%s: %+v", name, got)
			}
			if w.host("app", "find . -name made") != "" {
				t.Errorf("%s: the command ran", name)
			}
			if i := strings.LastIndex(got.Stderr, "("); cure == "" && i > 0 {
				cure, _, _ = strings.Cut(got.Stderr[i+1:], ")\n")
			}
			w.host("app", cure)
			if got := w.insideAt(".", preset, "true"); got.Status != 0 {
				t.Errorf("%s: after %q: %+v", name, cure, got)
			}
		}
		for _, preset := range []string{"preset:dev", "preset:build"} {
			w.host("app", "rmdir deep/empty")
			refused("missing", ".", preset, "it is a submodule and does not exist", "")
			w.host("app", "rmdir deep/empty; ln -s ../sub deep/empty")
			refused("a link", ".", preset, "it is reached through a symbolic link", "rm deep/empty; mkdir deep/empty")
			w.host("app", "mv other others; ln -s others other")
			refused("reached through a link", ".", preset, "it is reached through a symbolic link", "rm other; mv others other")
			w.host("app", "cp .git/index old; head -c 300 old >.git/index")
			refused("an index that is cut off", ".", preset, "is not an index that nslaunch can read", "mv old .git/index")
			refused("the working directory", "deep/empty", preset, "it is a submodule that is not checked out and is writable as a whole", "")
			w.host("app", "git submodule --quiet deinit -f deep/empty")
			w.host("app", "cp .git/index old; rmdir deep/empty; for n in 'a  b' \"it's\"; do git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),\"$n\"; done")
			refused("several are missing", ".", preset, "these submodules do not exist, so they cannot be protected", "")
			w.host("app", "rmdir 'a  b' \"it's\"; mv old .git/index")
		}
	})
}

// Package git tests what the presets do for git repositories, which a sandbox could turn against who uses git
// outside.
package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// gitAttacks are what a sandbox may do to a repository so that git on the host runs a command, $MARK, or
// writes to a file elsewhere, $VICTIM. Sources: gitrepository-layout(5), git-config(1), githooks(5), git-worktree(1), gitsubmodules(7).
var gitAttacks = []struct{ name, script string }{
	{"config", `printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>.git/config`},
	{"included by config", `printf '[include]\n\tpath = ../evil\n' >>.git/config; printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >evil`},
	{"config.worktree", `printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >.git/config.worktree`},
	{"commondir", `mkdir .git/x; cp -r .git/config .git/objects .git/refs .git/x; printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>.git/x/config; echo x >.git/commondir`},
	{"hook", `mkdir -p .git/hooks; printf '#!/bin/sh\ntouch %s\n' "$MARK" >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout`},
	{"repository put in place of it", `mv .git old; cp -r old .git; printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>.git/config`},
	{"file put in place of it", `mv .git old; cp -r old new; printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>new/config; echo gitdir: new >.git`},
	{"submodule's config", `printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>.git/modules/sub/config`},
	{"work tree's commondir", `cp -r .git evil; printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>evil/config; echo ../../../evil >.git/worktrees/tree/commondir`},
	{"work tree's config", `printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >.git/worktrees/tree/config.worktree`},
	{"index with a repository in it", `cp -r .git inner; printf '[core]\n\tfsmonitor = touch %s; false\n\tworktree = .\n' "$MARK" >>inner/config; mkdir y; mv inner y/.git; git -c core.fsmonitor= add y`},
	{"link for the message", `ln -sf "$VICTIM" .git/COMMIT_EDITMSG`},
	{"link for a log", `rm .git/logs/HEAD; ln -s "$VICTIM" .git/logs/HEAD`},
	{"link for FETCH_HEAD", `ln -sf "$VICTIM" .git/FETCH_HEAD`},
	{"link for the commit graph", `ln -sf "$VICTIM" .git/objects/info/commit-graph`},
	{"link for a branch's directory", `mv .git/refs/heads .git/refs/x; ln -s "$DIR" .git/refs/heads; git pack-refs --all 2>/dev/null; cp .git/refs/x/* "$DIR" 2>/dev/null`},
}

// gitOnHost is what a person does in the project afterwards. What fails does no harm.
const gitOnHost = `git status; git -C ../tree status; git -C sub status; echo more >>file; git commit -q -a -m more; git checkout -q -b later; git fetch -q . later
git commit-graph write --reachable; git count-objects; :`

// A repository with a submodule and a linked work tree, below dir/app and dir/tree. Their
// config.worktree counts.
const gitProject = `git init -q -b main lib; git -C lib commit -q --allow-empty -m lib
git init -q -b main app; cd app; git -c protocol.file.allow=always submodule --quiet add ../lib sub
echo one >file; git add file; git commit -q -m one; git config extensions.worktreeConfig true; git worktree add -q -b side ../tree; echo text >../victim; mkdir ../dir`

// gitWorld is a directory of u's with a repository, in which attacks are tried.
type gitWorld struct {
	t   *testing.T
	u   nstest.User
	dir string
}

func newGitWorld(t *testing.T, u nstest.User) gitWorld {
	t.Helper()
	nstest.Require(t, nstest.Tools("git"))
	w := gitWorld{t, u, u.TempDir(t)}
	w.host("", "mkdir home; git config --global user.name a; git config --global user.email a@b; git config --global core.editor true")
	w.host("", gitProject)
	return w
}

// kept returns a function that makes the world again as it is now, for another test: much faster than from nothing.
func (w gitWorld) kept() func(*testing.T) gitWorld {
	w.t.Helper()
	archive := w.u.TempDir(w.t) + "/world.tar"
	w.host("", "tar -cf "+archive+" .")
	return func(t *testing.T) gitWorld {
		t.Helper()
		again := gitWorld{t, w.u, w.dir}
		again.host("", "find . -mindepth 1 -delete; tar -xf "+archive)
		return again
	}
}

// host runs a script on the host, below the world's directory.
func (w gitWorld) host(dir, script string) string {
	w.t.Helper()
	return nstest.MustRun(w.t, w.command(dir, "sh", "-euc", script))
}

func (w gitWorld) command(dir, name string, args ...string) *exec.Cmd {
	cmd := w.u.Command(w.t, name, args...)
	cmd.Dir = filepath.Join(w.dir, dir)
	cmd.Env = append(cmd.Env, "HOME="+w.dir+"/home", "MARK="+w.dir+"/mark", "VICTIM="+w.dir+"/victim", "DIR="+w.dir+"/dir")
	return cmd
}

// inside runs a script in a preset, in the project. Standard output and error are discarded.
func (w gitWorld) inside(preset, script string, flags ...string) {
	w.t.Helper()
	flags = append([]string{"run", "--set", "process.terminal=none"}, flags...)
	for _, name := range []string{"MARK", "VICTIM", "DIR"} {
		flags = append(flags, "--set", "env.inherit.add="+name)
	}
	got := nstest.Run(w.t, w.command("app", nstest.Nslaunch(w.t), append(flags, preset, "sh", "-c", script+"\nexit 0")...))
	if got.Status != 0 {
		w.t.Fatalf("%+v", got)
	}
}

// harm is what happened to the host when a person used git: "" for nothing.
func (w gitWorld) harm() string {
	w.t.Helper()
	nstest.Run(w.t, w.command("app", "sh", "-c", gitOnHost))
	var harm []string
	if _, err := os.Lstat(w.dir + "/mark"); err == nil {
		harm = append(harm, "a command was executed")
	}
	if text, err := os.ReadFile(w.dir + "/victim"); err != nil || string(text) != "text\n" {
		harm = append(harm, "another file was written to")
	}
	if files, err := os.ReadDir(w.dir + "/dir"); err != nil || len(files) > 0 {
		harm = append(harm, "files were made in another directory")
	}
	return strings.Join(harm, ", ")
}

// Whatever a command does in a preset to the repository of its project, git on the host
// executes nothing of it and writes nowhere else. Each attack works where the repository is writable.
func TestPresetsGit(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		var all strings.Builder
		for _, attack := range gitAttacks {
			all.WriteString("( " + attack.script + " ) 2>/dev/null\n")
		}
		again := newGitWorld(t, u).kept()
		for _, preset := range []string{"dev", "npm", "agent", "build"} {
			t.Run(preset, func(t *testing.T) {
				w := again(t)
				before := w.host("app", "find .git | sort; find .git -type f | sort | xargs cat | md5sum")
				w.inside("preset:"+preset, all.String())
				if after := w.host("app", "find .git | sort; find .git -type f | sort | xargs cat | md5sum"); after != before {
					t.Errorf("the repository is now\n%s\nit was\n%s", after, before)
				}
				if harm := w.harm(); harm != "" {
					t.Error(harm)
				}
			})
		}
		if u.IsRoot() || nstest.Portable() {
			return // git does the same there, and takes its time
		}
		for _, attack := range gitAttacks {
			t.Run("without/"+attack.name, func(t *testing.T) {
				w := again(t)
				w.inside("preset:dev", attack.script, "--set", `mounts."`+w.dir+`/app/.git"=false`)
				if w.harm() == "" {
					t.Error("git on the host did nothing: this is no attack")
				}
			})
		}
	})
}

// A linked work tree has its repository elsewhere, and git shows it. What its .git file
// says is believed only if the repository agrees, and cannot be changed from inside.
func TestAgentWorktree(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newGitWorld(t, u)
		agent := func(script string) *exec.Cmd {
			return w.command("tree", nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "preset:agent", "sh", "-euc", script)
		}
		script := `echo x >made; git status --porcelain; git log --format=%s; git branch --show-current
			for f in .git ../app/.git/hooks/pre-commit ../app/.git/config; do if (echo >>$f) 2>/dev/null; then echo "can write $f"; fi; done
			[ -e ../lib ] && ls -A ../lib; ls -A ../app`
		if got, want := nstest.MustRun(t, agent(script)), "?? made\none\nside\n.git\n"; got != want {
			t.Errorf("it says\n%swant\n%s", got, want)
		}
		w.host("tree", `echo "gitdir: $PWD/../lib/.git" >.git`)
		got := nstest.Run(t, agent("true"))
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "/lib/.git, whose configuration does not name this work tree") {
			t.Errorf("with a forged .git file: %+v", got)
		}
	})
}

// commitRecipe is what docs/howto/agent.md says for an agent that is to commit: it has a repository of its
// own in memory, over that of the project, and pushes to one that is made for it.
var commitRecipe = []string{
	"--set", `mounts."${git:common_dir}"={ type = "overlay", lower = ["${git:common_dir}"] }`,
	"--set", "mounts.rw=${home}/agent.git",
}

// With the recipe the agent commits, and a person fetches it. Neither what it writes to its
// own repository nor what it writes to the one that it pushes to is executed.
func TestPresetsGitRecipe(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		w := newGitWorld(t, u)
		w.host("", "git init -q --bare home/agent.git")
		push := `echo two >file; git commit -q -a -m two; git push -q "$HOME/agent.git" HEAD:refs/heads/fix`
		w.inside("preset:agent", push, commitRecipe...)
		if got := w.host("app", `git fetch -q ~/agent.git fix; git log --format=%s FETCH_HEAD`); got != "two\none\n" {
			t.Errorf("what is fetched is %q", got)
		}
		var evil strings.Builder
		for _, attack := range gitAttacks {
			script := strings.ReplaceAll(attack.script, ".git", "$HOME/agent.git")
			evil.WriteString("( " + attack.script + " ) 2>/dev/null; ( " + script + " ) 2>/dev/null\n")
		}
		evil.WriteString(`git config --file "$HOME/agent.git/config" uploadpack.packObjectsHook "touch $MARK; false"
git config --file "$HOME/agent.git/config" core.alternateRefsCommand "touch $MARK; false"`)
		w.inside("preset:agent", evil.String(), commitRecipe...)
		nstest.Run(t, w.command("app", "sh", "-c", `git fetch -q ~/agent.git; git fetch -q ~/agent.git fix; git ls-remote ~/agent.git`))
		if harm := w.harm(); harm != "" {
			t.Error(harm)
		}
		t.Run("without", func(t *testing.T) { // git in the repository itself, which is what nobody should do
			w := newGitWorld(t, u)
			w.host("", "git init -q --bare home/agent.git")
			w.inside("preset:agent", strings.ReplaceAll(gitAttacks[0].script, ".git", "$HOME/agent.git"), commitRecipe...)
			got := nstest.Run(t, w.command("home/agent.git", "git", "--work-tree", "../../app", "status"))
			if w.harm() == "" {
				t.Errorf("its configuration did nothing, this is no attack: %+v", got)
			}
		})
	})
}

package git

import (
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A preset does not show what is a git repository itself: nothing of it is read-only there.
func TestPresetsWithinRepository(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		w := newGitWorld(t, u)
		w.host("", "git init -q --bare bare.git; mkdir app/.git/hooks/deep")
		for at, want := range map[string]string{
			"../bare.git": "/bare.git\" cannot be protected: it is a git repository itself", "../bare.git/hooks": "it is inside the git repository " + w.dir + "/bare.git,",
			".git": "/app/.git\"", ".git/hooks/deep": "it is inside the git repository " + w.dir + "/app/.git,",
		} {
			for _, preset := range []string{"dev", "npm", "agent", "build"} {
				got := w.insideAt(at, "preset:"+preset, "touch made")
				if _, err := os.Lstat(w.dir + "/app/" + at + "/made"); got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) || err == nil {
					t.Errorf("%s in %s: %v, %+v", preset, at, err, got)
				}
			}
		}
		// Without the entry for .git, a hook is made that git on the host executes.
		hook := `printf '#!/bin/sh\ntouch %s\n' "$MARK" >pre-commit; chmod +x pre-commit`
		if got := w.insideAt(".git/hooks", "preset:dev", hook, "--set", `mounts."`+w.dir+`/app/.git/hooks/.git"=false`); got.Status != 0 || w.harm() == "" {
			t.Errorf("git on the host did nothing, this is no attack: %+v", got)
		}
	})
}

// A repository that is no submodule is read-only one directory below the project, also where the project is in no repository.
func TestPresetsNested(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		w := newGitWorld(t, u)
		w.host("", "mkdir -p projects/in/deep; git init -q projects/web; git init -q projects/in/deep")
		for _, preset := range []string{"dev", "npm", "agent"} {
			for hooks, writable := range map[string]bool{"web/.git/hooks": false, "in/deep/.git/hooks": true} {
				got := w.insideAt("../projects", "preset:"+preset, "touch "+hooks+"/"+preset)
				if _, err := os.Lstat(w.dir + "/projects/" + hooks + "/" + preset); (err == nil) != writable || got.Status != 0 {
					t.Errorf("%s: %s: %v, %+v", preset, hooks, err, got)
				}
			}
		}
	})
}

// A repository of the project that is the source of a writable entry is refused as what it is, and not as a submodule. Without that entry it is read-only.
func TestPresetsRepositoryBind(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		w := newGitWorld(t, u)
		w.host("app", "mkdir p; git init -q --separate-git-dir=p/store p; git -C p config core.worktree $PWD/p; cd p; git commit -q --allow-empty -m x")
		entry := `mounts.rw.add=["` + w.dir + `/app/p/store"]`
		const attack = `printf '[core]\n\tfsmonitor = touch %s; false\n' "$MARK" >>store/config`
		got := w.insideAt("p", "preset:dev", attack, "--set", entry)
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, `/app/p/store" cannot be protected: it is a git repository and the source of a writable entry, `) {
			t.Errorf("%+v", got)
		}
		attacked := func(flags ...string) bool {
			if got := w.insideAt("p", "preset:dev", attack, flags...); got.Status != 0 {
				t.Errorf("%v: %+v", flags, got)
			}
			nstest.Run(t, w.command("app/p", "git", "status"))
			_, err := os.Lstat(w.dir + "/mark")
			return err == nil
		}
		if attacked() {
			t.Error("git on the host executed what the sandbox wrote")
		}
		if !attacked("--set", `mounts."`+w.dir+`/app/p/.git"=false`, "--set", `mounts."`+w.dir+`/app/p/store"=false`) {
			t.Error("git on the host did nothing, this is no attack")
		}
	})
}

// linkedTreeAttacks are what a sandbox may do in the project so that "git status" in a linked work tree below it executes something.
var linkedTreeAttacks = []struct{ name, script string }{
	{"another repository", "rm .wt/x/.git; forge .wt/x"},
	{"another file", "forge evil; cd ..; echo gitdir: ../../evil/.git >.wt/x/.git"},
	{"another directory", "mv .wt/x .wt/old; forge .wt/x"},
	{"another directory above", "mv .wt old; forge .wt/x"},
	{"a submodule in it", "forge .wt/x/sub"},
}

// A linked work tree below the project stays one of the project's repository.
func TestPresetsLinkedTrees(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		const add = "git -C app worktree add -q -b x .wt/x; git -C app worktree add -q -b gone gone; rm -r app/gone"
		harm := func(w gitWorld) string {
			nstest.Run(t, w.command("app/.wt/x", "git", "status"))
			return w.harm()
		}
		all := forge
		for _, attack := range linkedTreeAttacks {
			all += "( " + attack.script + " ) 2>/dev/null\n"
		}
		for _, preset := range []string{"dev", "build"} {
			w := newGitWorld(t, u)
			w.host("", add)
			if got := w.insideAt(".", "preset:"+preset, all+"touch .wt/x/made"); got.Status != 0 {
				t.Fatalf("%s: %+v", preset, got)
			}
			if _, err := os.Lstat(w.dir + "/app/.wt/x/made"); err != nil {
				t.Errorf("%s: nothing can be made in it: %v", preset, err)
			}
			if harm := harm(w); harm != "" {
				t.Errorf("%s: %s", preset, harm)
			}
		}
		if u.IsRoot() {
			return // git does the same for her, and takes its time
		}
		for _, attack := range linkedTreeAttacks {
			t.Run("without/"+attack.name, func(t *testing.T) {
				w := newGitWorld(t, u)
				w.host("", add)
				got := w.insideAt(".", "preset:build", forge+attack.script, "--set", `mounts."/build/.git"=false`)
				if got.Status != 0 || harm(w) == "" {
					t.Errorf("git on the host did nothing, this is no attack: %+v", got)
				}
			})
		}
	})
}

package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// As git does, the repository of another user counts as none, whichever part of it is hers. SUDO_UID is who has become root.
func TestFindOwner(t *testing.T) {
	nstest.Require(t, nstest.Root())
	const other = 20001
	dir := repositories(t)
	for _, test := range []struct{ tree, others string }{
		{"app", ""}, {"app", "app"}, {"app", "app/.git"},
		{"tree", ""}, {"tree", "tree"}, {"tree", "tree/.git"}, {"tree", "app/.git/worktrees/tree"}, {"tree", "app/.git"},
		{"app/sub", ""}, {"app/sub", "app/sub"}, {"app/sub", "app/sub/.git"}, {"app/sub", "app/.git/modules/sub"},
	} {
		chown := func(id int) {
			if test.others != "" {
				if err := os.Chown(filepath.Join(dir, test.others), id, id); err != nil {
					t.Fatal(err)
				}
			}
		}
		chown(other)
		at := filepath.Join(dir, test.tree)
		t.Setenv("SUDO_UID", "20003")
		if repo, err := Find(at); (err == nil) != (test.others == "") || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Find(%s) with %s of another user = %v, %v", test.tree, test.others, repo, err)
		} else if other := (*Others)(nil); err != nil && (!errors.As(err, &other) || *other != Others{at, filepath.Join(dir, test.others), 20001}) {
			t.Errorf("Find(%s) with %s of another user: %#v", test.tree, test.others, err)
		}
		t.Setenv("SUDO_UID", "20001")
		if repo, err := Find(at); err != nil {
			t.Errorf("Find(%s) with %s of SUDO_UID = %v, %v", test.tree, test.others, repo, err)
		}
		// What lies in a directory that is shown is protected, whose it is does not matter.
		t.Setenv("SUDO_UID", "")
		if places, err := Places([]string{dir + "/app", dir + "/tree"}); err != nil || !slices.Contains(places, dir+"/tree/.git") || !slices.Contains(places, dir+"/app/sub/.git") {
			t.Errorf("with %s of another user: Places = %q, %v", test.others, places, err)
		}
		chown(0)
	}
}

// A repository above that is another user's does not keep the caller from launching, whatever is in it.
func TestPlacesOfOthers(t *testing.T) {
	nstest.Require(t, nstest.Root())
	dir := repositories(t)
	write(t, dir+"/app/.git/index", "nonsense")
	for _, others := range []bool{false, true} {
		if others {
			if err := os.Chown(dir+"/app/.git", 20001, 20001); err != nil {
				t.Fatal(err)
			}
		}
		if places, err := Places([]string{dir + "/app/a"}); (err == nil) != others {
			t.Errorf("others %v: Places = %q, %v", others, places, err)
		}
	}
}

// HEAD says whether a directory is a repository, as to git.
func TestFindHead(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for head, want := range map[string]bool{
		"ref: refs/heads/main\n": true, "ref:refs/x": true, "ref:\t refs/heads/.invalid\n": true, hash[:40] + "\n": true, hash: true, strings.ToUpper(hash): true,
		"x\n": false, "": false, "ref: heads/main\n": false, "ref: ../x\n": false, hash[:39] + "\n": false, "-> refs/heads/main": true, "-> main": false,
	} {
		dir := t.TempDir()
		git(t, dir, "init", "-q")
		if err := os.Remove(dir + "/.git/HEAD"); err != nil {
			t.Fatal(err)
		}
		if to, ok := strings.CutPrefix(head, "-> "); ok {
			if err := os.Symlink(to, dir+"/.git/HEAD"); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, dir+"/.git/HEAD", head)
		}
		_, err := Find(dir)
		if (err == nil) != want {
			t.Errorf("with HEAD %q: %v", head, err)
		}
		_, gits := gitFails(dir, "rev-parse", "--git-dir")
		if (gits == nil) != want {
			t.Errorf("with HEAD %q git says: %v", head, gits)
		}
	}
}

// Objects and references may be elsewhere, as git allows.
func TestFindLinkedObjects(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	for _, name := range []string{"objects", "refs"} {
		if err := errors.Join(os.Rename(dir+"/.git/"+name, dir+"/"+name), os.Symlink("../"+name, dir+"/.git/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "rev-parse", "--git-dir")
	if repo, err := Find(dir); err != nil {
		t.Errorf("Find = %v, %v", repo, err)
	}
}

// A directory is within a repository where git takes it for one, and in none where it is a work tree.
func TestWithin(t *testing.T) {
	dir := repositories(t)
	git(t, dir, "init", "-q", "--bare", "bare.git")
	git(t, dir, "-C", "app", "clone", "-q", "--bare", "../lib", "vendor.git")
	git(t, dir, "-C", "lib", "push", "-q", "../bare.git", "main")
	git(t, dir, "-C", "bare.git", "worktree", "add", "-q", "-b", "new", "tree", "main")
	for at, want := range map[string]string{
		".": "", "app": "", "app/a/b": "", "app/sub": "", "tree": "", "bare.git/tree": "",
		"bare.git": "bare.git", "bare.git/hooks": "bare.git", "app/.git": "app/.git", "app/.git/hooks": "app/.git", "app/vendor.git/refs/heads": "app/vendor.git",
		"app/.git/modules/sub/info": "app/.git/modules/sub", "app/.git/worktrees/tree": "app/.git",
	} {
		if want != "" {
			want = filepath.Join(dir, want)
		}
		if got := Within(filepath.Join(dir, at)); got != want {
			t.Errorf("Within(%s) = %q, want %q", at, got, want)
		}
	}
}

package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// git runs git in a directory, with nothing of the caller's configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := gitFails(dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// gitFails is git, which may fail.
func gitFails(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// repositories makes a repository with a linked work tree and a submodule.
func repositories(t *testing.T) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("git"))
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q", "-b", "main", "lib")
	git(t, dir, "-C", "lib", "commit", "-q", "--allow-empty", "-m", "one")
	git(t, dir, "init", "-q", "-b", "trunk", "app")
	git(t, dir, "-C", "app", "-c", "protocol.file.allow=always", "submodule", "add", "-q", dir+"/lib", "sub")
	git(t, dir, "-C", "app", "commit", "-q", "-m", "two")
	git(t, dir, "-C", "app", "worktree", "add", "-q", "-b", "feat/login", dir+"/tree")
	if err := os.MkdirAll(dir+"/app/a/b", 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Whatever the work tree is, the answers are those of git.
func TestFind(t *testing.T) {
	dir := repositories(t)
	git(t, dir, "init", "-q", "-b", "unborn", "new")
	git(t, dir, "clone", "-q", "lib", "loose")
	git(t, dir, "-C", "loose", "checkout", "-q", "--detach")
	git(t, dir, "clone", "-q", "--separate-git-dir", dir+"/store", "lib", "far")
	git(t, dir, "-C", "far", "config", "core.worktree", dir+"/far")
	for tree, branch := range map[string]string{
		"app": "trunk", "app/a/b": "trunk", "app/sub": "main", "tree": "feat/login", "new": "unborn",
		"loose": git(t, dir, "-C", "loose", "rev-parse", "--short=12", "HEAD"), "far": "main",
	} {
		at := filepath.Join(dir, tree)
		repo, err := Find(at)
		if err != nil {
			t.Errorf("Find(%s): %v", tree, err)
			continue
		}
		want := strings.Fields(git(t, at, "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-toplevel"))
		if repo.Dir != want[0] || repo.CommonDir != want[1] || repo.WorkTree != want[2] {
			t.Errorf("Find(%s) = %v; want %v", tree, repo, want)
		}
		if got, err := repo.Branch(); got != branch || err != nil {
			t.Errorf("Branch of %s = %q, %v; want %q", tree, got, err, branch)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// What a sandbox could have written into a work tree does not open other directories.
func TestFindForged(t *testing.T) {
	for _, test := range []struct {
		name  string
		forge func(dir string) error
		tree  string
		want  string
	}{
		{"to another repository", func(dir string) error {
			return os.WriteFile(dir+"/tree/.git", []byte("gitdir: "+dir+"/lib/.git\n"), 0o666)
		}, "tree", "whose configuration does not name this work tree"},
		{"to another work tree", func(dir string) error {
			if err := os.Mkdir(dir+"/x", 0o777); err != nil {
				return err
			}
			return os.WriteFile(dir+"/x/.git", []byte("gitdir: "+dir+"/app/.git/worktrees/tree\n"), 0o666)
		}, "x", "which does not belong to this work tree"},
		{"to what is no repository", func(dir string) error {
			return os.WriteFile(dir+"/tree/.git", []byte("gitdir: /etc\n"), 0o666)
		}, "tree", "names /etc, which is not a git repository"},
		{"common directory elsewhere", func(dir string) error {
			return os.WriteFile(dir+"/app/.git/worktrees/tree/commondir", []byte(dir+"/lib/.git\n"), 0o666)
		}, "tree", "which does not belong to this work tree"},
		{"symbolic link", func(dir string) error {
			if err := os.Remove(dir + "/tree/.git"); err != nil {
				return err
			}
			return os.Symlink(dir+"/lib/.git", dir+"/tree/.git")
		}, "tree", "is a symbolic link, which could lead anywhere"},
		{"link for a file", func(dir string) error {
			if err := os.Remove(dir + "/app/.git/worktrees/tree/gitdir"); err != nil {
				return err
			}
			return os.Symlink("/dev/zero", dir+"/app/.git/worktrees/tree/gitdir")
		}, "tree", "is not a regular file"},
		{"no gitdir", func(dir string) error { return os.WriteFile(dir+"/tree/.git", []byte("x"), 0o666) }, "tree", `has no "gitdir: …"`},
	} {
		dir := repositories(t)
		if err := test.forge(dir); err != nil {
			t.Fatal(err)
		}
		repo, err := Find(filepath.Join(dir, test.tree))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Find = %v, %v; want an error with %q", test.name, repo, err, test.want)
		}
	}
}

func TestFindNone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/.git", 0o777); err != nil { // git passes over it, too
		t.Fatal(err)
	}
	if repo, err := Find(dir); !errors.Is(err, fs.ErrNotExist) || err.Error() != dir+" is in no git repository" {
		t.Errorf("Find = %v, %v; want fs.ErrNotExist", repo, err)
	}
}

// A directory that is not known, as one that was removed, is in none.
func TestFindUnknown(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Find(""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Find: %v", err)
	}
}

func TestBranch(t *testing.T) {
	dir := t.TempDir()
	digest := strings.Repeat("0123456789abcdef", 4)
	for head, want := range map[string]string{
		"ref: refs/heads/main\n":       "main",
		"ref: refs/heads/a/b-c_d.e\n":  "a/b-c_d.e",
		"ref:refs/heads/x":             "x",
		digest[:40] + "\n":             "0123456789ab",
		digest:                         "0123456789ab",
		digest[:39]:                    "",
		"ref: refs/heads/../../etc":    "",
		"ref: refs/heads//a":           "",
		"ref: refs/heads/.a":           "",
		"ref: refs/heads/a.lock/b":     "",
		"ref: refs/heads/a b":          "",
		"ref: refs/heads/a\x01":        "",
		"ref: refs/heads/@":            "",
		"ref: refs/heads/":             "",
		"ref: refs/remotes/origin/x\n": "",
		"ref: refs/heads/.invalid\n":   "",
		"":                             "",
	} {
		write(t, dir+"/HEAD", head)
		got, err := Repo{Dir: dir, CommonDir: dir}.Branch()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Branch of %q = %q, %v; want %q", head, got, err, want)
		}
	}
	write(t, dir+"/HEAD", "ref: refs/heads/.invalid\n")
	if _, err := (Repo{Dir: dir, CommonDir: dir}).Branch(); err == nil || !strings.Contains(err.Error(), "reftable") {
		t.Errorf("Branch of a reftable: %v", err)
	}
}

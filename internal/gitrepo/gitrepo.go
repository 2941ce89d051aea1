// Package gitrepo finds the repository of git(1) that a directory belongs to, without running git.
//
// What it returns decides what a sandbox may write to, while the files that it
// reads may have been written from inside one. So it believes a .git file only
// if the repository agrees, and follows no symbolic link in its place.
package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Repo is a repository as seen from a work tree; see gitrepository-layout(5).
type Repo struct {
	WorkTree  string // where .git is: the top of the files that are checked out
	Dir       string // $GIT_DIR: of a linked work tree or a submodule its own
	CommonDir string // $GIT_COMMON_DIR: where all work trees have their objects and branches
}

// Find returns the repository of the work tree that the absolute path dir is in. Like git
// it looks there and then upwards; it does not look at the environment. The
// error is [fs.ErrNotExist] where there is none. A repository of another user counts as
// none: the error is [*Others] then. See safe.directory in git-config(1), whose values are not looked at.
func Find(dir string) (Repo, error) { return find(dir, trusted) }

// find is Find, for repositories of whom mine reports.
func find(dir string, mine func(path string) bool) (Repo, error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		dot := filepath.Join(at, ".git")
		info, err := os.Lstat(dot)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return Repo{}, err
		case info.IsDir() && !isRepository(dot):
		case !mine(dot) || !mine(at):
			return Repo{}, others(at, mine, dot, at)
		case info.Mode().IsRegular():
			repo, err := linked(at, dot)
			if err == nil {
				err = others(at, mine, repo.Dir, repo.CommonDir)
			}
			if err != nil {
				return Repo{}, err
			}
			return repo, nil
		case info.Mode()&fs.ModeSymlink != 0:
			return Repo{}, fmt.Errorf("%s is a symbolic link, which could lead anywhere (git also accepts a file with \"gitdir: …\")", dot)
		case info.IsDir():
			return Repo{WorkTree: at, Dir: dot, CommonDir: dot}, nil
		}
		if filepath.Dir(at) == at {
			return Repo{}, noRepository(dir)
		}
	}
}

// noRepository is the error for a directory that is in no repository.
type noRepository string

func (dir noRepository) Error() string    { return fmt.Sprintf("%s is in no git repository", string(dir)) }
func (noRepository) Is(target error) bool { return target == fs.ErrNotExist }

// linked returns the repository that the file dot in the work tree names: of a
// linked work tree, a submodule, or one that lies elsewhere.
func linked(tree, dot string) (Repo, error) {
	text, err := line(dot)
	if err != nil {
		return Repo{}, err
	}
	dir, ok := strings.CutPrefix(text, "gitdir: ")
	if !ok {
		return Repo{}, fmt.Errorf("%s has no \"gitdir: …\"", dot)
	}
	dir = resolve(tree, dir)
	common, err := line(filepath.Join(dir, "commondir"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return elsewhere(tree, dot, dir)
	case err != nil:
		return Repo{}, err
	}
	common = resolve(dir, common)
	back, err := line(filepath.Join(dir, "gitdir"))
	if err != nil {
		return Repo{}, err
	}
	if filepath.Dir(dir) != filepath.Join(common, "worktrees") || !isRepository(common) || !validHead(dir) || !sameFile(resolve(dir, back), dot) {
		return Repo{}, fmt.Errorf("%s names %s, which does not belong to this work tree (git worktree repair fixes it)", dot, dir)
	}
	return Repo{WorkTree: tree, Dir: dir, CommonDir: common}, nil
}

// elsewhere returns the repository dir of a work tree that is not beside it. Its
// configuration has to name the work tree, as that of a submodule does.
func elsewhere(tree, dot, dir string) (Repo, error) {
	if !isRepository(dir) {
		return Repo{}, fmt.Errorf("%s names %s, which is not a git repository", dot, dir)
	}
	back, err := worktree(filepath.Join(dir, "config"))
	if err == nil && back == "" { // with extensions.worktreeConfig it may be there
		back, err = worktree(filepath.Join(dir, "config.worktree"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return Repo{}, err
	}
	if back == "" || !sameFile(resolve(dir, back), tree) {
		return Repo{}, fmt.Errorf("%s names %s, whose configuration does not name this work tree (git config core.worktree %s)", dot, dir, tree)
	}
	return Repo{WorkTree: tree, Dir: dir, CommonDir: dir}, nil
}

// worktree returns core.worktree of a configuration file, "" where it has none.
func worktree(config string) (string, error) {
	text, err := read(config, 1<<20)
	if err != nil {
		return "", err
	}
	section, value := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.ToLower(line)
			continue
		}
		key, v, ok := strings.Cut(line, "=")
		if ok && section == "[core]" && strings.EqualFold(strings.TrimSpace(key), "worktree") {
			value = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return value, nil
}

// resolve returns the absolute path of what a file in dir names.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func sameFile(a, b string) bool {
	infoA, err := os.Stat(a)
	infoB, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(infoA, infoB)
}

// line reads a file of one line.
func line(path string) (string, error) {
	s, err := read(path, 4096+64)
	return strings.TrimRight(s, "\r\n"), err
}

// read reads a regular file, at most so many bytes of it.
func read(path string, most int64) (string, error) {
	f, _, err := open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	return string(text), err
}

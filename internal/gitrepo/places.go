package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// mostNested is how deep submodules of submodules are looked for; mostLinked how many linked work trees a repository has.
const (
	mostNested = 16
	mostLinked = 512
)

// Places returns what git on the host believes, of what lies in or below dirs: who can write there
// makes git execute commands. They are the repositories that the work trees in dirs belong to, the .git of each work tree, linked work
// tree and submodule, and each submodule without one, in which a .git could be made. Paths are absolute if dirs are, and
// dirs are without symbolic links; a submodule that is not checked out may be missing, or a link, or reached by one.
//
// Repositories that git does not know are not looked for: git executes what their configuration says
// only for a user who goes there. One of another user counts only if its work tree is in dirs: otherwise she could keep the caller from launching.
func Places(dirs []string) ([]string, error) {
	w := walker{dirs: dirs, seen: map[string]bool{}}
	for _, dir := range dirs {
		repo, err := find(dir, func(path string) bool { return w.inside(path) || trusted(path) })
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = w.repo(repo, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	return w.places, nil
}

// walker collects places.
type walker struct {
	dirs   []string
	seen   map[string]bool
	places []string
}

// add takes a place, if it is in or below one of the directories.
func (w *walker) add(place string) {
	if w.inside(place) && !w.seen[place] {
		w.seen[place] = true
		w.places = append(w.places, place)
	}
}

func (w *walker) inside(place string) bool {
	for _, dir := range w.dirs {
		if place == dir || strings.HasPrefix(place, strings.TrimSuffix(dir, "/")+"/") {
			return true
		}
	}
	return false
}

// repo adds the places of a repository and of its submodules.
func (w *walker) repo(r Repo, depth int) error {
	key := "work tree " + r.WorkTree
	if w.seen[key] {
		return nil
	}
	w.seen[key] = true
	if depth > mostNested {
		return errors.New(r.WorkTree + " is a submodule too deep in others")
	}
	w.add(filepath.Join(r.WorkTree, ".git"))
	w.add(r.Dir)
	w.add(r.CommonDir)
	if err := w.linkedTrees(r.CommonDir, depth); err != nil {
		return err
	}
	links, err := r.Submodules()
	if err != nil {
		return err
	}
	for _, link := range links {
		at := filepath.Join(r.WorkTree, link)
		if !w.inside(at) {
			continue
		}
		if real, err := filepath.EvalSymlinks(at); err == nil && real != at { // git does not follow it, but it can be replaced
			w.add(at)
			continue
		}
		dot := filepath.Join(at, ".git")
		_, err := os.Lstat(dot)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			w.add(at)
			continue
		}
		if err != nil {
			return err
		}
		w.add(dot)
		sub, err := find(at, everyone)
		if err != nil {
			return err
		}
		if sub.WorkTree == at {
			if err := w.repo(sub, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// everyone is for a repository that git looks into as a part of another.
func everyone(string) bool { return true }

// linkedTrees adds the places of the linked work trees of a repository. One that is gone has none.
func (w *walker) linkedTrees(common string, depth int) error {
	of := filepath.Join(common, "worktrees")
	if w.seen[of] {
		return nil
	}
	w.seen[of] = true
	names, err := linkedNames(of)
	if err != nil {
		return err
	}
	for _, name := range names {
		dir := filepath.Join(of, name)
		dot, err := line(filepath.Join(dir, "gitdir"))
		if err != nil {
			continue // git has no use for it either
		}
		tree, err := filepath.EvalSymlinks(filepath.Dir(resolve(dir, dot)))
		if err != nil || !w.inside(tree) {
			continue
		}
		if info, err := os.Lstat(filepath.Join(tree, ".git")); err != nil || !info.Mode().IsRegular() {
			continue // another one is there now, or none
		}
		repo, err := find(tree, everyone)
		if err != nil {
			return err
		}
		if err := w.repo(repo, depth); err != nil {
			return err
		}
	}
	return nil
}

// linkedNames lists what is in the directory worktrees of a repository, which may be missing.
func linkedNames(of string) ([]string, error) {
	f, err := os.OpenFile(of, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(mostLinked + 1)
	switch {
	case err != nil && err != io.EOF:
		return nil, err
	case len(names) > mostLinked:
		return nil, fmt.Errorf("%s has more than %d linked work trees (git worktree prune removes those that no longer exist)", of, mostLinked)
	}
	slices.Sort(names)
	return names, nil
}

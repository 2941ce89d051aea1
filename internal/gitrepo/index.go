package gitrepo

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// mostIndex bounds how much of an index is read, in bytes; mostSubmodules how many submodules a repository has.
const (
	mostIndex      = 256 << 20
	mostSubmodules = 512
)

// What the mode of an entry says; see gitformat-index(5).
const (
	modeTree    = 0o040000 // all of a directory, in a sparse index
	modeGitlink = 0o160000 // a submodule
)

// Submodules returns the paths of the submodules of the work tree, checked out or not, relative to it and
// sorted. They are what its index says, so .gitmodules need not name them. git looks into each: see gitsubmodules(7).
// An index that is not understood is an error, as is one that may hide submodules.
func (r Repo) Submodules() ([]string, error) {
	file := filepath.Join(r.Dir, "index")
	x := index{dir: r.Dir}
	switch err := x.readFile(file); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // nothing was ever added
	case err != nil:
		return nil, err
	case x.sparse != "" && x.gitmodules:
		return nil, fmt.Errorf("%s leaves out what is in %s, which may have submodules (git sparse-checkout reapply --no-sparse-index)", file, x.sparse)
	case len(x.links) > mostSubmodules:
		return nil, fmt.Errorf("%s has more than %d submodules", file, mostSubmodules)
	}
	for _, link := range x.links {
		if !linkPath(link) {
			return nil, fmt.Errorf("%s has a submodule at %q, which is not the path of one", file, link)
		}
	}
	slices.Sort(x.links)
	return slices.Compact(x.links), nil
}

// linkPath reports whether git allows a submodule at a path.
func linkPath(s string) bool {
	for name := range strings.SplitSeq(s, "/") {
		if name == "" || name == "." || name == ".." || strings.EqualFold(name, ".git") || strings.Contains(name, "\x00") {
			return false
		}
	}
	return true
}

// index collects what is asked of an index.
type index struct {
	dir        string
	links      []string
	sparse     string // a directory that is one entry
	gitmodules bool

	base    string // in hexadecimal, what names the index that this one changes; "" for none
	changed []byte // which entries of that one are deleted, and which are replaced
	patches []bool // for each entry without a name, which replaces one of the base: whether it is a submodule
}

func (x *index) readFile(file string) error {
	err := x.readAs(file, 20)
	if !errors.Is(err, errFormat) {
		return err
	}
	// The length of a hash is nowhere in the file. All lengths in it agree with one alone.
	if longer := x.readAs(file, 32); !errors.Is(longer, errFormat) {
		return longer
	}
	return fmt.Errorf("%s is not an index that nslaunch can read: %w", file, err)
}

// readAs reads an index whose hashes have so many bytes, and the one that it changes.
func (x *index) readAs(file string, hash int) error {
	*x = index{dir: x.dir}
	err := scanFile(file, hash, func(_ int, mode uint32, name []byte) error {
		if len(name) == 0 {
			x.patches = append(x.patches, mode == modeGitlink)
			return nil
		}
		x.note(mode, name)
		return nil
	}, func(kind string, data []byte) error {
		if kind == "link" && len(data) < hash {
			return errFormat
		}
		if kind == "link" && strings.Trim(string(data[:hash]), "\x00") != "" {
			x.base, x.changed = hex.EncodeToString(data[:hash]), data[hash:]
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case x.base == "" && len(x.patches) > 0:
		return errFormat
	case x.base == "":
		return nil
	}
	return x.readBase(hash)
}

// note notes an entry. It copies the names of submodules alone, and no more of them than show that there are too many.
func (x *index) note(mode uint32, name []byte) {
	switch {
	case mode == modeGitlink && len(x.links) <= mostSubmodules:
		x.links = append(x.links, string(name))
	case mode == modeTree && x.sparse == "":
		x.sparse = string(name)
	case string(name) == ".gitmodules":
		x.gitmodules = true
	}
}

// readBase reads the shared index of a split one, without the entries that are deleted, and with those that are replaced.
func (x *index) readBase(hash int) error {
	var deleted, replaced []bool
	if len(x.changed) > 0 {
		var rest []byte
		var err error
		if deleted, rest, err = bitmap(x.changed); err == nil {
			replaced, rest, err = bitmap(rest)
		}
		if err != nil || len(rest) > 0 {
			return errFormat
		}
	}
	patches := x.patches
	file := filepath.Join(x.dir, "sharedindex."+x.base)
	err := scanFile(file, hash, func(i int, mode uint32, name []byte) error {
		switch {
		case len(name) == 0:
			return errFormat
		case i < len(deleted) && deleted[i]:
		case i >= len(replaced) || !replaced[i]:
			x.note(mode, name)
		case len(patches) == 0:
			return errFormat
		default:
			if patches[0] {
				x.note(modeGitlink, name)
			}
			patches = patches[1:]
		}
		return nil
	}, func(kind string, _ []byte) error {
		if kind == "link" {
			return errFormat
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing, which the index needs", file)
	}
	if err == nil && len(patches) > 0 {
		return errFormat
	}
	return err
}

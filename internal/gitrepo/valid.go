package gitrepo

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// isRepository reports whether git takes dir for a repository; see gitrepository-layout(5).
func isRepository(dir string) bool {
	return validHead(dir) && reachable(filepath.Join(dir, "objects")) && reachable(filepath.Join(dir, "refs"))
}

// reachable reports what git asks of objects and refs, which may be links; X_OK of access(2).
func reachable(path string) bool { return syscall.Access(path, 1) == nil }

// validHead reports whether HEAD in dir is one to git: a reference or the hash of a commit.
func validHead(dir string) bool {
	file := filepath.Join(dir, "HEAD")
	if to, err := os.Readlink(file); err == nil {
		return strings.HasPrefix(to, "refs/")
	}
	head, err := read(file, 256)
	if err != nil {
		return false
	}
	if ref, ok := strings.CutPrefix(head, "ref:"); ok {
		return strings.HasPrefix(strings.TrimLeft(ref, " \t\r\n\v\f"), "refs/")
	}
	return len(head) >= 40 && strings.Trim(head[:40], "0123456789abcdefABCDEF") == ""
}

// Others is the error for a directory whose repository belongs to another user: to git there is none.
type Others struct {
	WorkTree string // the top of the work tree
	Path     string // the part that is not the caller's
	UID      uint32 // whose it is
}

func (e *Others) Error() string {
	return fmt.Sprintf("%s belongs to uid %d, so the git repository at %s is ignored", e.Path, e.UID, e.WorkTree)
}

// Is reports that there is no repository.
func (*Others) Is(target error) bool { return target == fs.ErrNotExist }

// others returns the error for the first of the parts that is not mine, or nil.
func others(tree string, mine func(path string) bool, parts ...string) error {
	for _, part := range parts {
		if !mine(part) {
			uid, _ := ownerOf(part)
			return &Others{tree, part, uid}
		}
	}
	return nil
}

// trusted reports whether a file belongs to whom git believes: the caller, or who has become root with sudo(8).
func trusted(path string) bool {
	uid, ok := ownerOf(path)
	if !ok || uid == uint32(os.Geteuid()) {
		return ok
	}
	sudo, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
	return err == nil && os.Geteuid() == 0 && uint32(sudo) == uid
}

func ownerOf(path string) (uid uint32, ok bool) {
	var st syscall.Stat_t
	err := syscall.Lstat(path, &st)
	return st.Uid, err == nil
}

// Within returns the repository that the absolute path dir, without symbolic links, is or lies in: a
// bare one, or the .git of a work tree. It is "" where dir is in neither, as in a work tree.
func Within(dir string) string {
	owner, _ := ownerOf(dir)
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if dot, err := os.Lstat(filepath.Join(at, ".git")); err == nil && (!dot.IsDir() || isRepository(filepath.Join(at, ".git"))) {
			return "" // git prefers it
		}
		// That of another user is none to git, unless dir is hers, too: then it is for her.
		if uid, ok := ownerOf(at); ok && (uid == owner || trusted(at)) && isRepository(at) {
			return at
		}
		if filepath.Dir(at) == at {
			return ""
		}
	}
}

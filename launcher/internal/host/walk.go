package host

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Look notes what a path of the host is, following symbolic links.
//
// Where links lead elsewhere it notes that, too: the stage opens the path that they lead to. While it builds the
// sandbox, something is mounted over "/" already, and the ".." of a link would climb into that.
func (h *Host) Look(name string) {
	f := h.walk(name)
	if f.Err == unix.EACCES {
		mounts, _ := mountprop.Self() // without them it is not known
		f.Fuse, _ = tree.FuseAt(mounts, name)
	}
	h.Files[name] = f
}

// walk follows a path of the host one name at a time.
func (h *Host) walk(name string) tree.File {
	at, rest := "/", tree.Components(name)
	f := h.lstat(at)
	var links []string
	followed := 0
	for len(rest) > 0 {
		first := rest[0]
		rest = rest[1:]
		if first == ".." {
			at = path.Dir(at)
			f = h.lstat(at)
			continue
		}
		next := path.Join(at, first)
		f = h.lstat(next)
		switch {
		case f.Err != 0:
			f.Resolved, f.Links = tree.ResolvedTo(path.Join(append([]string{next}, rest...)...), name), links
			return f
		case f.Type == unix.S_IFLNK:
			if followed++; followed > tree.MostLinks {
				return tree.File{Err: unix.ELOOP, Links: links}
			}
			if !tree.Below(next, "/proc") { // where nobody makes links
				links = append(links, next)
			}
			if magic(next) {
				to, ok := h.magicName(next, f.Link)
				if !ok {
					return h.nameless(next, rest, links)
				}
				f.Link = to
			}
			if strings.HasPrefix(f.Link, "/") {
				at = "/"
			}
			rest = append(tree.Components(f.Link), rest...)
			f = h.lstat(at) // if the link leads to where we stand
		case len(rest) > 0 && !f.Dir:
			return tree.File{Err: unix.ENOTDIR, Links: links}
		default:
			at = next
		}
	}
	f.Resolved, f.Links = tree.ResolvedTo(at, name), links
	if followed == 0 {
		return f
	}
	// The kernel has more to say about links: fs.protected_symlinks, mounts with nosymfollow.
	switch seen := tree.StatAt(unix.AT_FDCWD, name, 0); {
	case seen.Err != 0:
		return tree.File{Err: seen.Err, Links: links}
	case seen.Dev != f.Dev || seen.Ino != f.Ino:
		return tree.File{Err: unix.ESTALE, Links: links}
	}
	return f
}

// lstat looks at a path without links but for its last name, once.
func (h *Host) lstat(real string) tree.File {
	if f, ok := h.seen[real]; ok {
		return f
	}
	f := tree.StatFile(real)
	if f.Type == unix.S_IFLNK {
		f.Link, f.Err = tree.ReadLink(real)
	}
	if h.seen == nil {
		h.seen = map[string]tree.File{}
	}
	h.seen[real] = f
	return f
}

// magic reports whether a link is one of those of proc(5) below a process' directory. They lead to a file, and their text is only a name for it.
func magic(link string) bool {
	rest, ok := strings.CutPrefix(link, "/proc/")
	pid, _, below := strings.Cut(rest, "/")
	return ok && below && strings.Trim(pid, "0123456789") == ""
}

// magicName is the path of the file that a magic link leads to; ok is false if it has none here.
func (h *Host) magicName(link, text string) (name string, ok bool) {
	if !strings.HasPrefix(text, "/") {
		return "", false
	}
	to, there := tree.StatAt(unix.AT_FDCWD, link, 0), tree.StatAt(unix.AT_FDCWD, text, 0)
	return text, to.Err == 0 && there.Err == 0 && to.Dev == there.Dev && to.Ino == there.Ino
}

// nameless is the file that a path leads to by way of a magic link to a file without a name here.
func (h *Host) nameless(link string, rest, links []string) tree.File {
	name := path.Join(append([]string{link}, rest...)...)
	f := tree.StatAt(unix.AT_FDCWD, name, 0)
	f.Resolved, f.Links = name, links
	f.Nameless = len(rest) > 0 || path.Base(path.Dir(link)) != "ns"
	return f
}

package launcher

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// look notes what a path of the host is, following symbolic links.
//
// Where links lead elsewhere it notes that, too: the stage opens the path that they lead to. While it builds the
// sandbox, something is mounted over "/" already, and the ".." of a link would climb into that.
func (h *Host) look(name string) {
	f := h.walk(name)
	if f.Err == unix.EACCES {
		mounts, _ := mountprop.Self() // without them it is not known
		f.Fuse, _ = fuseAt(mounts, name)
	}
	h.Files[name] = f
}

// walk follows a path of the host one name at a time.
func (h *Host) walk(name string) File {
	at, rest := "/", components(name)
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
			f.Resolved, f.links = resolvedTo(path.Join(append([]string{next}, rest...)...), name), links
			return f
		case f.Type == unix.S_IFLNK:
			if followed++; followed > mostLinks {
				return File{Err: unix.ELOOP, links: links}
			}
			if !below(next, "/proc") { // where nobody makes links
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
			rest = append(components(f.Link), rest...)
			f = h.lstat(at) // if the link leads to where we stand
		case len(rest) > 0 && !f.Dir:
			return File{Err: unix.ENOTDIR, links: links}
		default:
			at = next
		}
	}
	f.Resolved, f.links = resolvedTo(at, name), links
	if followed == 0 {
		return f
	}
	// The kernel has more to say about links: fs.protected_symlinks, mounts with nosymfollow.
	switch seen := statAt(unix.AT_FDCWD, name, 0); {
	case seen.Err != 0:
		return File{Err: seen.Err, links: links}
	case seen.Dev != f.Dev || seen.Ino != f.Ino:
		return File{Err: unix.ESTALE, links: links}
	}
	return f
}

// lstat looks at a path without links but for its last name, once.
func (h *Host) lstat(real string) File {
	if f, ok := h.seen[real]; ok {
		return f
	}
	f := statFile(real)
	if f.Type == unix.S_IFLNK {
		f.Link, f.Err = readLink(real)
	}
	if h.seen == nil {
		h.seen = map[string]File{}
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
	to, there := statAt(unix.AT_FDCWD, link, 0), statAt(unix.AT_FDCWD, text, 0)
	return text, to.Err == 0 && there.Err == 0 && to.Dev == there.Dev && to.Ino == there.Ino
}

// nameless is the file that a path leads to by way of a magic link to a file without a name here.
func (h *Host) nameless(link string, rest, links []string) File {
	name := path.Join(append([]string{link}, rest...)...)
	f := statAt(unix.AT_FDCWD, name, 0)
	f.Resolved, f.links = name, links
	f.Nameless = len(rest) > 0 || path.Base(path.Dir(link)) != "ns"
	return f
}

// statAt is statx(2). It triggers automounts, as stat(2) does not: what is seen is what a mount will have.
func statAt(dir int, name string, flags int) File {
	var st unix.Statx_t
	if err := unix.Statx(dir, name, flags, unix.STATX_BASIC_STATS, &st); err != nil {
		return File{Err: errno(err)}
	}
	kind := uint32(st.Mode) & unix.S_IFMT
	f := File{Dir: kind == unix.S_IFDIR, Symlink: kind == unix.S_IFLNK, Type: kind, Mode: uint32(st.Mode) & 0o7777,
		UID: st.Uid, GID: st.Gid, Size: int64(st.Size), Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino}
	if kind == unix.S_IFCHR {
		f.CharDevice = [2]uint32{st.Rdev_major, st.Rdev_minor}
	}
	return f
}

// statFile looks at the file itself where its name is a symbolic link.
func statFile(name string) File { return statAt(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW) }

package tree

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// MostLinks is how many symbolic links the kernel follows in one path.
const MostLinks = 40

// Resolve looks at a path of the sandbox as the kernel will, when all is
// mounted that the tree has: symbolic links lead below the root. Of a path
// that is missing, Resolved is where it would be. last reports whether a
// link at the end is followed, too.
func (t *Tree) Resolve(target string, last bool) File {
	at, rest := "/", Components(target)
	f := File{Dir: true, Type: unix.S_IFDIR}
	var through []string
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, name)
		f = t.look(next)
		switch {
		case f.Err != 0:
			f.Resolved, f.Links = ResolvedTo(path.Join(append([]string{next}, rest...)...), target), through
			return f
		case f.Type == unix.S_IFLNK && (last || len(rest) > 0):
			if through = append(through, next); len(through) > MostLinks {
				return File{Err: unix.ELOOP}
			}
			if strings.HasPrefix(f.Link, "/") {
				at = "/"
			}
			rest = append(Components(f.Link), rest...)
			f = File{Dir: true, Type: unix.S_IFDIR} // if the link leads to where we stand
		case len(rest) > 0 && !f.Dir:
			return File{Err: unix.ENOTDIR}
		default:
			at = next
		}
	}
	f.Resolved, f.Links = ResolvedTo(at, target), through
	return f
}

// ResolvedTo is what [File.Resolved] says of a target whose path without symbolic links is real.
func ResolvedTo(real, target string) string {
	if real == target {
		return ""
	}
	return real
}

// Components splits a path; what says nothing is left out.
func Components(p string) []string {
	var names []string
	for name := range strings.SplitSeq(p, "/") {
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	return names
}

// look looks at a real path of the sandbox.
func (t *Tree) look(p string) File {
	if to, ok := t.links[p]; ok {
		return File{Type: unix.S_IFLNK, Link: to}
	}
	if l, ok := t.Layers[p]; ok {
		if l.File {
			return File{Type: unix.S_IFREG}
		}
		return File{Dir: true, Type: unix.S_IFDIR}
	}
	l := t.Of(p)
	rel := l.Relative(p)
	if slices.Contains(l.Devices, rel) {
		return File{Type: unix.S_IFCHR}
	}
	for _, base := range l.Base {
		f := StatFile(path.Join(base, rel))
		switch {
		case f.Err == unix.ENOENT:
			continue
		case f.CharDevice == [2]uint32{} && f.Type == unix.S_IFCHR:
			return File{Err: unix.ENOENT} // a whiteout of an overlay
		case f.Type == unix.S_IFLNK:
			f.Link, f.Err = ReadLink(path.Join(base, rel))
		}
		return f
	}
	if l.Ours && t.above[p] { // then it is made, too
		return File{Dir: true, Type: unix.S_IFDIR}
	}
	return File{Err: unix.ENOENT}
}

// ReadLink reads a symbolic link.
func ReadLink(p string) (string, unix.Errno) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink(p, buf)
	if err != nil {
		return "", Errno(err)
	}
	return string(buf[:n]), 0
}

package launcher

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"golang.org/x/sys/unix"
)

// A sandbox may leave a symbolic link in a directory that it can write to, and the next one would be given what the link
// leads to: ~/.ssh in place of .git. So a link below a directory that the profile shows is not followed on the host, unless it lies where
// only root can write. It does not matter who made it, or whether it stays below the directory: it could also lead past a mask.

// Planted is a symbolic link that a sandbox may have made.
type Planted struct {
	Link string // its path; "" for none
	To   string // its text
	Dir  string // the directory that the profile shows, or the one that the link lies in
	Cwd  string // where the working directory is, if the link leads there; else ""
}

// shown is a directory that the profile gives to the sandbox.
type shown struct {
	path     string
	writable bool
}

// inode names a file.
type inode struct{ dev, ino uint64 }

// findPlanted notes the links that the profile's sources go through and that a sandbox may have made.
func (h *Host) findPlanted(p *config.Profile) {
	var dirs map[inode]shown
	check := func(f File) Planted {
		if dirs == nil && len(f.links) > 0 {
			dirs = h.shown(p)
		}
		for _, link := range f.links {
			if dir := h.plantedIn(link, dirs); dir != "" {
				return Planted{Link: link, To: h.seen[link].Link, Dir: dir}
			}
			if h.strayCwd(link) {
				return Planted{Link: link, To: h.seen[link].Link, Dir: path.Dir(link), Cwd: h.walk(h.Cwd).real(h.Cwd)}
			}
		}
		return Planted{}
	}
	for name, f := range h.Files {
		if len(f.links) > 0 {
			f.Planted = check(f)
			h.Files[name] = f
		}
	}
	// What a pattern matches is known by where links lead, so those on the way to its fixed part are looked at here.
	for _, g := range p.Globs {
		if m := h.Matches[g.Entry.Key]; g.Entry.Type == config.MountBind {
			m.Planted = check(h.walk(g.Dir()))
			h.Matches[g.Entry.Key] = m
		}
	}
	for k, f := range h.Joins {
		if !below(f.Path, "/proc") {
			f.Planted = check(h.walk(f.Path))
			h.Joins[k] = f
		}
	}
}

// shown are the directories that the profile shows, but for "/": who may write to all of the host needs no link.
func (h *Host) shown(p *config.Profile) map[inode]shown {
	dirs := map[inode]shown{}
	add := func(name string, writable bool) {
		f := h.Files[name]
		if real := f.real(name); f.Err == 0 && f.Dir && real != "/" {
			key := inode{f.Dev, f.Ino}
			dirs[key] = shown{real, writable || dirs[key].writable}
		}
	}
	if p.Root.Mode == config.RootPath {
		add(p.Root.Path, !p.Root.Readonly && p.Root.Overlay.Mode == config.OverlayNone)
	}
	if p.Root.Overlay.Mode == config.OverlayDir {
		add(p.Root.Overlay.Dir+"/upper", true)
	}
	for _, m := range p.Mounts {
		switch {
		case m.Key == overlayKey, h.RootPins[m.Target]: // a part of the root
		case m.Type == config.MountBind:
			add(m.Source, !m.Readonly)
		case m.Type == config.MountOverlay:
			for _, dir := range m.Lower {
				add(dir, false)
			}
			if m.Dir != "" {
				add(m.Dir+"/upper", true)
			}
		}
	}
	return dirs
}

// plantedIn is the directory that the profile shows and in or below which a sandbox may have made the link; "" if none could.
func (h *Host) plantedIn(link string, dirs map[inode]shown) string {
	roots := h.rootsAlone(path.Dir(link))
	for dir := path.Dir(link); dir != "/"; dir = path.Dir(dir) {
		f := h.lstat(dir)
		// Of a directory of root's, a sandbox that root starts is kept out only if it is read-only.
		if s, ok := dirs[inode{f.Dev, f.Ino}]; ok && !(roots && (h.UID != 0 || !s.writable)) {
			return s.path
		}
	}
	return ""
}

// rootsAlone reports whether only root can make, take away and rename what is in a directory.
func (h *Host) rootsAlone(dir string) bool {
	in := h.lstat(dir)
	return in.Err == 0 && (in.UID == 0 || in.UID == unmapped && h.UID != unmapped) && in.Mode&0o022 == 0
}

// unmapped is the id that files have, for the kernel's default, whose owner the caller's user namespace does not map.
const unmapped = 65534

// planted refuses a path that goes through a link that a sandbox may have made.
func (c *compiler) planted(key, name string, f Planted) bool {
	switch {
	case f.Link == "":
		return false
	case f.Cwd != "":
		if !c.strayCwd { // once
			c.errorf(key, "the working directory is reached through %s, a symbolic link to %q, and a sandbox may have put it into %s (if you made it: cd %s)", quote.Word(f.Link), f.To, quote.Word(f.Dir), quote.Word(f.Cwd))
		}
		c.strayCwd = true
		return true
	}
	to := f.To
	if !strings.HasPrefix(to, "/") {
		to = path.Join(path.Dir(f.Link), to)
	}
	c.errorf(key, "%q is not followed: %s is a symbolic link to %q, and a sandbox may have put it into %s (if you made it, write %q in the profile, or put a directory in its place)",
		name, f.Link, f.To, f.Dir, to+strings.TrimPrefix(name, f.Link))
	return true
}

// nameless refuses to mount what no path of this mount namespace leads to.
func (c *compiler) nameless(key, name string, f File) bool {
	if f.Nameless {
		c.errorf(key, "%q leads to a file that is open but has no path here, and only a path can be mounted (write the path of a file)", name)
	}
	return f.Nameless
}

// resolveNothing keeps a lookup off all symbolic links.
const resolveNothing = unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

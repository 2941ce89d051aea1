package host

import (
	"path"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

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
	check := func(f tree.File) tree.Planted {
		if dirs == nil && len(f.Links) > 0 {
			dirs = h.shown(p)
		}
		for _, link := range f.Links {
			if dir := h.plantedIn(link, dirs); dir != "" {
				return tree.Planted{Link: link, To: h.seen[link].Link, Dir: dir}
			}
			if h.strayCwd(link) {
				return tree.Planted{Link: link, To: h.seen[link].Link, Dir: path.Dir(link), Cwd: h.walk(h.Cwd).Real(h.Cwd)}
			}
		}
		return tree.Planted{}
	}
	for name, f := range h.Files {
		if len(f.Links) > 0 {
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
		if !tree.Below(f.Path, "/proc") {
			f.Planted = check(h.walk(f.Path))
			h.Joins[k] = f
		}
	}
}

// shown are the directories that the profile shows, except "/": a command that may write to all of the host needs no link.
func (h *Host) shown(p *config.Profile) map[inode]shown {
	dirs := map[inode]shown{}
	add := func(name string, writable bool) {
		f := h.Files[name]
		if real := f.Real(name); f.Err == 0 && f.Dir && real != "/" {
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
		case m.Key == OverlayKey, h.RootPins[m.Target]: // a part of the root
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

// ResolveNothing keeps a lookup off all symbolic links.
const ResolveNothing = unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

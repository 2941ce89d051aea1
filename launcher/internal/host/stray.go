package host

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// The working directory is what a preset shows, and its name is what the shell says ($PWD). If that goes through a link that a sandbox
// has left in its project, the next sandbox would be given what the link leads to. The link says nothing of who made it. So it
// counts where it lies: a project is neither the home directory nor a directory above it, so links there are the caller's
// own, such as ~/src. Links that stay below their directory lead nowhere that the project is not.

// strayCwd reports whether the working directory is reached through a link that a sandbox may have made to lead there.
func (h *Host) strayCwd(link string) bool {
	if h.Cwd == "" || !slices.Contains(h.walk(h.Cwd).Links, link) {
		return false
	}
	dir := path.Dir(link)
	if h.UID != 0 && h.rootsAlone(dir) {
		return false
	}
	home, onWay := h.home()
	return (home == "" || !tree.Below(home, dir)) && !slices.Contains(onWay, link) && !tree.Below(h.walk(link).Real(link), dir)
}

// home is the caller's home directory without symbolic links, "" where it is not known, and the links that lead there.
func (h *Host) home() (dir string, links []string) {
	for _, v := range h.Env {
		if value, ok := strings.CutPrefix(v, "HOME="); ok {
			dir = value
		}
	}
	if !path.IsAbs(dir) {
		dir = passwd.ByID(int(h.UID)).Home
	}
	if f := h.walk(dir); path.IsAbs(dir) && f.Err == 0 {
		return f.Real(path.Clean(dir)), f.Links
	}
	return "", nil
}

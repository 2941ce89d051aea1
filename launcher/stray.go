package launcher

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
)

// The working directory is what a preset shows, and its name is what the shell says ($PWD). If that goes through a link that a sandbox
// has left in its project, the next sandbox would be given what the link leads to. The link says nothing of who made it. So it
// counts where it lies: a project is neither the home directory nor a directory above it, so links there are the caller's
// own, such as ~/src. Links that stay below their directory lead nowhere that the project is not.

// strayCwd reports whether the working directory is reached through a link that a sandbox may have made to lead there.
func (h *Host) strayCwd(link string) bool {
	if h.Cwd == "" || !slices.Contains(h.walk(h.Cwd).links, link) {
		return false
	}
	dir := path.Dir(link)
	in := h.lstat(dir)
	if h.UID != 0 && in.Mode&0o022 == 0 && (in.UID == 0 || in.UID == unmapped && h.UID != unmapped) {
		return false // only root can make links there
	}
	home, onWay := h.home()
	return (home == "" || !below(home, dir)) && !slices.Contains(onWay, link) && !below(h.walk(link).real(link), dir)
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
		return f.real(path.Clean(dir)), f.links
	}
	return "", nil
}

// secretDirs are directories of a home with keys, or with what is executed at login. No project is there.
func secretDirs() []string {
	return []string{".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".pki", ".mozilla", ".thunderbird",
		".config/gcloud", ".config/gh", ".config/chromium", ".config/google-chrome", ".config/systemd", ".config/autostart", ".local/share/keyrings"}
}

// findPrivate notes the writable binds of presets that would show the home directory, or its keys. An entry of a
// profile of one's own is meant.
func (h *Host) findPrivate(p *config.Profile) {
	for _, m := range p.Mounts {
		f := h.Files[m.Source]
		if m.Type != config.MountBind || m.Readonly || f.Err != 0 || !config.IsPreset(p.Origin(m.Key).Pos.File) {
			continue
		}
		home, _ := h.home()
		if home == "" {
			return
		}
		if why := h.private(p, m, home, f.real(m.Source)); why != "" {
			h.Unkept = append(h.Unkept, Unkept{Key: m.Key, File: m.Source, Why: why, Cure: "start nslaunch in the directory of a project, or name " + m.Source + " in a profile of your own"})
			return
		}
	}
}

// private says what of a home directory a bind of the directory real would show; "" for nothing.
func (h *Host) private(p *config.Profile, m config.MountEntry, home, real string) string {
	if at := h.atOrAbove(home, real); at != "" {
		inside := path.Join(h.real(m.Target), strings.TrimPrefix(home, at))
		if slices.ContainsFunc(p.Mounts, func(o config.MountEntry) bool { return hides(o) && h.real(o.Target) == inside }) {
			return ""
		}
		return "your home directory would be writable"
	}
	if at := h.atOrAbove(real, home); at != "" {
		for _, dir := range secretDirs() {
			if below(path.Join("/", strings.TrimPrefix(real, at)), "/"+dir) {
				return "it is in the " + dir + " of your home directory, which no preset shows"
			}
		}
	}
	return ""
}

// atOrAbove returns the directory at or above p, a path without links, that is dir by any name; "" if none is.
func (h *Host) atOrAbove(p, dir string) string {
	want := h.lstat(dir)
	for at := p; ; at = path.Dir(at) {
		if f := h.lstat(at); f.Err == 0 && f.Dev == want.Dev && f.Ino == want.Ino {
			return at
		}
		if at == "/" {
			return ""
		}
	}
}

package host

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// secretDirs are directories of a home with keys, or with what is executed at login or by name. No project is there, or has them in it.
// One that is missing counts, too: a sandbox could make it.
func secretDirs() []string {
	return []string{
		// Keys, passwords and sessions.
		".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".pki", ".terraform.d", ".mozilla", ".thunderbird", ".var/app",
		".config/gcloud", ".config/gh", ".config/rclone", ".config/sops", ".config/op", ".config/containers", ".config/chromium", ".config/google-chrome",
		".config/BraveSoftware", ".config/microsoft-edge", ".config/vivaldi", ".local/share/keyrings", ".local/share/containers",
		// What is executed at login, by the session or with each shell, python and git.
		".config/systemd", ".local/share/systemd", ".config/autostart", ".config/autostart-scripts", ".config/plasma-workspace", ".config/environment.d", ".config/upstart",
		".config/fish", ".config/nushell", ".config/zsh", ".config/bash", ".oh-my-zsh", ".bashrc.d", ".profile.d", ".zshrc.d", ".config/git",
		".config/i3", ".config/sway", ".config/hypr", ".local/share/applications", ".local/share/dbus-1", ".local/lib",
		// What is executed by its name, since PATH has it.
		".local/bin", "bin", "go/bin", ".cargo", ".rustup", ".nvm", ".volta", ".pyenv", ".rbenv", ".sdkman", ".bun", ".deno", ".npm-global",
	}
}

// findPrivate notes the writable binds of presets that would show the home directory, or what of it is secret. An entry
// of a profile of one's own is meant.
func (h *Host) findPrivate(p *config.Profile) {
	for _, m := range p.Mounts {
		f, from := h.Files[m.Source], p.Origin(m.Key).Pos.File
		if m.Type != config.MountBind || m.Readonly || f.Err != 0 || !config.IsPreset(from) {
			continue
		}
		home, _ := h.home()
		if home == "" {
			return
		}
		if what := h.private(p, m, home, f.Real(m.Source)); what != "" {
			own := "mounts." + config.TOMLValue(m.Target) + " = { rw = " + config.TOMLValue(m.Source) + " }"
			if m.Target == m.Source {
				own = "mounts.rw = [" + config.TOMLValue(m.Source) + "]"
			}
			h.Unkept = append(h.Unkept, Unkept{Key: m.Key, Why: from + " would make " + what, Cure: "cd to a project; or write in your own profile: " + own})
			return
		}
	}
}

// private says what of a home directory a bind of the directory real would make writable; "" for nothing.
func (h *Host) private(p *config.Profile, m config.MountEntry, home, real string) string {
	if h.showsWritable(p, m, real, home) {
		return "your home directory, " + quote.Word(home) + ", writable"
	}
	for _, dir := range secretDirs() {
		f := h.walk(path.Join(home, dir))
		secret := f.Real(path.Join(home, dir))
		if f.Err == 0 && h.atOrAbove(real, secret) != "" {
			return quote.Word(real) + " writable, which is in " + dir + " of your home directory"
		}
		// Who can replace a link on the way decides what is there.
		for _, place := range append([]string{secret}, f.Links...) {
			switch {
			case !h.showsWritable(p, m, real, place):
			case f.Err != 0:
				return quote.Word(real) + " writable, where the sandbox could create " + dir + " of your home directory"
			default:
				return quote.Word(real) + " writable, which contains " + dir + " of your home directory"
			}
		}
	}
	return ""
}

// showsWritable reports whether a place, which may be missing, is in what an entry shows of the directory real, and the profile does not hide it there.
func (h *Host) showsWritable(p *config.Profile, m config.MountEntry, real, place string) bool {
	at := h.atOrAbove(place, real)
	if at == "" {
		return false
	}
	top := h.Real(m.Target)
	inside := path.Join(top, strings.TrimPrefix(place, at))
	return !slices.ContainsFunc(p.Mounts, func(o config.MountEntry) bool {
		over := h.Real(o.Target)
		return Hides(o) && !h.LeftOut(o) && over != top && tree.Below(over, top) && tree.Below(inside, over)
	})
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

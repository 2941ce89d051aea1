package summary

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// settingsOf returns the type of a file system if the kernel has settings in it, else "".
func settingsOf(fstype string, options []string) string {
	if !host.KernelFS(fstype) || fstype == "proc" && slices.Contains(options, "subset=pid") {
		return ""
	}
	return fstype
}

// settings returns the file systems in which the kernel has settings and that are not read-only, the topmost of those that lie in each
// other. Mounts are those of the caller, which the places of a plan may show.
func (t places) settings(mounts []mountprop.Mount) (all, cgroups []string) {
	there := slices.DeleteFunc(host.ReadonlySettings(), func(name string) bool { return tree.StatFile("/proc/"+name).Err != 0 })
	note := func(at, fstype, of string) { // of: the path of the place
		if fstype == "proc" && !slices.ContainsFunc(there, func(name string) bool { return t.writable(path.Join(at, name), of) }) {
			return // only files of processes can be written to
		}
		all = topmost(all, at)
		if fstype == "cgroup" || fstype == "cgroup2" {
			cgroups = topmost(cgroups, at)
		}
	}
	for _, p := range t {
		if p.kernel != "" && p.Access == Write {
			note(p.Path, p.kernel, p.Path)
		}
	}
	for _, m := range mounts {
		if !host.KernelFS(m.FSType) || m.HasOption("ro") || slices.Contains(strings.Split(m.SuperOptions, ","), "ro") {
			continue
		}
		for _, p := range t {
			if p.Shows != Host || p.kernel != "" || p.Access != Write {
				continue
			}
			for _, from := range p.sources() {
				at := path.Join(p.Path, within(m.Target, from))
				if tree.Below(m.Target, from) && t.writable(at, p.Path) {
					note(at, m.FSType, p.Path)
				}
				inside := from != m.Target && tree.Below(from, m.Target)
				if inside && (m.FSType != "proc" || ofSettings(within(from, m.Target))) {
					all = topmost(all, p.Path)
				}
			}
		}
	}
	slices.Sort(all)
	slices.Sort(cgroups)
	return all, cgroups
}

// writable reports whether a path is in the place at another, and can be written to.
func (t places) writable(p, at string) bool {
	found, ok := t.at(p)
	return ok && found.Path == at && found.Access == Write
}

// ofSettings reports whether a path relative to a proc is one of its settings.
func ofSettings(p string) bool {
	return slices.ContainsFunc(host.ReadonlySettings(), func(name string) bool { return tree.Below(p, name) })
}

// errOwned ends a search.
var errOwned = errors.New("a control group of the caller's")

// ownsGroups reports whether the caller can write to a control group: most ordinary users can only if systemd delegates one. It is true if
// that is not known.
func ownsGroups() bool {
	mounts, _ := mountprop.Self()
	seen, left := false, 20000 // files that are looked at
	for _, m := range mounts {
		if m.FSType != "cgroup" && m.FSType != "cgroup2" {
			continue
		}
		seen = true
		owns := filepath.WalkDir(m.Target, func(dir string, entry fs.DirEntry, err error) error {
			if left--; left < 0 || err == nil && entry.IsDir() && unix.Access(path.Join(dir, "cgroup.procs"), unix.W_OK) == nil {
				return errOwned
			}
			return nil // also of what cannot be listed
		})
		if errors.Is(owns, errOwned) {
			return true
		}
	}
	return !seen
}

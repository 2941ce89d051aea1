package host

import (
	"os"
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// TopEntry is something of the host's tree that has to be shown beside an overlay of it:
// an entry of "/", or a mount point.
type TopEntry struct {
	Path    string
	Link    string // where a symbolic link leads to
	Dir     bool
	Regular bool
	Mounted bool // there are mounts on it or below it
}

// OverlayKey is the key of the entries that are made here.
const OverlayKey = "root.overlay"

// expands reports whether the profile has an overlay of the host's tree: it
// does not show what is mounted there, of which the rest of the tree is made.
func expands(p *config.Profile) bool {
	return p.Root.Mode == config.RootHost && p.Root.Overlay.Mode != config.OverlayNone
}

// inParts reports whether the overlay itself has to be made of parts, too: in a
// new user namespace the mounts below "/" are locked, and the kernel refuses
// (EINVAL) a lower directory with such.
func inParts(p *config.Profile) bool { return p.Namespaces.New(config.User) }

// readTop lists what the overlay is made of.
func (h *Host) readTop(p *config.Profile) error {
	mounts, err := mountprop.Self()
	if err != nil {
		return err
	}
	h.Top = nil
	if !inParts(p) {
		root, _ := mountprop.At(mounts, "/")
		for _, m := range mounts {
			if m.Parent != root.ID || m.ID == root.ID {
				continue
			}
			// What cannot be looked at, such as the FUSE mount of another user, is not shown.
			if info, err := os.Stat(m.Target); err == nil {
				h.Top = append(h.Top, TopEntry{Path: m.Target, Dir: info.IsDir(), Regular: !info.IsDir(), Mounted: true})
			}
		}
		return nil
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, e := range entries {
		top := TopEntry{Path: "/" + e.Name(), Dir: e.IsDir(), Regular: e.Type().IsRegular()}
		if e.Type()&os.ModeSymlink != 0 {
			top.Link, _ = os.Readlink(top.Path)
		}
		top.Mounted = slices.ContainsFunc(mounts, func(m mountprop.Mount) bool { return tree.Below(m.Target, top.Path) })
		h.Top = append(h.Top, top)
	}
	return nil
}

// expand returns the profile with an overlay of the host's tree made whole: binds of what
// is mounted there, read-only but for /dev and /proc; and in a new user namespace
// a tmpfs that has an overlay for each directory of "/" without mounts.
func (h *Host) expand(p *config.Profile) *config.Profile {
	if !expands(p) {
		return p
	}
	e := *p
	if inParts(p) {
		e.Root = config.Root{Mode: config.RootTmpfs, Readonly: p.Root.Readonly, Options: p.Root.Options}
	}
	rest := slices.Clone(p.Mounts)
	e.Mounts = nil
	for _, top := range h.Top {
		m, ok := part(p, top)
		if !ok || ownPlace(p, top.Path) {
			continue
		}
		rest = slices.DeleteFunc(rest, func(o config.MountEntry) bool { return gives(m, o) })
		if !slices.ContainsFunc(rest, func(o config.MountEntry) bool { return tree.Below(top.Path, o.Target) }) {
			e.Mounts = append(e.Mounts, m)
		}
	}
	// The parts are the root, and what the profile says comes after it.
	e.Mounts = append(e.Mounts, rest...)
	return &e
}

// gives reports whether a part is what an entry would make.
func gives(part, m config.MountEntry) bool {
	return part.Target == m.Target && (m.Type == config.MountSymlink && part.Type == config.MountSymlink && part.To == m.To ||
		m.Type == config.MountDir && part.Type != config.MountSymlink)
}

// ownPlace reports whether proc, dev or sys says what is there.
func ownPlace(p *config.Profile, at string) bool {
	return tree.Below(at, "/proc") && (p.Proc.Mode != config.ProcHost || tree.BindsProc(p)) ||
		tree.Below(at, "/dev") && p.Dev.Mode != "" || tree.Below(at, "/sys") && p.Sys != ""
}

// part is the entry that shows one part of the host's tree.
func part(p *config.Profile, top TopEntry) (config.MountEntry, bool) {
	m := config.MountEntry{Key: OverlayKey, Target: top.Path, Recursive: true}
	switch {
	case top.Link != "":
		m.Type, m.To = config.MountSymlink, top.Link
	case top.Dir && !top.Mounted:
		m.Type, m.Lower = config.MountOverlay, []string{top.Path}
		if p.Root.Overlay.Mode == config.OverlayDir {
			m.Dir, m.Create = path.Join(p.Root.Overlay.Dir, top.Path), p.Root.Overlay.Create
		}
	case top.Dir, top.Regular:
		m.Type, m.Source = config.MountBind, top.Path
		m.Readonly = p.Root.Readonly || !writablePart(top.Path)
	default:
		return m, false
	}
	return m, true
}

// writablePart reports whether a part is useless read-only: devices and processes.
func writablePart(at string) bool { return tree.Below(at, "/dev") || tree.Below(at, "/proc") }

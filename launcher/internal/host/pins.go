package host

import (
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// withPins returns the profile with entries that keep directories in their place. What covers something below a
// writable bind, or in a writable root of the host's, could be evaded from inside by renaming a directory above it and making another of that name.
// A mount point cannot be renamed (EBUSY), so each such directory is bound on itself.
func (h *Host) withPins(p *config.Profile) *config.Profile { return p.WithEntries(h.Pins) }

// findPins finds the directories between a writable tree of the host's and what covers something in it.
func (h *Host) findPins(p *config.Profile, t *tree.Tree) {
	taken := map[string]bool{}
	for _, m := range slices.Concat(p.Mounts, h.Kept) {
		if !IsMount(m) || h.LeftOut(m) || m.Type == config.MountBind && !m.Readonly {
			continue
		}
		if h.Targets[m.Target].Err != 0 {
			continue // an error of its own: nothing is made in the host's directories
		}
		l := t.Of(h.Real(m.Target))
		root := l.Entry == nil
		if !l.WritableIn(p) {
			continue
		}
		for dir := path.Dir(h.Real(m.Target)); dir != l.At && tree.Below(dir, l.At); dir = path.Dir(dir) {
			if taken[dir] {
				break
			}
			taken[dir] = true
			pin := config.MountEntry{Type: config.MountBind, Recursive: true}
			if !root {
				pin = *l.Entry
			}
			pin.Key, pin.Target, pin.Source, pin.Optional = m.Key, dir, path.Join(l.Base[0], l.Relative(dir)), false
			if root {
				if h.UID != 0 && h.rootsAlone(path.Dir(pin.Source)) || tree.Below(dir, "/sys") || tree.Below(dir, "/proc") { // nothing can be renamed in these
					continue
				}
				h.partOfRoot(dir)
			}
			h.Look(pin.Source)
			h.Pins = append(h.Pins, pin)
		}
	}
}

// partOfRoot notes that an entry for a target shows a part of the root itself.
func (h *Host) partOfRoot(target string) {
	if h.RootPins == nil {
		h.RootPins = map[string]bool{}
	}
	h.RootPins[target] = true
}

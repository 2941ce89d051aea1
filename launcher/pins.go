package launcher

import (
	"path"

	"github.com/nslaunch/nslaunch/config"
)

// withPins returns the profile with entries that keep directories in their place. What covers something below a
// writable bind could be evaded from inside by renaming a directory above it and making another of that name.
// A mount point cannot be renamed (EBUSY), so each such directory is bound on itself.
func (h *Host) withPins(p *config.Profile) *config.Profile { return p.WithEntries(h.Pins) }

// findPins finds the directories between a writable bind and what covers something in it.
func (h *Host) findPins(p *config.Profile, t *tree) {
	taken := map[string]bool{}
	for _, m := range p.Mounts {
		if !mounts(m) || h.leftOut(m) || m.Type == config.MountBind && !m.Readonly {
			continue
		}
		l := t.of(h.real(m.Target))
		if l.Entry == nil || l.Entry.Type != config.MountBind || l.Entry.Readonly {
			continue
		}
		for dir := path.Dir(h.real(m.Target)); dir != l.At && below(dir, l.At); dir = path.Dir(dir) {
			if taken[dir] {
				break
			}
			taken[dir] = true
			pin := *l.Entry
			pin.Key, pin.Target, pin.Source, pin.Optional = m.Key, dir, path.Join(l.Entry.Source, l.relative(dir)), false
			h.look(pin.Source)
			h.Pins = append(h.Pins, pin)
		}
	}
}

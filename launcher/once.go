package launcher

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
)

// once returns the profile without the entries that ask for what an earlier one does
// already, on the same place under another name, and those entries.
func (h *Host) once(p *config.Profile) (*config.Profile, []repeated) {
	if !slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return h.Targets[m.Target].Resolved != "" }) {
		return p, nil
	}
	var again []repeated
	first := make(map[string]config.MountEntry, len(p.Mounts))
	without := *p
	without.Mounts = nil
	for _, m := range p.Mounts {
		real := h.real(m.Target)
		before, ok := first[real]
		if ok && m.Target != before.Target && h.sameEntry(before, m) {
			again = append(again, repeated{m, before.Target})
			continue
		}
		if !ok && !h.leftOut(m) {
			first[real] = m
		}
		without.Mounts = append(without.Mounts, m)
	}
	if again == nil {
		return p, nil
	}
	return &without, again
}

// repeated is an entry whose place has what it asks for already, by that name.
type repeated struct {
	entry config.MountEntry
	by    string
}

// sameEntry reports whether two entries put the same thing on their place.
func (h *Host) sameEntry(a, b config.MountEntry) bool {
	switch {
	case h.leftOut(b) || a.Type != b.Type:
		return false
	case a.Type == config.MountMasked:
		return true
	case a.Type == config.MountBind:
		f, g := h.Files[a.Source], h.Files[b.Source]
		return f.Err == 0 && f.Dev == g.Dev && f.Ino == g.Ino && a.Readonly == b.Readonly && a.Recursive == b.Recursive &&
			a.Propagation == b.Propagation && a.IDMap == nil && b.IDMap == nil && slices.Equal(a.Options, b.Options)
	}
	return false
}

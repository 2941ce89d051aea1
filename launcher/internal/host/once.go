package host

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
)

// Once returns the profile without the entries that ask for what an earlier one does
// already, on the same place under another name, and those entries.
func (h *Host) Once(p *config.Profile) (*config.Profile, []Repeated) {
	if !slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return h.Targets[m.Target].Resolved != "" }) {
		return p, nil
	}
	var again []Repeated
	first := make(map[string]config.MountEntry, len(p.Mounts))
	without := *p
	without.Mounts = nil
	for _, m := range p.Mounts {
		real := h.Real(m.Target)
		before, ok := first[real]
		if ok && m.Target != before.Target && h.sameEntry(before, m) {
			again = append(again, Repeated{m, before.Target})
			continue
		}
		if !ok && !h.LeftOut(m) {
			first[real] = m
		}
		without.Mounts = append(without.Mounts, m)
	}
	if again == nil {
		return p, nil
	}
	return &without, again
}

// Repeated is an entry whose place has what it asks for already, by that name.
type Repeated struct {
	Entry config.MountEntry
	By    string
}

// sameEntry reports whether two entries put the same thing on their place.
func (h *Host) sameEntry(a, b config.MountEntry) bool {
	switch {
	case h.LeftOut(b) || a.Type != b.Type:
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

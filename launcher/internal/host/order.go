package host

import (
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// The entries of a profile come sorted by their targets, parents first. Where a target is a link, or is reached by one,
// that order can be wrong: /etc/resolv.conf may lead to /run/netconfig/resolv.conf, and has to come after a tmpfs on /run. So entries are
// ordered by where their targets lead. But that depends on what is mounted before, and so on the order, too:
// both are worked out in turns until neither changes.

// mostTurns is how often the order is worked out. What has not come to an end by then hides something, which is an error.
const mostTurns = 8

// resolveInOrder resolves the targets of a profile in the order in which they are mounted on. It returns the profile in that order,
// and the tree with all that is mounted.
func (h *Host) resolveInOrder(p *config.Profile) (*config.Profile, *tree.Tree) {
	h.Order = nil
	t := h.resolveTargets(p)
	for range mostTurns {
		order := h.order(p.Mounts)
		if order == nil {
			break
		}
		h.Order = order
		p = h.Arrange(p)
		t = h.resolveTargets(p)
	}
	return p, t
}

// Arrange returns the profile with its entries in the order of the host.
func (h *Host) Arrange(p *config.Profile) *config.Profile {
	if h.Order == nil {
		return p
	}
	at := make(map[string]int, len(h.Order))
	for i, target := range h.Order {
		at[target] = i
	}
	arranged := *p
	arranged.Mounts = slices.Clone(p.Mounts)
	slices.SortStableFunc(arranged.Mounts, func(a, b config.MountEntry) int { return at[a.Target] - at[b.Target] })
	return &arranged
}

// order is that of the targets where an entry has to come after a later one: one that is mounted above the place that its target leads
// to, or above a link on the way. It is nil where the order is right.
func (h *Host) order(mounts []config.MountEntry) []string {
	if !slices.ContainsFunc(mounts, func(m config.MountEntry) bool { return h.Targets[m.Target].Resolved != "" }) {
		return nil
	}
	places := make(map[string][]int, len(mounts))
	for i, m := range mounts {
		if !h.LeftOut(m) {
			places[h.Real(m.Target)] = append(places[h.Real(m.Target)], i)
		}
	}
	done, changed := make([]bool, len(mounts)), false
	order := make([]string, 0, len(mounts))
	var add func(i int)
	add = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, way := range append([]string{h.Real(mounts[i].Target)}, h.Targets[mounts[i].Target].Links...) {
			for dir := path.Dir(way); dir != "/"; dir = path.Dir(dir) {
				for _, above := range places[dir] {
					changed = changed || above > i && !done[above]
					add(above)
				}
			}
		}
		order = append(order, mounts[i].Target)
	}
	for i := range mounts {
		add(i)
	}
	if !changed {
		return nil
	}
	return order
}

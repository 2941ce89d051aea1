package host

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// matchSources finds what the globs of binds match in the host's tree.
func (h *Host) matchSources(p *config.Profile) {
	h.Matches = make(map[string]tree.Matches, len(p.Globs))
	host := &tree.Tree{Layers: map[string]tree.Layer{"/": {At: "/", Base: []string{"/"}}}}
	for _, g := range p.Globs {
		if g.Entry.Type == config.MountBind {
			h.Matches[g.Entry.Key] = host.Match(g)
		}
	}
}

// matchMasks finds what the globs of masks match in the sandbox's tree.
func (h *Host) matchMasks(p *config.Profile, t *tree.Tree) {
	for _, g := range p.Globs {
		if g.Entry.Type == config.MountMasked {
			h.Matches[g.Entry.Key] = t.Match(g)
		}
	}
}

// WithMatches returns the profile with entries for what its globs match.
func (h *Host) WithMatches(p *config.Profile) *config.Profile {
	return p.WithMatches(func(g config.Glob) []config.MountEntry {
		var entries []config.MountEntry
		for _, match := range h.Matches[g.Entry.Key].Paths {
			m := g.Entry
			m.Target, m.Source, m.Optional = match.Path, match.Source, true
			entries = append(entries, m)
		}
		return entries
	})
}

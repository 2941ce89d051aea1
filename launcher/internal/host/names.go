package host

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// OtherNames are the names by which a sandbox would see what an entry of it hides,
// beside the entry's own target: the home directory is a link, a directory is mounted twice.
type OtherNames struct {
	Covered []string // each gets an entry like that one
	Shown   []string // a mount that shows a part of it, or what cannot be covered
}

// Hides reports whether an entry is there to hide what it covers.
func Hides(m config.MountEntry) bool {
	return (m.Type == config.MountMasked || m.Type == config.MountTmpfs) && m.Key != OverlayKey
}

// withNames returns the profile with entries for the other names of what it hides.
func (h *Host) withNames(p *config.Profile) *config.Profile {
	var entries []config.MountEntry
	for _, m := range p.Mounts {
		if !Hides(m) {
			continue
		}
		for _, name := range h.Names[m.Target].Covered {
			m.Target, m.Optional = name, true
			entries = append(entries, m)
		}
	}
	return p.WithEntries(entries)
}

// Whole returns the profile with all entries that follow from what it says and from this host.
func (h *Host) Whole(p *config.Profile) *config.Profile {
	return h.expand(h.withService(h.withPins(h.withKept(h.withNames(h.WithMatches(p))))))
}

// findNames finds the other names of what the profile hides in the tree of the sandbox.
func (h *Host) findNames(p *config.Profile, t *tree.Tree) error {
	if !slices.ContainsFunc(p.Mounts, Hides) {
		return nil
	}
	n := newNamer(t)
	// In an empty root nothing has a second name but by a link, or in what is bound and masked.
	masks := slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return m.Type == config.MountMasked })
	if p.Root.Mode != config.RootTmpfs || masks {
		var err error
		if n.mounts, err = h.mountTable(); err != nil {
			return err
		}
	}
	for _, m := range p.Mounts {
		if !Hides(m) {
			continue
		}
		var names OtherNames
		for _, place := range n.places(p, m.Target, h.Real(m.Target)) {
			n.add(&names, place, m.Type)
		}
		if names.Covered != nil || names.Shown != nil {
			if h.Names == nil {
				h.Names = map[string]OtherNames{}
			}
			h.Names[m.Target] = names
		}
	}
	return nil
}

// namer finds names of the host's files in a sandbox's tree.
type namer struct {
	*tree.Tree
	outer  *tree.Tree // the host's
	mounts []mountprop.Mount
	shown  []shownDir
}

// newNamer returns one that knows no mounts yet.
func newNamer(t *tree.Tree) *namer {
	n := &namer{Tree: t, outer: &tree.Tree{Layers: map[string]tree.Layer{"/": {At: "/", Base: []string{"/"}}}}}
	n.findShown()
	return n
}

// mountTable returns the mounts of the caller, read once.
func (h *Host) mountTable() ([]mountprop.Mount, error) {
	if h.table == nil {
		var err error
		if h.table, err = mountprop.Self(); err != nil {
			return nil, err
		}
	}
	return h.table, nil
}

// shownDir is a directory of the host that a layer shows.
type shownDir struct {
	dir string // without symbolic links
	tree.Layer
}

// findShown lists what of the host the layers show.
func (n *namer) findShown() {
	for _, l := range n.Layers {
		for _, base := range l.Base {
			if dir, ok := n.onHost(base); ok {
				n.shown = append(n.shown, shownDir{dir, l})
			}
		}
	}
	slices.SortFunc(n.shown, func(a, b shownDir) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.dir, b.dir)) })
}

// onHost returns a path of the host's without symbolic links, if it is there.
func (n *namer) onHost(p string) (string, bool) {
	f := n.outer.Resolve(p, true)
	return cmp.Or(f.Resolved, p), f.Err == 0
}

// places returns where the host has what is at a target, whose links inside lead to real: as
// the host itself would find it, and as the layer that the target lies in shows it.
func (n *namer) places(p *config.Profile, target, real string) []string {
	var all []string
	add := func(at string) {
		if place, ok := n.onHost(at); ok && place != "/" && !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	if p.Root.Mode == config.RootPath {
		root := &tree.Tree{Layers: map[string]tree.Layer{"/": {At: "/", Base: []string{p.Root.Path}}}}
		if f := root.Resolve(target, true); f.Err == 0 {
			add(path.Join(p.Root.Path, cmp.Or(f.Resolved, target)))
		}
	} else {
		add(target)
	}
	l := n.Of(real)
	for _, base := range l.Base {
		add(path.Join(base, l.Relative(real)))
	}
	return all
}

// add adds the names that the sandbox has for a file of the host's. Of what a
// name leads to that has an entry of its own that entry says what is seen.
func (n *namer) add(names *OtherNames, place string, kind config.MountType) {
	aliases, parts := n.aliases(place)
	dir := kind == config.MountTmpfs
	if dir {
		parts = nil // it is for what is made there more than to keep a secret
	}
	for _, at := range append(aliases, place) {
		for _, s := range n.shown {
			if !tree.Below(at, s.dir) || n.hiddenMount(s, at) {
				continue
			}
			name := path.Join(s.At, strings.TrimPrefix(at, s.dir))
			if _, own := n.Layers[name]; own || n.Of(name).At != s.At || tree.Below(name, "/proc") || slices.Contains(names.Covered, name) {
				continue
			}
			switch f := n.Resolve(name, true); {
			case f.Err == unix.ENOENT || f.Err == 0 && f.Resolved != "" || f.Err == 0 && dir && !f.Dir:
			case f.Err != 0:
				names.Shown = append(names.Shown, name)
			default:
				names.Covered = append(names.Covered, name)
			}
		}
	}
	for _, at := range parts {
		for _, s := range n.shown {
			name := path.Join(s.At, strings.TrimPrefix(at, s.dir))
			if _, own := n.Layers[name]; tree.Below(at, s.dir) && !own && n.Of(name).At == s.At && !n.hiddenMount(s, at) {
				names.Shown = append(names.Shown, name)
			}
		}
	}
	slices.Sort(names.Covered)
	slices.Sort(names.Shown)
}

// hiddenMount reports whether a layer does not show a path since it is on a mount below what the layer shows.
func (n *namer) hiddenMount(s shownDir, at string) bool {
	e := s.Entry
	if e == nil || e.Type == config.MountBind && e.Recursive {
		return false
	}
	m, ok := n.mountOf(at)
	return ok && m.Target != s.dir && tree.Below(m.Target, s.dir)
}

// mountOf returns the mount that a path of the host lies on.
func (n *namer) mountOf(at string) (found mountprop.Mount, ok bool) {
	for _, m := range n.mounts {
		// Of two on one place the later one is on top.
		if tree.Below(at, m.Target) && (!ok || len(m.Target) >= len(found.Target)) {
			found, ok = m, true
		}
	}
	return found, ok
}

// aliases returns where else the host has mounted what a path has, and the mounts that show a part of it.
func (n *namer) aliases(at string) (same, parts []string) {
	here, ok := n.mountOf(at)
	if !ok {
		return nil, nil
	}
	inside := path.Join(here.Root, strings.TrimPrefix(at, here.Target))
	if here.Target == "/" {
		inside = path.Join(here.Root, at)
	}
	for _, m := range n.mounts {
		if m.Major != here.Major || m.Minor != here.Minor {
			continue
		}
		switch {
		case tree.Below(inside, m.Root):
			other := path.Join(m.Target, strings.TrimPrefix(inside, m.Root))
			if top, _ := n.mountOf(other); other != at && top.ID == m.ID {
				same = append(same, other)
			}
		case tree.Below(m.Root, inside) && !tree.Below(m.Target, at):
			if top, _ := n.mountOf(m.Target); top.ID == m.ID {
				parts = append(parts, m.Target)
			}
		}
	}
	return same, parts
}

package host

import (
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// readonly is the entry that makes what a writable layer shows at rel read-only.
func (k *keeper) readonly(s shownDir, name, rel string) config.MountEntry {
	e := config.MountEntry{Key: "root", Type: config.MountBind}
	source := s.dir
	if s.Entry != nil {
		e, source = *s.Entry, s.Entry.Source
		if Receives(e.Propagation) {
			e.Propagation = "" // what is read-only receives nothing
		}
	} else {
		k.h.partOfRoot(name)
	}
	k.h.keeps(name)
	e.Target, e.Source, e.Readonly, e.Recursive, e.Optional = name, path.Join(source, rel), true, true, false
	return e
}

// findOver notes the entries that make read-only what is writable in the layer that they lie in, and returns those over a bind.
func (h *Host) findOver(p *config.Profile, t *tree.Tree) (binds []config.MountEntry) {
	for _, m := range p.Mounts {
		l := t.Of(h.Real(m.Target))
		if !h.protects(p, l, m) {
			continue
		}
		h.keeps(m.Target)
		if l.Writable() {
			binds = append(binds, m)
		}
	}
	return binds
}

// keeps notes that an entry makes its target read-only in vain if the command can move or take away mounts.
func (h *Host) keeps(target string) {
	if h.Over == nil {
		h.Over = map[string]bool{}
	}
	h.Over[target] = true
}

// keepViews makes what an entry protects read-only under its other names, too: a second bind may show the same directory.
func (k *keeper) keepViews(over []config.MountEntry) {
	for _, m := range over {
		place, ok := k.onHost(m.Source)
		if !ok {
			continue
		}
		for _, e := range k.names(place) {
			if !slices.ContainsFunc(k.h.Kept, func(o config.MountEntry) bool { return o.Target == e.Target }) {
				e.Key = m.Key
				k.h.Kept = append(k.h.Kept, e)
			}
		}
	}
}

// protects reports whether an entry makes a file read-only that is writable in the layer that it lies in.
func (h *Host) protects(p *config.Profile, l tree.Layer, m config.MountEntry) bool {
	if m.Type != config.MountBind || !m.Readonly || h.LeftOut(m) || len(l.Base) == 0 || !l.WritableIn(p) {
		return false
	}
	below := h.walk(path.Join(l.Base[0], l.Relative(h.Real(m.Target))))
	f := h.Files[m.Source]
	return f.Err == 0 && below.Err == 0 && f.Dev == below.Dev && f.Ino == below.Ino
}

package launcher

import (
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
)

// readonly is the entry that makes what a writable layer shows at rel read-only.
func (k *keeper) readonly(s shownDir, name, rel string) config.MountEntry {
	e := config.MountEntry{Key: "root", Type: config.MountBind}
	source := s.dir
	if s.Entry != nil {
		e, source = *s.Entry, s.Entry.Source
		if receives(e.Propagation) {
			e.Propagation = "" // what is read-only receives nothing
		}
	} else {
		if k.h.RootPins == nil {
			k.h.RootPins = map[string]bool{}
		}
		k.h.RootPins[name] = true
	}
	e.Target, e.Source, e.Readonly, e.Recursive, e.Optional = name, path.Join(source, rel), true, true, false
	return e
}

// overWritable lists the entries that make a part of a writable bind read-only.
func (k *keeper) overWritable(p *config.Profile) []config.MountEntry {
	return slices.DeleteFunc(slices.Clone(p.Mounts), func(m config.MountEntry) bool { return !k.h.protects(k.of(k.h.real(m.Target)), m, false) })
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

// protects reports whether an entry makes read-only what is writable in the layer that it lies in; root says whether the root is.
func (h *Host) protects(l layer, m config.MountEntry, root bool) bool {
	if m.Type != config.MountBind || !m.Readonly || h.leftOut(m) || len(l.Base) == 0 || !l.writable() && !(root && l.At == "/" && l.Entry == nil) {
		return false
	}
	below := h.walk(path.Join(l.Base[0], l.relative(h.real(m.Target))))
	f := h.Files[m.Source]
	return f.Err == 0 && below.Err == 0 && f.Dev == below.Dev && f.Ino == below.Ino
}

// noteUndone notes that the command can take away what hides or protects something.
func (c *compiler) noteUndone() {
	why, cure := c.changesMounts()
	if why == "" {
		return
	}
	var targets []string
	for _, m := range c.p.Mounts {
		masks := m.Type == config.MountMasked && !c.h.leftOut(m)
		if masks || c.h.protects(c.lies[m.Target], m, writableRoot(c.p)) {
			targets = append(targets, m.Target)
		}
	}
	if len(targets) > 0 {
		c.notef("process.capabilities", "the command can take away what hides or protects %s: %s (%s)", few(targets), why, cure)
	}
}

// changesMounts says why the command can change the mounts of the sandbox, and what to do about it; "" where it cannot.
func (c *compiler) changesMounts() (why, cure string) {
	pr := c.p.Process
	switch id := c.commandID(); {
	case !c.isNew(config.Mount):
	case slices.Contains(pr.Capabilities.List, "SYS_ADMIN"):
		return "it has CAP_SYS_ADMIN", "leave SYS_ADMIN out of process.capabilities"
	case pr.Capabilities.Mode == config.CapabilitiesKeep && (id <= 0 || c.keepsOthers()):
		return "it keeps CAP_SYS_ADMIN", `process.capabilities = "none"`
	}
	return "", ""
}

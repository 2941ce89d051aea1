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
	return slices.DeleteFunc(slices.Clone(p.Mounts), func(m config.MountEntry) bool { return !k.h.protects(k.of(k.h.real(m.Target)), m) })
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

// protects reports whether an entry makes a file read-only that is writable in the layer that it lies in, which is no root.
func (h *Host) protects(l layer, m config.MountEntry) bool {
	if m.Type != config.MountBind || !m.Readonly || h.leftOut(m) || len(l.Base) == 0 || !l.writable() {
		return false
	}
	below := h.walk(path.Join(l.Base[0], l.relative(h.real(m.Target))))
	f := h.Files[m.Source]
	return f.Err == 0 && below.Err == 0 && f.Dev == below.Dev && f.Ino == below.Ino
}

// noteUndone notes that the command can take away what hides or protects something, or move something out of it.
func (c *compiler) noteUndone() {
	why, cure := c.changesMounts()
	var taken, moved []string
	for _, m := range c.p.Mounts {
		masks := m.Type == config.MountMasked && !c.h.leftOut(m)
		l := c.lies[m.Target]
		protects := c.protects(l, m)
		if masks || protects {
			taken = append(taken, m.Target)
		}
		if protects || masks && (l.writable() || l.At == "/" && l.Entry == nil && writableRoot(c.p)) {
			moved = append(moved, m.Target)
		}
	}
	switch {
	case why != "":
		if len(taken) > 0 {
			c.notef("process.capabilities", "the command can take away what hides or protects %s: %s (%s)", few(taken), why, cure)
		}
	case len(moved) > 0 && c.isNew(config.Mount) && !slices.Contains(c.p.Restrict.Forbidden(), config.User):
		cure := c.say("restrict.namespaces", []string{})
		if !c.isNew(config.User) {
			cure += ", with " + c.say(key(config.User), "new")
		}
		c.notef("restrict.namespaces", "the command can move %s out of what hides or protects it, in a user namespace that it makes (%s)", few(moved), cure)
	}
}

// protects reports whether an entry makes read-only what the layer that it lies in shows at the same place, writable.
func (c *compiler) protects(l layer, m config.MountEntry) bool {
	if m.Type != config.MountBind || !m.Readonly || c.h.leftOut(m) || len(l.Base) == 0 {
		return false
	}
	if !l.writable() && (l.At != "/" || l.Entry != nil || !writableRoot(c.p)) {
		return false
	}
	base := c.h.Files[l.Base[0]].real(l.Base[0])
	return path.Join(base, l.relative(c.h.real(m.Target))) == c.h.Files[m.Source].real(m.Source)
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

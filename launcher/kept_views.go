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
		k.h.partOfRoot(name)
	}
	k.h.keeps(name)
	e.Target, e.Source, e.Readonly, e.Recursive, e.Optional = name, path.Join(source, rel), true, true, false
	return e
}

// findOver notes the entries that make read-only what is writable in the layer that they lie in, and returns those over a bind.
func (h *Host) findOver(p *config.Profile, t *tree) (binds []config.MountEntry) {
	for _, m := range p.Mounts {
		l := t.of(h.real(m.Target))
		if !h.protects(p, l, m) {
			continue
		}
		h.keeps(m.Target)
		if l.writable() {
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
func (h *Host) protects(p *config.Profile, l layer, m config.MountEntry) bool {
	if m.Type != config.MountBind || !m.Readonly || h.leftOut(m) || len(l.Base) == 0 || !l.writableIn(p) {
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
		protects := c.h.Over[m.Target]
		if masks || protects {
			taken = append(taken, m.Target)
		}
		if protects || masks && c.lies[m.Target].writableIn(c.p) {
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

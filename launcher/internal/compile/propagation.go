package compile

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/mountprop"
)

// ownPropagation is what each mount of ours gets when it is made: the
// declared kind, if that stays as it is when the mount is attached.
func (c *compiler) ownPropagation() mountprop.Propagation {
	switch c.p.Propagation {
	case mountprop.Shared, mountprop.SlaveShared:
		return mountprop.Slave
	}
	return c.p.Propagation
}

// bindPropagation is what a bind gets that says nothing of it. What the host mounts later and a slave receives has the
// host's attributes, none of the bind's. So what is read-only receives nothing: it would be writable.
func (c *compiler) bindPropagation(m config.MountEntry) mountprop.Propagation {
	own := c.ownPropagation()
	if m.Readonly && own == mountprop.Slave {
		return mountprop.Private
	}
	return own
}

// noteReceives notes that what is read-only receives mounts that are not, as an entry says.
func (c *compiler) noteReceives(m config.MountEntry) {
	if m.Readonly && host.Receives(m.Propagation) {
		c.notef(m.Key+".propagation", "mounts that the host makes later below %s appear in %s with the host's options, so they may be writable (propagation = \"private\")", quote.Word(m.Source), quote.Word(m.Target))
	}
}

// noteRootReceives is noteReceives for the root.
func (c *compiler) noteRootReceives() {
	if r := c.p.Root; r.Readonly && r.Mode != config.RootTmpfs && r.Overlay.Mode == config.OverlayNone && host.Receives(c.p.Propagation) {
		c.notef("propagation", "mounts that the host makes later appear in the read-only root with the host's options, so they may be writable (propagation = \"private\")")
	}
}

// newPropagation is what a mount gets that has nothing to do with the host's: its own kind,
// private as it is anyway, or unbindable with all the rest. Shared kinds
// come when all is in its place.
func (c *compiler) newPropagation(own mountprop.Propagation) mountprop.Propagation {
	if c.p.Propagation == mountprop.Unbindable && (own == "" || own == mountprop.Private) {
		return mountprop.Unbindable
	}
	return own
}

// finalPropagation sets the kinds that only hold once all is in its place.
func (c *compiler) finalPropagation(peers bool) {
	shared := !peers && (c.p.Propagation == mountprop.Shared || c.p.Propagation == mountprop.SlaveShared)
	if shared {
		c.add(c.stage, "propagation", step.SetPropagation{Target: "/", Propagation: mountprop.Shared, Recursive: true})
	}
	if c.p.Propagation == mountprop.Unbindable && c.p.Proc.Mode != config.ProcHost {
		// Of itself it is bound while it is protected.
		c.add(c.stage, "propagation", step.SetPropagation{Target: "/proc", Propagation: mountprop.Unbindable, Recursive: true})
	}
	for _, m := range c.p.Mounts {
		again := m.Propagation != "" && m.Propagation != mountprop.Shared
		if again && (shared || m.Propagation == mountprop.SlaveShared) && !c.h.LeftOut(m) {
			c.add(c.stage, m.Key, step.SetMountPropagation{Target: m.Target, Propagation: m.Propagation})
		}
	}
}

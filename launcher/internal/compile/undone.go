package compile

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// noteUndone notes that the command can unmount what hides or protects something, or move something out of it.
func (c *compiler) noteUndone() {
	why, cure := c.changesMounts()
	var taken, moved []string
	for _, m := range c.p.Mounts {
		masks := m.Type == config.MountMasked && !c.h.LeftOut(m)
		protects := c.h.Over[m.Target]
		if masks || protects {
			taken = append(taken, m.Target)
		}
		if protects || masks && c.lies[m.Target].WritableIn(c.p) {
			moved = append(moved, m.Target)
		}
	}
	switch {
	case why != "":
		if len(taken) > 0 {
			c.notef("process.capabilities", "the command can unmount what hides or protects %s: %s (%s)", plan.Few(taken), why, cure)
		}
	case len(moved) > 0 && c.isNew(config.Mount) && !slices.Contains(c.p.Restrict.Forbidden(), config.User):
		cure := c.say("restrict.namespaces", []string{})
		if !c.isNew(config.User) {
			cure += ", with " + c.say(plan.Key(config.User), "new")
		}
		c.notef("restrict.namespaces", "the command can move %s away from what hides or protects it, in a user namespace that it creates (%s)", plan.Few(moved), cure)
	}
}

// changesMounts says why the command can change the mounts of the sandbox, and what to do about it; "" where it cannot.
func (c *compiler) changesMounts() (why, cure string) {
	pr := c.p.Process
	switch id := c.commandID(); {
	case !c.isNew(config.Mount):
	case slices.Contains(pr.Capabilities.List, "SYS_ADMIN"):
		return "it has CAP_SYS_ADMIN", "remove SYS_ADMIN from process.capabilities"
	case pr.Capabilities.Mode == config.CapabilitiesKeep && (id <= 0 || c.keepsOthers()):
		return "it keeps CAP_SYS_ADMIN", `process.capabilities = "none"`
	}
	return "", ""
}

// noteNames notes other names under which hidden files are still visible.
func (c *compiler) noteNames() {
	for _, m := range c.p.Mounts {
		if names := c.h.Names[m.Target].Shown; host.Hides(m) && names != nil {
			c.notef(m.Key, "part of what %s hides is still visible at %s (hide it there, too)", m.Target, plan.Few(names))
		}
	}
}

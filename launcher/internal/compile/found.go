package compile

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// What the probe has found. Nothing else of the machine may be asked for here: a path that was not looked at would read as a file
// that is there and has number 0, and the plan would fail when it runs.

// found is a file of the host. No path is no file.
func (c *compiler) found(path string) tree.File {
	f, ok := c.h.Files[path]
	c.probed(ok || path == "", path)
	return f
}

// foundAt is what is at a mount point inside.
func (c *compiler) foundAt(target string) tree.File {
	f, ok := c.h.Targets[target]
	c.probed(ok, target+" inside")
	return f
}

// copied is the text of a file that is copied into the sandbox.
func (c *compiler) copied(path string) string {
	text, ok := c.h.Contents[path]
	c.probed(ok, "what is in "+path)
	return text
}

// joining is the namespace of a kind that is joined.
func (c *compiler) joining(k config.NamespaceKind) host.NamespaceFile {
	f, ok := c.h.Joins[k]
	c.probed(ok, plan.Key(k))
	return f
}

// probed notes what was not looked at.
func (c *compiler) probed(ok bool, what string) {
	if !ok && !slices.Contains(c.missed, what) {
		c.missed = append(c.missed, what)
	}
}

// failed returns what is wrong up to here: a fault of the probe, or what this host has against the profile.
func (c *compiler) failed() error {
	switch {
	case len(c.missed) > 0: // what else is wrong may come of it
		return &host.NotProbedError{What: c.missed}
	case len(c.errs) > 0:
		return c.sorted()
	}
	return nil
}

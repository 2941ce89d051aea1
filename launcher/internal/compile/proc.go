package compile

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// touchesProc reports whether something is mounted on /proc or below it.
func (c *compiler) touchesProc() bool {
	pr := c.p.Proc
	return pr.Mode != config.ProcHost || len(pr.ReadonlyPaths)+len(pr.MaskedPaths) > 0
}

func (c *compiler) proc() {
	pr := c.p.Proc
	if c.touchesProc() && c.p.Propagation == mountprop.Shared && !tree.ChangesTree(c.p) {
		// "/" stays in its peer group; what is mounted on /proc must not
		// reach the others.
		c.add(c.stage, "proc", step.SetPropagation{Target: "/proc", Propagation: mountprop.Private, Recursive: false})
	}
	var at step.MountPoint
	if tree.ChangesTree(c.p) && pr.Mode != config.ProcHost {
		at = c.ownPoint("proc", "/proc")
	}
	switch pr.Mode {
	case config.ProcHost:
		if tree.BindsProc(c.p) {
			f := c.source("proc", "/proc")
			c.add(c.stage, "proc", step.BindMount{Source: "/proc", File: f, At: c.ownPoint("proc", "/proc"),
				Attributes: tree.Attributes{Set: step.MountAttrAPI}, Recursive: true, Propagation: c.ownPropagation()})
		}
	case config.ProcNew:
		var options []string
		if pr.Hidepid != "" {
			options = append(options, "hidepid="+string(pr.Hidepid))
		}
		if pr.Subset != "" {
			options = append(options, "subset="+pr.Subset)
		}
		only := c.covered && pr.Subset == "pid"
		c.add(c.stage, "proc", step.MountProc{Options: options, Fallback: pr.Fallback, At: at, Only: only})
	case config.ProcNone:
		c.add(c.stage, "proc", step.CoverProc{At: at})
	}
	if !entryProc(c.p) {
		c.coverSettings()
	}
	for i, path := range pr.ReadonlyPaths {
		c.protect(fmt.Sprintf("proc.readonly_paths[%d]", i), step.Protect{Path: path})
	}
	for i, path := range pr.MaskedPaths {
		c.protect(fmt.Sprintf("proc.masked_paths[%d]", i), step.Protect{Path: path, Mask: true})
	}
}

func (c *compiler) protect(key string, a step.Protect) {
	f := c.found(a.Path)
	if f.Err != 0 {
		c.errorf(key, "%s: %q", tree.ErrnoWords(f.Err), a.Path)
		return
	}
	if f.Symlink {
		c.errorf(key, "%q is a symbolic link, and what it points to would stay as it is", a.Path)
		return
	}
	a.Dir, a.Own = f.Dir, tree.ChangesTree(c.p)
	switch {
	case a.Own && a.Mask:
		a.Propagation = c.newPropagation(mountprop.Private)
	case a.Own:
		a.Propagation = c.ownPropagation()
	}
	a.FromHost = a.Own && c.p.Propagation == mountprop.Unbindable && c.p.Proc.Mode == config.ProcHost
	if a.Mask && !a.Dir {
		null := c.found("/dev/null")
		if null.CharDevice != [2]uint32{1, 3} {
			c.errorf(key, "/dev/null, which masks a file, is not the null device (1:3)")
			return
		}
		a.Dev, a.Null = null.Dev, null.Ino
	}
	c.add(c.stage, key, a)
}

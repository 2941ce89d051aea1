package compile

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// kernelMounts lists the mounts of the kernel's file systems that the sandbox sees, by their path
// inside, parents first. Of those that are read-only, proc is there, whose files
// show more than settings, and the device of the log.
func (c *compiler) kernelMounts() []host.KernelMount {
	k := kernelTree{h: c.h, look: c.found}
	r := c.p.Root
	switch {
	case r.Overlay.Mode != config.OverlayNone, r.Mode == config.RootTmpfs:
	case r.Mode == config.RootPath:
		k.bind(r.Path, "/", bound{recursive: true, readonly: r.Readonly})
	default:
		k.bind("/", "/", bound{recursive: true, readonly: r.Readonly})
	}
	switch {
	case tree.BindsProc(c.p):
		k.bind("/proc", "/proc", bound{recursive: true})
		k.hideOne("/proc")
		k.mounts = append(k.mounts, host.KernelMount{Path: "/proc", Type: "proc"})
	case c.p.Proc.Mode != config.ProcHost:
		k.hide("/proc")
	}
	switch {
	case c.p.Dev.Mode == config.DevMinimal:
		k.hide("/dev")
	case tree.BindsDev(c.p):
		k.bind("/dev", "/dev", bound{recursive: true, readonly: r.Readonly && c.p.Dev.Mode == ""})
	}
	switch {
	case c.p.Sys == config.SysNew, c.p.Sys == config.SysNone:
		k.hide("/sys")
	case tree.BindsSys(c.p):
		k.bind("/sys", "/sys", bound{recursive: true})
	}
	for _, m := range c.p.Mounts {
		at := c.h.Real(m.Target)
		switch {
		case c.h.LeftOut(m) || !host.IsMount(m):
		case m.Type == config.MountBind:
			k.bind(m.Source, at, bound{m.Recursive, m.Readonly, m.Propagation == mountprop.Shared})
		case m.Type == config.MountProc:
			k.hide(at)
			// Where a link leads there, its parts are not covered, so it becomes read-only whole.
			k.mounts = append(k.mounts, host.KernelMount{Path: at, Type: "proc", Whole: at != m.Target})
		default:
			k.hide(at)
		}
	}
	slices.SortStableFunc(k.mounts, func(a, b host.KernelMount) int { return strings.Compare(a.Path, b.Path) })
	return k.mounts
}

// kernelTree is the sandbox's tree as far as it is built: its mounts of the kernel's file systems.
type kernelTree struct {
	h      *host.Host
	look   func(path string) tree.File
	mounts []host.KernelMount
}

// hide takes away what a mount covers.
func (k *kernelTree) hide(at string) {
	k.mounts = slices.DeleteFunc(k.mounts, func(m host.KernelMount) bool { return tree.Below(m.Path, at) })
}

// hideOne takes away one mount.
func (k *kernelTree) hideOne(at string) {
	k.mounts = slices.DeleteFunc(k.mounts, func(m host.KernelMount) bool { return m.Path == at })
}

// bound is how a tree of the host is bound.
type bound struct{ recursive, readonly, shared bool }

// bind adds the mounts in a tree of the host. What the source itself lies in is known from its
// device: no name and no link hides that.
func (k *kernelTree) bind(source, at string, b bound) {
	k.hide(at)
	f := k.look(source)
	source = f.Real(source)
	for _, m := range k.h.Settings.Mounts {
		m.Readonly, m.Shared = m.Readonly || b.readonly, b.shared
		switch {
		case m.Path == source && m.Type == "log":
			continue // the profile names it
		case m.Path == source:
			m.Path = at
		case (b.recursive || m.Type == "log" && source == path.Dir(m.Path)) && tree.Below(m.Path, source):
			m.Path = path.Join(at, strings.TrimPrefix(strings.TrimPrefix(m.Path, source), "/"))
		default:
			continue
		}
		if !m.Readonly || m.Type == "proc" || m.Type == "log" {
			k.mounts = append(k.mounts, m)
		}
	}
	if k.h.Settings.Devices[f.Dev] && !b.readonly && !slices.ContainsFunc(k.mounts, func(m host.KernelMount) bool { return m.Path == at }) {
		k.mounts = append(k.mounts, host.KernelMount{Path: at, Type: "bind"})
	}
}

package launcher

import (
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
)

// kernelMounts lists the mounts of the kernel's file systems that the sandbox sees and could
// write to, by their path inside, parents first.
func (c *compiler) kernelMounts() []KernelMount {
	k := kernelTree{h: c.h}
	r := c.p.Root
	switch {
	case r.Overlay.Mode != config.OverlayNone, r.Mode == config.RootTmpfs:
	case r.Mode == config.RootPath:
		k.bind(r.Path, "/", true, r.Readonly)
	default:
		k.bind("/", "/", true, r.Readonly)
	}
	switch {
	case bindsProc(c.p):
		k.bind("/proc", "/proc", true, false)
		k.hideOne("/proc")
		k.mounts = append(k.mounts, KernelMount{"/proc", "proc"})
	case c.p.Proc.Mode != config.ProcHost:
		k.hide("/proc")
	}
	switch {
	case c.p.Dev.Mode == config.DevMinimal:
		k.hide("/dev")
	case bindsDev(c.p):
		k.bind("/dev", "/dev", true, r.Readonly && c.p.Dev.Mode == "")
	}
	switch {
	case c.p.Sys == config.SysNew, c.p.Sys == config.SysNone:
		k.hide("/sys")
	case bindsSys(c.p):
		k.bind("/sys", "/sys", true, false)
	}
	for _, m := range c.p.Mounts {
		at := c.h.real(m.Target)
		switch {
		case c.h.leftOut(m) || !mounts(m):
		case m.Type == config.MountBind:
			k.bind(m.Source, at, m.Recursive, m.Readonly)
		case m.Type == config.MountProc:
			k.hide(at)
			kind := "proc"
			if at != m.Target {
				kind = "another" // its parts are not covered, so it becomes read-only whole
			}
			k.mounts = append(k.mounts, KernelMount{at, kind})
		default:
			k.hide(at)
		}
	}
	slices.SortStableFunc(k.mounts, func(a, b KernelMount) int { return strings.Compare(a.Path, b.Path) })
	return k.mounts
}

// kernelTree is the sandbox's tree as far as it is built: its mounts of the kernel's file systems.
type kernelTree struct {
	h      *Host
	mounts []KernelMount
}

// hide takes away what a mount covers.
func (k *kernelTree) hide(at string) {
	k.mounts = slices.DeleteFunc(k.mounts, func(m KernelMount) bool { return below(m.Path, at) })
}

// hideOne takes away one mount.
func (k *kernelTree) hideOne(at string) {
	k.mounts = slices.DeleteFunc(k.mounts, func(m KernelMount) bool { return m.Path == at })
}

// bind adds what a tree of the host brings along. What the source itself lies in is told by its
// device: no name and no link hides that.
func (k *kernelTree) bind(source, at string, recursive, readonly bool) {
	k.hide(at)
	if readonly {
		return
	}
	f := k.h.Files[source]
	if k.h.Settings.Devices[f.Dev] {
		k.mounts = append(k.mounts, KernelMount{at, "bind"})
	}
	source = f.real(source)
	for _, m := range k.h.Settings.Mounts {
		if m.Path != source && recursive && below(m.Path, source) {
			rel := strings.TrimPrefix(strings.TrimPrefix(m.Path, source), "/")
			k.mounts = append(k.mounts, KernelMount{path.Join(at, rel), m.Type})
		}
	}
}

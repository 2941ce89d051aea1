package launcher

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// rootAttributes are those of the root and of all that is mounted in it: nosuid and
// nodev, as those of a bind mount, unless root.options says else. A tree that stays in the
// host's peer group keeps what it has. In a new user namespace nobody can make a device
// node, see mknod(2), so there the host's tree may keep its /dev.
func rootAttributes(p *config.Profile) attributes {
	a := noDevices()
	switch {
	case !showsHost(p):
	case p.Propagation == mountprop.Shared:
		a = attributes{}
	case p.Namespaces.New(config.User) && p.Dev.Mode != config.DevMinimal:
		a.Set &^= unix.MOUNT_ATTR_NODEV
	}
	return a.withOptions(p.Root.Options)
}

// partAttributes are those of a mount of the host that is shown beside an overlay of its tree.
func partAttributes(p *config.Profile, target string) attributes {
	a := rootAttributes(p)
	if below(target, "/dev") {
		a.Set &^= unix.MOUNT_ATTR_NODEV
	}
	return a
}

// bindsProc reports whether the host's /proc is mounted in a root of the sandbox's own. A
// profile without the section has there what the root has.
func bindsProc(p *config.Profile) bool {
	return p.Proc.Mode == config.ProcHost && mountsOwn(p) && !p.Origin("proc").Pos.IsZero()
}

// bindsDev reports whether the host's /dev is mounted in a root of the sandbox's own. In the
// host's tree that is so, too, where the root is nodev: its devices have to work.
func bindsDev(p *config.Profile) bool {
	switch {
	case p.Dev.Mode == config.DevMinimal:
		return false
	case p.Dev.Mode == config.DevHost && mountsOwn(p):
		return true
	}
	return showsHost(p) && changesTree(p) && rootAttributes(p).Set&unix.MOUNT_ATTR_NODEV != 0
}

// bindsSys reports whether the host's /sys is mounted in a root of the sandbox's own.
func bindsSys(p *config.Profile) bool {
	return p.Sys == config.SysHost && mountsOwn(p)
}

// mountsOwn reports whether what proc, dev and sys say differs from what the root has there:
// it is not the host's tree, or it is read-only.
func mountsOwn(p *config.Profile) bool { return !showsHost(p) || p.Root.Readonly }

// rootDevices notes devices of a root directory that do not open.
func (c *compiler) rootDevices() {
	r := c.p.Root
	if r.Mode != config.RootPath || c.p.Dev.Mode != "" || rootAttributes(c.p).Set&unix.MOUNT_ATTR_NODEV == 0 {
		return
	}
	if c.h.Files[r.Path+"/dev/null"].Type == unix.S_IFCHR {
		c.notef("root", "the root is nodev, so the devices in its /dev do not open (write dev = \"minimal\", or root.options = [\"dev\"])")
	}
}

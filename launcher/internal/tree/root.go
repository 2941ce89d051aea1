package tree

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// RootAttributes are those of the root and of all that is mounted in it: nosuid and
// nodev, as those of a bind mount, unless root.options says else. A tree that stays in the
// host's peer group keeps what it has. In a new user namespace nobody can make a device
// node, see mknod(2), so there the host's tree may keep its /dev.
func RootAttributes(p *config.Profile) Attributes {
	a := NoDevices()
	switch {
	case !ShowsHost(p):
	case p.Propagation == mountprop.Shared:
		a = Attributes{}
	case p.Namespaces.New(config.User) && p.Dev.Mode != config.DevMinimal:
		a.Set &^= unix.MOUNT_ATTR_NODEV
	}
	return a.WithOptions(p.Root.Options)
}

// BindsProc reports whether the host's /proc is mounted in a root of the sandbox's own. A
// profile without the section has there what the root has.
func BindsProc(p *config.Profile) bool {
	return p.Proc.Mode == config.ProcHost && mountsOwn(p) && !p.Origin("proc").Pos.IsZero()
}

// BindsDev reports whether the host's /dev is mounted in a root of the sandbox's own. In the
// host's tree that is so, too, where the root is nodev: its devices have to work.
func BindsDev(p *config.Profile) bool {
	switch {
	case p.Dev.Mode == config.DevMinimal:
		return false
	case p.Dev.Mode == config.DevHost && mountsOwn(p):
		return true
	}
	return ShowsHost(p) && ChangesTree(p) && RootAttributes(p).Set&unix.MOUNT_ATTR_NODEV != 0
}

// BindsSys reports whether the host's /sys is mounted in a root of the sandbox's own.
func BindsSys(p *config.Profile) bool {
	return p.Sys == config.SysHost && mountsOwn(p)
}

// mountsOwn reports whether what proc, dev and sys say differs from what the root has there:
// it is not the host's tree, or it is read-only.
func mountsOwn(p *config.Profile) bool { return !ShowsHost(p) || p.Root.Readonly }

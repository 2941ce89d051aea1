package compile

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

func (c *compiler) dev() {
	if c.p.Dev.Mode == config.DevMinimal {
		c.minimalDev()
		return
	}
	if !tree.BindsDev(c.p) {
		return
	}
	key, a := "dev", tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID}
	if c.p.Dev.Mode == "" {
		// It is a part of the root, except for nodev.
		if c.found("/dev").Err != 0 || c.h.Real("/dev") != "/dev" {
			return
		}
		if key = "root"; c.p.Root.Readonly {
			a.Set |= unix.MOUNT_ATTR_RDONLY
		}
	}
	c.add(c.stage, key, step.BindMount{Source: "/dev", File: c.source(key, "/dev"), At: c.ownPoint(key, "/dev"),
		Attributes: a, Recursive: true, Propagation: c.ownPropagation()})
}

func (c *compiler) minimalDev() {
	inside := func(name string, dir bool) step.MountPoint {
		return step.MountPoint{Path: "/dev/" + name, Dir: dir, At: "/dev", Make: []string{name}}
	}
	quiet := tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC}
	// What may be mapped or executed: JITs map /dev/zero, test runners execute files in /dev/shm.
	// A device opens for writing on a read-only mount, too. But root, who owns it, can change its mode on another, and so that of the host's.
	device, shm := quiet, tree.Attributes{Set: step.MountAttrAPI}
	device.Set |= unix.MOUNT_ATTR_RDONLY
	if c.p.Dev.Exec {
		device.Set &^= unix.MOUNT_ATTR_NOEXEC
		shm.Set &^= unix.MOUNT_ATTR_NOEXEC
	}
	c.add(c.stage, "dev", step.MountFS{Type: "tmpfs", Options: []string{"mode=0755"}, At: c.ownPoint("dev", "/dev"), Attributes: tree.Attributes{Set: step.MountAttrAPI}, Propagation: c.newPropagation("")})
	for _, name := range tree.DeviceNames() {
		f := c.source("dev", "/dev/"+name)
		c.add(c.stage, "dev", step.BindMount{Source: "/dev/" + name, File: f, At: inside(name, false), Attributes: device, Propagation: c.ownPropagation()})
	}
	if c.p.Process.Terminal == config.TerminalPTY {
		c.add(c.stage, "dev", step.BindConsole{At: inside("console", false), Attributes: quiet, Propagation: c.ownPropagation()})
	}
	if c.h.Console != "" {
		c.add(c.stage, "dev", step.BindMount{Source: c.h.Console, File: c.found(c.h.Console), At: inside("console", false), Attributes: tree.Attributes{Set: quiet.Set | unix.MOUNT_ATTR_RDONLY}, Propagation: c.ownPropagation()})
	}
	for _, link := range tree.DeviceLinks() {
		c.add(c.stage, "dev", step.MakeSymlink{To: link[1], At: inside(link[0], false)})
	}
	c.add(c.stage, "dev", step.MountFS{Type: "devpts", Options: c.devptsOptions(), At: inside("pts", true), Attributes: quiet, Propagation: c.newPropagation("")})
	c.add(c.stage, "dev", step.MountFS{Type: "tmpfs", Options: []string{"mode=1777"}, At: inside("shm", true), Attributes: shm, Propagation: c.newPropagation("")})
}

// devptsOptions are those of an instance of its own. Group 5 is tty by
// convention, where there is one: the caller's user namespace may not have it either.
func (c *compiler) devptsOptions() []string {
	options := []string{"ptmxmode=0666", "mode=0620"}
	ids := c.h.GIDMap
	if c.isNew(config.User) {
		ids = c.ids.gid
	}
	if host.Covers(ids, 5, 1) {
		options = append(options, "gid=5")
	}
	return options
}

func (c *compiler) sys() {
	at := func() step.MountPoint { return c.ownPoint("sys", "/sys") }
	switch c.p.Sys {
	case config.SysNew:
		c.add(c.stage, "sys", step.MountFS{Type: "sysfs", Options: nil, At: at(), Attributes: tree.Attributes{Set: step.MountAttrAPI | unix.MOUNT_ATTR_RDONLY}, Propagation: c.newPropagation("")})
	case config.SysHost:
		if tree.BindsSys(c.p) {
			f := c.source("sys", "/sys")
			c.add(c.stage, "sys", step.BindMount{Source: "/sys", File: f, At: at(), Attributes: tree.Attributes{Set: step.MountAttrAPI}, Recursive: true, Propagation: c.ownPropagation()})
		}
	case config.SysNone:
		c.add(c.stage, "sys", step.MaskMount{At: at(), Propagation: c.newPropagation(mountprop.Private)})
	}
}

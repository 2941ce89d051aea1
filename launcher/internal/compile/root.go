package compile

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// partAttributes are those of a mount of the host that is shown beside an overlay of its tree.
func partAttributes(p *config.Profile, target string) tree.Attributes {
	a := tree.RootAttributes(p)
	if tree.Below(target, "/dev") {
		a.Set &^= unix.MOUNT_ATTR_NODEV
	}
	return a
}

// rootDevices notes devices of a root directory that do not open.
func (c *compiler) rootDevices() {
	r := c.p.Root
	if r.Mode != config.RootPath || c.p.Dev.Mode != "" || tree.RootAttributes(c.p).Set&unix.MOUNT_ATTR_NODEV == 0 {
		return
	}
	if c.found(r.Path+"/dev/null").Type == unix.S_IFCHR {
		c.notef("root", "the root is nodev, so the devices in its /dev do not open (write dev = \"minimal\", or root.options = [\"dev\"])")
	}
}

package compile

import (
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// build: the file system. The root first, the kernel's own file systems next,
// then the profile's entries, parents before children, and last what would have been in the
// way: read-only, the pivot, propagation.
func (c *compiler) build() {
	c.coverMountPoints()
	c.layOut()
	c.hidden()
	c.hiddenMounts()
	c.noteNames()
	c.noteRootReceives()
	c.noteUndone()
	c.unkept()
	shared := tree.ShowsHost(c.p) && c.p.Propagation == mountprop.Shared
	var private []string
	var dir string
	if shared {
		if private, dir = c.privateTargets(); len(private) == 0 {
			c.inPlace()
			return
		}
		c.add(c.stage, "root", step.CloneEarly{Source: "/", Target: "/", File: c.source("root.path", "/"), Recursive: true, Peers: true})
	}
	for _, m := range c.p.Mounts {
		if m.Type == config.MountBind && m.Propagation == mountprop.Shared && !c.h.LeftOut(m) {
			c.add(c.stage, m.Key, step.CloneEarly{Source: m.Source, Target: m.Target, File: c.source(m.Key, m.Source), Recursive: m.Recursive, Peers: true})
		}
	}
	// What is built must not be seen outside, whatever the root's own type will be.
	if c.h.Root.Chrooted {
		c.add(c.stage, "root", step.SlaveFromAbove{})
	} else {
		c.add(c.stage, "root", step.SetPropagation{Target: "/", Propagation: mountprop.Slave, Recursive: true})
	}
	c.add(c.stage, "", step.ClearUmask{})
	c.countEarly()
	leave := step.Pivot{Scratch: c.needsScratch(), Host: c.h.Root}
	c.cloneHost(leave.Scratch && !shared)
	if leave.Scratch {
		c.canMake("mounts")
		c.add(c.stage, "mounts", step.MakeScratch{})
	}
	c.root(private)
	c.rootDevices()
	c.proc()
	c.dev()
	c.sys()
	c.globs()
	c.entries()
	if entryProc(c.p) {
		c.coverSettings()
	}
	c.sealKernel()
	if c.p.Root.Readonly && (c.p.Root.Mode == config.RootTmpfs || c.p.Root.Overlay.Mode != config.OverlayNone) {
		c.add(c.stage, "root.readonly", step.SealRoot{Parts: c.overlayParts()})
	}
	if shared {
		if leave.Over = dir; dir == "" {
			c.errorf("propagation", "\"shared\" is not possible if the only mount points are files (use \"slave+shared\")")
		}
	}
	if leave.Host.Bottom {
		c.notef("root", "the root of this machine is its initramfs, which cannot be unmounted, so a command that keeps CAP_SYS_ADMIN can reach it (process.capabilities)")
	}
	if key, text := c.p.LeftForOthers(); key != "" {
		c.notef(key, "left out: %s", text)
	}
	c.add(c.stage, "root", leave)
	c.finalPropagation(shared)
	c.sortNotes()
}

// inPlace does without a root of its own: nothing is mounted.
func (c *compiler) inPlace() {
	c.globs()
	c.entries()
	if c.p.Root.Readonly {
		c.add(c.stage, "root.readonly", step.SealHost{})
	}
	if a := tree.RootAttributes(c.p); a != (tree.Attributes{}) {
		c.add(c.stage, "root.options", step.ChangeHost{Attributes: a})
	}
}

// layOut finds the layer that each mount point lies in when it is mounted on.
func (c *compiler) layOut() {
	t := tree.New(c.p)
	c.lies = make(map[string]tree.Layer, 3+len(c.p.Mounts))
	for _, own := range []string{"/proc", "/dev", "/sys"} {
		c.lies[own] = t.Of(c.h.Real(own))
	}
	t.AddOwn(c.p)
	for i := range c.p.Mounts {
		m := &c.p.Mounts[i]
		c.lies[m.Target] = t.Of(c.h.Real(m.Target))
		c.h.AddTo(t, m)
	}
}

// cloneHost clones the host's "/" for those that bind it, and for the root
// if that is not made first, before something of ours is mounted over it.
func (c *compiler) cloneHost(root bool) {
	if root && tree.ShowsHost(c.p) {
		c.add(c.stage, "root", step.CloneEarly{Source: "/", Target: "/", File: c.source("root.path", "/"), Recursive: true, Peers: false})
	}
	for _, m := range c.p.Mounts {
		if m.Propagation != mountprop.Shared && m.IDMap == nil && c.bindsRoot(m) {
			c.add(c.stage, m.Key, step.CloneEarly{Source: m.Source, Target: m.Target, File: c.found(m.Source), Recursive: m.Recursive, Peers: false})
		}
	}
}

// bindsRoot reports whether an entry shows the host's "/".
func (c *compiler) bindsRoot(m config.MountEntry) bool {
	host, f := c.found("/"), c.found(m.Source)
	return m.Type == config.MountBind && f.Dir && f.Dev == host.Dev && f.Ino == host.Ino
}

// mostEarly is how many trees a program can have open at once.
const mostEarly = 48

// countEarly refuses more trees than can be open until they are mounted.
func (c *compiler) countEarly() {
	n := 0
	for _, m := range c.p.Mounts {
		if m.Type == config.MountBind && !c.h.LeftOut(m) && (m.Propagation == mountprop.Shared || m.IDMap != nil || c.bindsRoot(m)) {
			if n++; n > mostEarly {
				c.errorf(m.Key, "at most %d mounts can be shared, have their own ids or show the host's /", mostEarly)
			}
		}
	}
}

// mayCover reports whether a layer may be laid over the root.
func mayCover(p *config.Profile) bool {
	return p.Root.Mode == config.RootPath && p.Root.Readonly && p.Root.Overlay.Mode == config.OverlayNone
}

// coverMountPoints lays a layer over a read-only root whose mount points are
// missing: nothing is ever created on the host's tree. A root with mounts
// below it is left alone, as an overlay does not show them.
func (c *compiler) coverMountPoints() {
	if !mayCover(c.p) || len(c.found(c.p.Root.Path).Mounts) > 0 {
		return
	}
	t := tree.New(c.p)
	missing := func(target string) bool {
		return c.foundAt(target).Err == unix.ENOENT && t.Of(c.h.Real(target)).At == "/"
	}
	cover := false
	for _, own := range ownTargets(c.p) {
		cover = cover || missing(own)
	}
	t.AddOwn(c.p)
	for i := range c.p.Mounts {
		m := &c.p.Mounts[i]
		if !c.h.LeftOut(*m) && missing(m.Target) {
			cover = true
		}
		c.h.AddTo(t, m)
	}
	if cover {
		covered := *c.p
		covered.Root.Overlay.Mode = config.OverlayTmpfs
		c.p = &covered
	}
}

func (c *compiler) needsScratch() bool {
	if c.p.Root.Overlay.Mode == config.OverlayTmpfs || c.p.Sys == config.SysNone {
		return true
	}
	for _, m := range c.p.Mounts {
		switch m.Type {
		case config.MountFile, config.MountPasswd, config.MountGroup, config.MountMasked, host.MountSocket:
			return true
		case config.MountOverlay:
			if m.Dir == "" {
				return true
			}
		}
	}
	return false
}

// root: private are the mount points in a tree of the host that stays shared.
func (c *compiler) root(private []string) {
	r := c.p.Root
	path := r.Path
	if r.Mode == config.RootHost {
		path = "/"
	}
	switch {
	case r.Overlay.Mode != config.OverlayNone:
		dir := ""
		if r.Overlay.Mode == config.OverlayDir {
			dir = r.Overlay.Dir
			c.layerDir("root.overlay.dir", dir, r.Overlay.Create)
		}
		o := c.overlay(func(int) string { return "root.path" }, []string{path}, "root.overlay.dir", config.MountEntry{Dir: dir, Create: r.Overlay.Create})
		c.add(c.stage, "root", step.OverlayRoot{Overlay: o, Attributes: tree.RootAttributes(c.p), Propagation: c.newPropagation("")})
	case r.Mode == config.RootTmpfs:
		c.add(c.stage, "root", step.TmpfsRoot{Owner: c.owner(config.MountEntry{}), Attributes: tree.RootAttributes(c.p), Propagation: c.newPropagation("")})
	default:
		clone := step.CloneRoot{Path: path, File: c.directory("root.path", path), Attributes: tree.RootAttributes(c.p), Propagation: c.ownPropagation()}
		if r.Readonly {
			clone.Attributes.Set |= unix.MOUNT_ATTR_RDONLY
		}
		if private != nil {
			clone.Propagation, clone.Shared = "", private
		}
		c.add(c.stage, "root", clone)
	}
}

// privateTargets are the mount points of the profile in a tree that stays
// shared, and dir is the first that is a directory: on it the old root can be put aside, which the
// kernel refuses on a shared mount.
func (c *compiler) privateTargets() (private []string, dir string) {
	add := func(key, target string) {
		real := c.h.Real(target)
		if c.lies[target].At != "/" {
			return
		}
		if !c.foundAt(target).MountPoint {
			c.errorf(key, "%s is not a mount point here, and \"/\" stays shared, so mounts there would appear outside (use %s)", real, c.say("propagation", "slave+shared"))
		}
		private = append(private, real)
		if dir == "" && c.foundAt(target).Dir {
			dir = real
		}
	}
	for _, own := range ownTargets(c.p) {
		add(own[1:], own)
	}
	for _, m := range c.p.Mounts {
		if host.IsMount(m) && !c.h.LeftOut(m) {
			add(m.Key, m.Target)
		}
	}
	return private, dir
}

// ownTargets lists where proc, dev and sys mount something.
func ownTargets(p *config.Profile) []string {
	var list []string
	if p.Proc.Mode != config.ProcHost || tree.BindsProc(p) {
		list = append(list, "/proc")
	}
	if p.Dev.Mode == config.DevMinimal || tree.BindsDev(p) {
		list = append(list, "/dev")
	}
	if p.Sys == config.SysNew || p.Sys == config.SysNone || tree.BindsSys(p) {
		list = append(list, "/sys")
	}
	return list
}

// overlayParts are the targets of the overlays that the host's tree is made of.
func (c *compiler) overlayParts() []string {
	var parts []string
	for _, m := range c.p.Mounts {
		if m.Key == host.OverlayKey && m.Type == config.MountOverlay {
			parts = append(parts, m.Target)
		}
	}
	return parts
}

// source returns what a path of the host is, which has to be there.
func (c *compiler) source(key, path string) tree.File { return c.sourceOr(key, path, nil) }

// sourceOr is source with a hint for a path that does not exist, which costs time to work out.
func (c *compiler) sourceOr(key, path string, missing func() string) tree.File {
	f := c.found(path)
	if !c.planted(key, path, f.Planted) && f.Err != 0 {
		hint := f.Fuse.Hint()
		if f.Err == unix.ENOENT && missing != nil {
			hint = missing()
		}
		if f.Err == unix.ENOENT && strings.HasSuffix(path, ".git") && !strings.HasSuffix(path, "/.git") {
			hint = " (git init --bare " + quote.Word(path) + " makes a repository there)"
		}
		c.errorf(key, "%s: %q%s", tree.ErrnoWords(f.Err), path, hint)
	}
	return f
}

// directory is source for a directory.
func (c *compiler) directory(key, path string) tree.File {
	f := c.source(key, path)
	if !c.nameless(key, path, f) && f.Err == 0 && !f.Dir {
		c.errorf(key, "%q is not a directory", path)
	}
	return f
}

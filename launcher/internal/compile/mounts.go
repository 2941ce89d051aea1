package compile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// entries appends what the entries of [mounts] ask for.
func (c *compiler) entries() {
	for _, again := range c.again {
		c.add(plan.ByLauncher, again.Entry.Key, step.LeaveOut{Target: again.Entry.Target, Why: "it is " + again.By + " under another name"})
	}
	for _, m := range c.p.Mounts {
		c.entry(m)
	}
}

// entry appends what an entry of [mounts] asks for.
func (c *compiler) entry(m config.MountEntry) {
	if c.h.LeftOut(m) {
		why := "it does not exist"
		if m.Type == config.MountBind {
			why = "there is no " + m.Source
		}
		c.add(plan.ByLauncher, m.Key, step.LeaveOut{Target: m.Target, Why: why})
		switch {
		case m.Type == config.MountMasked:
			c.noteWritable(m, "masked")
		case m.Readonly:
			c.noteWritable(m, "read-only")
		}
		return
	}
	switch m.Type {
	case config.MountBind:
		c.bind(m)
	case config.MountMasked:
		c.mask(m)
	case config.MountTmpfs:
		c.add(c.stage, m.Key, step.MountFS{Type: "tmpfs", Options: append(tmpfsOptions(m), c.owner(m).Options()...), At: c.point(m.Key, m.Target, true), Attributes: tree.NoDevices().WithOptions(m.Options), Propagation: c.newPropagation(m.Propagation)})
	case config.MountOverlay:
		c.overlayEntry(m)
	case config.MountFile:
		c.file(m, c.content(m))
	case config.MountPasswd:
		c.file(m, c.passwd())
	case config.MountGroup:
		c.file(m, c.group())
	case config.MountSymlink:
		c.symlink(m)
	case config.MountDir:
		c.dir(m)
	case host.MountSocket:
		c.socketEntry(m)
	default:
		c.kernelFS(m)
	}
}

// symlink makes a symbolic link; one that is there already and says the same will do.
func (c *compiler) symlink(m config.MountEntry) {
	switch f := c.foundAt(m.Target); {
	case f.Err == 0 && f.Link == m.To:
		c.add(plan.ByLauncher, m.Key, step.LeaveOut{Target: m.Target, Why: "it is a link to " + m.To + " already"})
	case f.Err == 0 && f.Link != "":
		c.errorf(m.Key, "%s exists already, as a link to %q", m.Target, f.Link)
	case f.Err == 0:
		c.errorf(m.Key, "%s exists already, and is not a link", m.Target)
	default:
		c.add(c.stage, m.Key, step.MakeSymlink{To: m.To, Owner: c.given(m), At: c.madePoint(m)})
	}
}

// dir makes a directory, unless there is one.
func (c *compiler) dir(m config.MountEntry) {
	mode := uint32(0o755)
	if m.Mode != nil {
		mode = *m.Mode
	}
	switch f := c.foundAt(m.Target); {
	case f.Err == 0 && f.Dir:
		c.add(plan.ByLauncher, m.Key, step.LeaveOut{Target: m.Target, Why: "it is a directory already"})
	case f.Err == 0:
		c.errorf(m.Key, "%s exists already, and is not a directory", m.Target)
	default:
		c.add(c.stage, m.Key, step.MakeDir{Mode: mode, Owner: c.given(m), At: c.madePoint(m)})
	}
}

// idmapped are the entries whose trees the launcher has to clone.
func (c *compiler) idmapped() []config.MountEntry {
	var list []config.MountEntry
	for _, m := range c.p.Mounts {
		if m.IDMap != nil && !c.h.LeftOut(m) {
			list = append(list, m)
		}
	}
	return list
}

func (c *compiler) bind(m config.MountEntry) {
	f := c.sourceOr(m.Key, m.Source, func() string { return c.mayMiss(m) })
	if f.Err != 0 || c.nameless(m.Key, m.Source, f) {
		return
	}
	if m.IDMap != nil && (!c.h.Has(host.CapSysAdmin) || !c.h.InitialUser()) {
		c.errorOnce(m.Key+".idmap", "mapping the ids of a mount needs CAP_SYS_ADMIN over its file system, which uid %d does not have here (remove it, and map the ids with %s)", c.h.UID, c.say("idmap", "keep"))
	}
	a := tree.NoDevices()
	if m.Key == host.OverlayKey || c.h.RootPins[m.Target] {
		a = partAttributes(c.p, m.Target)
	}
	if m.Readonly {
		a.Set |= unix.MOUNT_ATTR_RDONLY
	}
	propagation := m.Propagation
	if propagation == "" {
		propagation = c.bindPropagation(m)
	}
	c.noteReceives(m)
	c.noteDevice(m, f, a.WithOptions(m.Options))
	c.add(c.stage, m.Key, step.BindMount{Source: m.Source, File: f, At: c.point(m.Key, m.Target, f.Dir),
		Attributes: a.WithOptions(m.Options), Recursive: m.Recursive, Propagation: propagation})
}

// mayMiss returns a hint at how an entry may be missing; "" for one that may be already, or that the profile does not name.
func (c *compiler) mayMiss(m config.MountEntry) string {
	source, target, named := strings.Cut(m.Source, ":/")
	switch {
	case m.Optional, m.Key == host.CredentialsKey: // a service manager gives the second one's directory
		return ""
	case named && m.Source == m.Target: // as other programs write it
		how := "rw"
		if m.Readonly {
			how = "ro"
		}
		return " (write " + c.say("mounts."+strconv.Quote("/"+target), map[string]any{how: source}) + ")"
	case strings.Contains(m.Source, "/$"): // as in a shell
		return " (variables are written as ${user} and ${env:NAME})"
	case strings.HasSuffix(m.Key, "]"): // an element of a list
		return " (a \"-\" in front makes it optional)"
	}
	return " (" + c.say(m.Key+".optional", true) + " lets it be missing)"
}

// mask covers what is there; what is not there needs no mask, but the
// profile has to say so.
func (c *compiler) mask(m config.MountEntry) {
	f := c.foundAt(m.Target)
	if f.Err != 0 {
		cure := ""
		if f.Err == unix.ENOENT {
			cure = c.mayMiss(m)
		}
		c.errorf(m.Key, "nothing to mask: %s: %q%s", tree.ErrnoWords(f.Err), m.Target, cure)
		return
	}
	null := c.found("/dev/null")
	if !f.Dir && null.CharDevice != [2]uint32{1, 3} {
		c.errorf(m.Key, "/dev/null, which masks a file, is not the null device (1:3)")
	}
	c.add(c.stage, m.Key, step.MaskMount{At: c.point(m.Key, m.Target, f.Dir), Null: null, Propagation: c.newPropagation(mountprop.Private)})
}

// tmpfsOptions are those of tmpfs(5). A directory that is for all is so by its name.
func tmpfsOptions(m config.MountEntry) []string {
	mode := uint32(0o755)
	switch m.Target {
	case "/tmp", "/var/tmp", "/dev/shm":
		mode = 0o1777
	}
	if m.Mode != nil {
		mode = *m.Mode
	}
	options := []string{fmt.Sprintf("mode=%04o", mode)}
	if m.Size > 0 {
		options = append(options, fmt.Sprintf("size=%d", m.Size))
	}
	return options
}

func (c *compiler) overlayEntry(m config.MountEntry) {
	key := func(i int) string { return fmt.Sprintf("%s.lower[%d]", m.Key, i) }
	if m.Dir != "" {
		c.layerDir(m.Key+".dir", m.Dir, m.Create)
	}
	a := tree.NoDevices().WithOptions(m.Options)
	if m.Key == host.OverlayKey {
		a = partAttributes(c.p, m.Target)
	}
	c.add(c.stage, m.Key, step.MountOverlay{Overlay: c.overlay(key, m.Lower, m.Key+".dir", m), At: c.point(m.Key, m.Target, true), Attributes: a, Propagation: c.newPropagation(m.Propagation)})
}

func (c *compiler) content(m config.MountEntry) string {
	if m.Content != nil {
		return *m.Content
	}
	switch f := c.source(m.Key+".source", m.Source); {
	case f.Err != 0:
	case f.Type != unix.S_IFREG:
		c.errorf(m.Key+".source", "%q is not a regular file", m.Source)
	case f.Size > tree.MostContent:
		c.errorf(m.Key+".source", "%q has %d bytes, and at most %d are copied (bind it: ro = %q)", m.Source, f.Size, tree.MostContent, m.Source)
	default:
		return c.copied(m.Source)
	}
	return ""
}

func (c *compiler) file(m config.MountEntry, content string) {
	mode := uint32(0o644)
	if m.Mode != nil {
		mode = *m.Mode
	}
	a := tree.NoDevices()
	if m.Readonly {
		a.Set |= unix.MOUNT_ATTR_RDONLY
	}
	c.add(c.stage, m.Key, step.MountFile{Content: content, Mode: mode, Owner: c.given(m), At: c.point(m.Key, m.Target, false), Attributes: a, Propagation: c.newPropagation("")})
}

// kernelFS mounts a file system that shows a namespace.
func (c *compiler) kernelFS(m config.MountEntry) {
	a := tree.Attributes{Set: step.MountAttrAPI}
	var options []string
	switch m.Type {
	case config.MountDevpts:
		a.Set = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
		options = c.devptsOptions()
		if m.Mode != nil {
			options[1] = fmt.Sprintf("mode=%04o", *m.Mode)
		}
	case config.MountSysfs, config.MountCgroup2:
		a.Set |= unix.MOUNT_ATTR_RDONLY
	}
	c.add(c.stage, m.Key, step.MountFS{Type: string(m.Type), Options: options, At: c.point(m.Key, m.Target, true), Attributes: a.WithOptions(m.Options), Propagation: c.newPropagation(m.Propagation)})
}

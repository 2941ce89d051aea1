package compile

import (
	"fmt"
	"path"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// The kernel's settings, restrict.kernel.
//
// Behind files of proc, sysfs, control groups and their like are settings of the whole machine. For most, the kernel
// asks for no capability: the root of the initial user namespace may write, and a process with CAP_DAC_OVERRIDE
// over that id. A command without any capability is that, if it runs as uid 0 without a user namespace, or as
// the id that uid 0 is mapped to.
//
// So the settings are made read-only in every mount that the sandbox's tree shows. On /proc those of its parts are covered that have
// settings: a process needs to write to its own files there. All others become read-only whole. That holds only as long as
// no process inside can change mounts: without CAP_SYS_ADMIN over the mount namespace, and without a way to it:
//
//   - execve gives uid 0 what the bounding set has, unless no_new_privs is set; so do set-user-ID programs;
//   - in the host's user namespace, other capabilities lead past mounts, see leads;
//   - a directory that is open already lies in a mount namespace without covers;
//   - a working directory below what is covered is taken anew;
//   - in a user namespace that the command makes itself, mounts of the sandbox are locked as they are, and the kernel makes no
//     new proc or sysfs where there is one with covers. It makes a cgroup2 there: the command's own control group can be written to.
//
// What the command cannot have at all needs no covers: the id of the host's root is not mapped, or the command is another, without
// capabilities and without set-user-ID programs.

// restrictKernel decides whether settings are covered.
func (c *compiler) restrictKernel() {
	if !host.MayCoverSettings(c.p) || !c.hostRoot() {
		return
	}
	const at = "restrict.kernel"
	why, cure := c.uncovered()
	past, without := c.pastCovers()
	switch {
	case why == "" && past != "" && c.p.Restrict.Kernel == nil:
		// It keeps out what does not know the way.
		c.covered = true
		c.notef(at, "the command can change kernel settings, such as those below /proc/sys, like root on the host: %s (%s)", past, without)
	case why == "" && past != "":
		c.errorf(at, "the command could undo this: %s (%s)", past, without)
	case why == "" && c.p.Restrict.Kernel == nil && c.p.Scope.Delegate:
		c.notef("scope.delegate", "the command can change kernel settings like root on the host, because scope.delegate lets it write to control groups (restrict.kernel = true prevents both)")
	case why == "":
		c.covered = true
	case c.p.Restrict.Kernel != nil:
		c.errorf(at, "the command could undo this: %s (%s)", why, cure)
	default:
		c.notef(at, "the command can change kernel settings, such as those below /proc/sys, like root on the host: %s (%s)", why, cure)
	}
}

// hostRoot reports whether the command is the root of the initial user namespace, or can become it or act for it.
func (c *compiler) hostRoot() bool {
	if c.h.Settings.Root == nil {
		return false
	}
	root := *c.h.Settings.Root
	if c.isNew(config.User) {
		inside, mapped := insideID(c.ids.uid, root)
		if !mapped {
			return false
		}
		root = inside
	}
	pr := c.p.Process
	uid := c.commandID()
	switch {
	case uid < 0, uint32(uid) == root, !pr.NoNewPrivs:
		return true
	case pr.Capabilities.Mode == config.CapabilitiesKeep:
		return uid == 0 || c.keepsOthers() // which may be ambient
	}
	return host.CapabilitySet(pr.Capabilities.List) != 0
}

// keepsOthers reports whether the caller has capabilities over the host's user namespace without being its root. They
// outlive the execve if they are ambient.
func (c *compiler) keepsOthers() bool { return !c.isNew(config.User) && c.h.UID != 0 && c.h.Caps != 0 }

// commandID is the uid of the command inside; -1 where it is not known.
func (c *compiler) commandID() int64 {
	uid := c.ids.uidDefault
	if c.p.Process.UID != nil {
		uid = int64(*c.p.Process.UID)
	}
	return c.commandUID(uid)
}

// uncovered says why covers would not hold, and what to do about it; "" where they hold.
func (c *compiler) uncovered() (why, cure string) {
	pr := c.p.Process
	const none = `process.capabilities = "none"`
	switch {
	case pr.Capabilities.Mode == config.CapabilitiesKeep && (c.commandID() <= 0 || !pr.NoNewPrivs || c.keepsOthers()):
		return "it keeps CAP_SYS_ADMIN", none
	case slices.Contains(pr.Capabilities.List, "SYS_ADMIN"):
		return "it has CAP_SYS_ADMIN", "remove SYS_ADMIN from process.capabilities"
	}
	if fds := c.h.Settings.Directories; len(fds) > 0 {
		return fmt.Sprintf("its descriptor %d is a directory outside the sandbox", fds[0]), "close it, or redirect it"
	}
	if c.p.Propagation == mountprop.Shared && c.p.Root.Mode == config.RootHost {
		return "mounts would appear outside, because propagation is \"shared\"", "use \"slave+shared\""
	}
	return "", ""
}

// coverSettings covers the settings in /proc, where there is a proc that can be written to.
func (c *compiler) coverSettings() {
	pr := c.p.Proc
	if !c.covered || pr.Mode == config.ProcNone {
		return
	}
	processes := pr.Subset == "pid"
	if processes {
		c.notef("restrict.kernel", "a sandbox inside this one cannot mount a new /proc, because kernel settings would be writable there (restrict.kernel = false allows it, and makes them writable)")
	}
	fromHost := pr.Mode == config.ProcHost && !entryProc(c.p)
	switch {
	case processes && pr.Fallback != config.ProcHost:
		return // there are no settings in it
	case fromHost && !slices.ContainsFunc(c.kernelMounts(), isProc), !c.nullMasks():
		return
	}
	a := step.CoverProcSettings{Own: tree.ChangesTree(c.p), Recursive: fromHost || pr.Fallback == config.ProcHost, Null: c.found("/dev/null")}
	a.Unsure = processes || pr.Fallback == config.ProcNone || !c.h.Settings.Whole
	if a.Own {
		a.Propagation = c.newPropagation(mountprop.Private)
	}
	a.FromHost = a.Own && c.p.Propagation == mountprop.Unbindable && fromHost
	a.Unbindable = a.Own && c.p.Propagation == mountprop.Unbindable && pr.Fallback == config.ProcHost
	there := func(names []string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return !a.Unsure && !slices.Contains(c.h.Settings.Settings, n) })
	}
	a.Readonly, a.Masked = there(host.ReadonlySettings()), there(host.MaskedSettings())
	c.add(c.stage, "restrict.kernel", a)
	if !processes {
		c.notef("restrict.kernel", "kernel settings are read-only, so a sandbox inside this one cannot mount a new /proc (restrict.kernel = false allows it, and makes them writable)")
	}
}

// nullMasks reports whether the host's null device can mask files.
func (c *compiler) nullMasks() bool {
	if c.found("/dev/null").CharDevice == [2]uint32{1, 3} {
		return true
	}
	c.errorf("restrict.kernel", "/dev/null, which masks a file, is not the null device (1:3)")
	return false
}

// sealKernel makes the kernel's other file systems read-only, now that all is in its place, and masks what shows its
// memory, addresses and log.
func (c *compiler) sealKernel() {
	if !c.covered {
		return
	}
	own := tree.ChangesTree(c.p)
	var sealed, masked []string
	for _, m := range c.kernelMounts() {
		if isProc(m) {
			continue // see coverSettings
		}
		if !m.Readonly {
			sealed = append(sealed, m.Path)
		}
		switch {
		case m.Type != "proc" && m.Type != "log":
		case m.Shared:
			c.notef("restrict.kernel", "kernel information in %s is not masked: its propagation is \"shared\", so the mask would appear outside", quote.Word(m.Path))
		case m.Type == "log":
			masked = append(masked, m.Path)
		default:
			for _, name := range host.MaskedSettings() {
				masked = append(masked, path.Join(m.Path, name))
			}
		}
	}
	if len(sealed) > 0 {
		c.add(c.stage, "restrict.kernel", step.SealMounts{Paths: sealed, Own: own})
	}
	if len(masked) > 0 && c.nullMasks() {
		c.add(c.stage, "restrict.kernel", step.MaskFiles{Paths: masked, Null: c.found("/dev/null"), Own: own})
	}
}

// isProc reports whether a mount is that on /proc, of which only parts are covered.
func isProc(m host.KernelMount) bool {
	return m.Path == "/proc" && m.Type == "proc" && !m.Readonly && !m.Whole
}

// entryProc reports whether an entry of [mounts] says what is on /proc.
func entryProc(p *config.Profile) bool {
	return slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return m.Target == "/proc" && m.Type == config.MountProc })
}

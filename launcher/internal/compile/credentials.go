package compile

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// privileges refuses what this caller cannot do, before anything is done.
func (c *compiler) privileges() {
	ownUser := !c.isNew(config.User) && !c.isJoined(config.User)
	if ownUser && len(c.fresh) > 0 && !c.h.Has(host.CapSysAdmin) {
		need := "needs"
		if len(c.fresh) > 1 {
			need = "need"
		}
		c.errorf(plan.Key(c.fresh[0]), "%s %s CAP_SYS_ADMIN, which uid %d does not have here (add a user namespace: %s)",
			step.NewKinds(c.fresh), need, c.h.UID, c.say(plan.Key(config.User), "new"))
	}
	if c.p.Proc.Mode == config.ProcNew && !c.isNew(config.PID) && !c.isJoined(config.PID) && !c.h.Has(host.CapSysAdmin) {
		c.errorf("proc", "a new proc of the host's pid namespace needs CAP_SYS_ADMIN, which uid %d does not have here (add %s)", c.h.UID, c.say(plan.Key(config.PID), "new"))
	}
	c.sharedProc()
	pr := c.p.Process
	if ownUser {
		if pr.UID != nil && *pr.UID != c.h.UID && !c.h.Has(host.CapSetuid) {
			c.errorf("process.uid", "uid %d needs CAP_SETUID, which uid %d does not have here", *pr.UID, c.h.UID)
		}
		if pr.GID != nil && *pr.GID != c.h.GID && !c.h.Has(host.CapSetgid) {
			c.errorf("process.gid", "gid %d needs CAP_SETGID, which uid %d does not have here", *pr.GID, c.h.UID)
		}
		if pr.Groups != nil && !c.h.Has(host.CapSetgid) {
			c.errorf("process.groups", "groups need CAP_SETGID, which uid %d does not have here", c.h.UID)
		}
		if pr.Groups != nil && c.h.Has(host.CapSetgid) && c.h.SetgroupsDenied {
			c.errorf("process.groups", "setgroups is denied in the caller's user namespace")
		}
		if want := host.CapabilitySet(pr.Capabilities.List); want&^c.h.Caps != 0 {
			c.errorf("process.capabilities", "the caller itself does not have %s", step.CapabilityWords(want&^c.h.Caps))
		}
		if pr.Capabilities.Mode != config.CapabilitiesKeep && !c.h.Has(host.CapSetpcap) && !pr.NoNewPrivs {
			c.errorf("process.capabilities", "limiting the bounding set needs CAP_SETPCAP, which uid %d does not have here (set no_new_privs = true)", c.h.UID)
		}
	}
	for _, r := range c.p.Limits.Rlimits {
		if c.raises(r) && !c.h.Has(host.CapSysRes) {
			c.errorf("limits.rlimits."+r.Name, "the hard limit is %s, and raising it needs CAP_SYS_RESOURCE, which uid %d does not have here (%s)",
				step.LimitWord(c.h.Rlimits[r.Name].Hard), c.h.UID, step.HigherLimit(r))
		}
	}
}

// sharedProc refuses mounts below a "/" that stays shared where they would be
// seen outside.
func (c *compiler) sharedProc() {
	if c.p.Propagation == mountprop.Shared && c.touchesProc() && !c.found("/proc").MountPoint {
		c.errorf("propagation", "\"shared\" would show the change to /proc outside, because /proc is not a mount point here (use \"slave+shared\")")
	}
}

// credentials: the bounding set while that is still allowed, then groups, gid,
// uid, then capabilities.
func (c *compiler) credentials() {
	pr := c.p.Process
	inUser := c.isNew(config.User) || c.isJoined(config.User)
	set := host.CapabilitySet(pr.Capabilities.List)
	exact := pr.Capabilities.Mode != config.CapabilitiesKeep
	if exact && (inUser || c.h.Has(host.CapSetpcap)) {
		c.add(plan.ByCommand, "process.capabilities", step.DropBounding{Keep: set, LastCap: c.h.LastCap})
	}
	uid, gid := c.ids.uidDefault, c.ids.gidDefault
	if pr.UID != nil {
		uid = int64(*pr.UID)
	}
	if pr.GID != nil {
		gid = int64(*pr.GID)
	}
	canSet := !c.ids.deny && !c.h.SetgroupsDenied && (c.ids.gid != nil || c.isJoined(config.User) || c.h.Has(host.CapSetgid) && !inUser)
	switch {
	case pr.Groups != nil:
		c.add(plan.ByCommand, "process.groups", step.SetGroups{Groups: pr.Groups})
	case canSet && (c.ids.gid != nil || !inUser && (pr.UID != nil || pr.GID != nil)):
		// The caller's groups mean nothing, or too much, to another user.
		c.add(plan.ByCommand, "process.groups", step.SetGroups{})
	}
	if uid >= 0 || gid >= 0 {
		origin := "process.uid"
		if pr.UID == nil && pr.GID == nil {
			origin = "idmap"
		} else if pr.UID == nil {
			origin = "process.gid"
		}
		c.add(plan.ByCommand, origin, step.BecomeUser{UID: uid, GID: gid, KeepCaps: set != 0})
	}
	if exact {
		c.add(plan.ByCommand, "process.capabilities", step.SetCapabilities{Set: set, Ambient: set != 0 && c.commandUID(uid) != 0})
	}
}

// dropsGroups reports whether supplementary groups are dropped before a user namespace that is there already is
// entered. Those of a privileged caller may open what nobody in there can.
func (c *compiler) dropsGroups() bool {
	return c.isJoined(config.User) && c.h.Has(host.CapSetgid) && !c.h.SetgroupsDenied
}

// dropsAtStart reports whether they are dropped before the stage is in a new user namespace, in which they could not be.
func (c *compiler) dropsAtStart() bool {
	return c.isNew(config.User) && len(c.joins) == 0 && c.h.Has(host.CapSetgid) && !c.h.SetgroupsDenied && c.ids.deny
}

// commandUID is who the command is inside, given what it is changed to; -1 in
// a joined user namespace, which need not have a root.
func (c *compiler) commandUID(changed int64) int64 {
	switch {
	case changed >= 0:
		return changed
	case c.isJoined(config.User):
		return -1
	}
	return int64(c.h.UID)
}

// joinUser is the flag that joins a namespace together with the user namespace of its process, if --join gave it; from is what did.
func joinUser(n config.Namespace, k config.NamespaceKind, from string) string {
	switch {
	case from != "--join":
	case n.Mode == config.NamespaceSandbox:
		return fmt.Sprintf(": --join user,%s=%s", k, n.Sandbox)
	case n.Mode == config.NamespacePID:
		return fmt.Sprintf(": --join user,%s=pid:%d", k, n.PID)
	}
	return ""
}

// checkJoin refuses what cannot be entered.
func (c *compiler) checkJoin(k config.NamespaceKind) {
	f, n := c.joining(k), c.p.Namespaces[k]
	at := plan.Key(k)
	switch {
	case c.planted(at, f.Path, f.Planted):
	case n.Mode == config.NamespaceSandbox && n.PID == 0:
		c.errorf(at, "the process of the sandbox %q was not looked up", n.Sandbox)
	case n.Mode == config.NamespaceSandbox && f.Ino != n.Inode && (f.Err == 0 || f.Err == unix.ENOENT):
		c.errorf(at, "the sandbox %q has ended, or its command has left the %s namespace that it was started in", n.Sandbox, k)
	case f.Err != 0 && n.OfProcess():
		c.errorf(at, "%s%s", host.JoinPIDWords(n.PID, k, f), host.MayOpenHint(f.Err))
	case f.Err != 0:
		c.errorf(at, "%s: %q%s", tree.ErrnoWords(f.Err), f.Path, host.MayOpenHint(f.Err))
	case f.Kind == "":
		c.errorf(at, "%q is not a namespace (use /proc/PID/ns/%s, or a file that a namespace is mounted on)", f.Path, host.ProcName(k))
	case f.Kind != k:
		c.errorf(at, "%q is a %s namespace, not a %s namespace", f.Path, f.Kind, k)
	case k == config.User && f.Ino == c.h.OwnNamespaces[k]:
		c.errorf(at, "%q is the caller's own user namespace (write \"host\")", f.Path)
	case k != config.User && !c.h.Has(host.CapSysAdmin) && (!c.isJoined(config.User) || f.Owner == c.h.OwnNamespaces[config.User]):
		hint := " (run nslaunch as root)"
		if f.Owner != c.h.OwnNamespaces[config.User] {
			hint = " (join the user namespace that owns it, too" + joinUser(n, k, c.p.Origin(at).Pos.File) + ")"
		}
		c.errorf(at, "joining a namespace needs CAP_SYS_ADMIN, which uid %d does not have here%s", c.h.UID, hint)
	}
}

package diagnose

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// writeMap is about a map that the launcher writes itself, or a helper that could not be started.
func (f *Failure) writeMap(a step.WriteMap) plan.Advice {
	switch {
	case a.Helper != "" && (f.Errno == unix.ENOENT || f.Errno == unix.EACCES):
		return plan.Advice{Cause: a.Helper + " existed when the plan was made, but cannot be executed now",
			Cure: plan.Try("install it (Debian: apt install uidmap)")}
	case f.Errno == unix.EPERM && !f.Plan.Host.Has(host.CapSetuid):
		if d := f.appArmor(); d.Some() {
			return d
		}
		return plan.Advice{Cause: fmt.Sprintf("most likely uid %d may not map these ids", f.Plan.Host.UID),
			Cure: plan.Try("%s, which maps the caller alone", plan.Set("idmap", "keep"))}
	}
	return plan.Advice{}
}

// helper is about what newuidmap(1) or newgidmap(1) refused. They need the
// privilege to write any map, which an ordinary user does not pass on to them.
func (f *Failure) helper(e *step.HelperError) plan.Advice {
	name := filepath.Base(e.Helper)
	if lacks := f.machine.unprivileged(e.Helper); lacks.Some() && !f.Plan.Host.Has(host.CapSetuid) {
		return lacks
	}
	if strings.Contains(e.Output, "different user") {
		return plan.Advice{Cause: fmt.Sprintf("%s needs the group that /etc/passwd gives the user, but nslaunch runs with gid %d", name, f.Plan.Host.GID),
			Cure: plan.Try("start nslaunch with the user's own group (newgrp without a name), or map the caller alone: %s", plan.Set("idmap", "keep"))}
	}
	if strings.Contains(e.Output, "not allowed") {
		file := f.Plan.Host.SubUID.File
		if name == "newgidmap" {
			file = f.Plan.Host.SubGID.File
		}
		return plan.Advice{Cause: fmt.Sprintf("%s does not find these ids granted to the user; nslaunch found them in %s", name, file),
			Cure: plan.Try("grep subid /etc/nsswitch.conf: with an entry there, another source than the file counts")}
	}
	return plan.Advice{}
}

// unprivileged explains why a helper runs without privilege.
func (m machine) unprivileged(helper string) plan.Advice {
	name := filepath.Base(helper)
	capability := "cap_setuid"
	if name == "newgidmap" {
		capability = "cap_setgid"
	}
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Stat(m.root+helper, &st) != nil || unix.Statfs(m.root+helper, &fs) != nil {
		return plan.Advice{}
	}
	size, err := unix.Getxattr(m.root+helper, "security.capability", nil)
	switch {
	case st.Mode&unix.S_ISUID == 0 && (err != nil || size == 0):
		return plan.Advice{Cause: helper + " has no privilege: neither the set-user-id bit nor file capabilities",
			Cure: plan.Try("as root: chmod u+s %s, or setcap %s+ep %s", helper, capability, helper)}
	case st.Mode&unix.S_ISUID != 0 && st.Uid != 0:
		return plan.Advice{Cause: fmt.Sprintf("%s is set-user-id, and its owner is uid %d, not root", helper, st.Uid),
			Cure: plan.Try("as root: chown root " + helper + " and chmod u+s " + helper)}
	case fs.Flags&unix.ST_NOSUID != 0:
		return plan.Advice{Cause: helper + " has no privilege: its file system is mounted nosuid",
			Cure: plan.Try("mount it without nosuid, or map the caller alone: %s", plan.Set("idmap", "keep"))}
	case m.noNewPrivs():
		return plan.Advice{Cause: "nslaunch runs with no_new_privs, so " + name + " cannot use its privilege",
			Cure: plan.Try("start nslaunch without it, or map the caller alone: %s", plan.Set("idmap", "keep"))}
	}
	return plan.Advice{}
}

// ids is about taking up ids in a user namespace.
func (f *Failure) ids(uid, gid int64) plan.Advice {
	if f.Errno != unix.EINVAL {
		return plan.Advice{}
	}
	word, id, key := "uid", uid, "process.uid"
	if f.Call == "setresgid" {
		word, id, key = "gid", gid, "process.gid"
	}
	d := plan.Advice{Cause: fmt.Sprintf("%s %d is not mapped in the user namespace", word, id),
		Cure: plan.Try("map it, or set " + key + " to one that is")}
	if f.joined(config.User) {
		d.Cause, d.Cure = fmt.Sprintf("%s %d is not mapped in the user namespace that was joined", word, id), plan.Try("set "+key+" to one that is")
	}
	return d
}

// groups is about setgroups(2).
func (f *Failure) groups(a step.SetGroups) plan.Advice {
	switch f.Errno {
	case unix.EINVAL:
		return plan.Advice{Cause: "one of these groups is not mapped in the user namespace", Cure: plan.Try("map it, or leave it out of process.groups")}
	case unix.EPERM:
		if f.joined(config.User) {
			return plan.Advice{Cause: "most likely setgroups is denied in the user namespace that was joined", Cure: plan.Try("leave out process.groups")}
		}
	}
	return plan.Advice{}
}

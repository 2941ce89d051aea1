package launcher

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// writeMap is about a map that the launcher writes itself, or a helper that could not be started.
func (f *failure) writeMap(a writeMap) Advice {
	switch {
	case a.Helper != "" && (f.errno == unix.ENOENT || f.errno == unix.EACCES):
		return Advice{Cause: a.Helper + " was there when the plan was made, and cannot be executed now",
			Cure: try("install it (Debian: apt install uidmap)")}
	case f.errno == unix.EPERM && !f.plan.host.Has(host.CapSetuid):
		if d := f.appArmor(); d.some() {
			return d
		}
		return Advice{Cause: fmt.Sprintf("most likely uid %d may not map these ids", f.plan.host.UID),
			Cure: try("%s, which maps the caller alone", set("idmap", "keep"))}
	}
	return Advice{}
}

// helper is about what newuidmap(1) or newgidmap(1) refused. They need the
// privilege to write any map, which an ordinary user does not pass on to them.
func (f *failure) helper(e *helperError) Advice {
	name := filepath.Base(e.Helper)
	if lacks := f.machine.unprivileged(e.Helper); lacks.some() && !f.plan.host.Has(host.CapSetuid) {
		return lacks
	}
	if strings.Contains(e.Output, "different user") {
		return Advice{Cause: fmt.Sprintf("%s serves only who runs with the group that /etc/passwd gives the user, and nslaunch runs with gid %d", name, f.plan.host.GID),
			Cure: try("start nslaunch with the user's own group (newgrp without a name), or map the caller alone: %s", set("idmap", "keep"))}
	}
	if strings.Contains(e.Output, "not allowed") {
		file := f.plan.host.SubUID.File
		if name == "newgidmap" {
			file = f.plan.host.SubGID.File
		}
		return Advice{Cause: fmt.Sprintf("%s does not find these ids granted to the user; nslaunch found them in %s", name, file),
			Cure: try("grep subid /etc/nsswitch.conf: with an entry there, another source than the file counts")}
	}
	return Advice{}
}

// unprivileged tells why a helper runs without privilege.
func (m machine) unprivileged(helper string) Advice {
	name := filepath.Base(helper)
	capability := "cap_setuid"
	if name == "newgidmap" {
		capability = "cap_setgid"
	}
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Stat(m.root+helper, &st) != nil || unix.Statfs(m.root+helper, &fs) != nil {
		return Advice{}
	}
	size, err := unix.Getxattr(m.root+helper, "security.capability", nil)
	switch {
	case st.Mode&unix.S_ISUID == 0 && (err != nil || size == 0):
		return Advice{Cause: helper + " has no privilege: neither the set-user-id bit nor file capabilities",
			Cure: try("as root: chmod u+s %s, or setcap %s+ep %s", helper, capability, helper)}
	case st.Mode&unix.S_ISUID != 0 && st.Uid != 0:
		return Advice{Cause: fmt.Sprintf("%s is set-user-id, and its owner is uid %d, not root", helper, st.Uid),
			Cure: try("as root: chown root " + helper + " and chmod u+s " + helper)}
	case fs.Flags&unix.ST_NOSUID != 0:
		return Advice{Cause: helper + " has no privilege: its file system is mounted nosuid",
			Cure: try("mount it without nosuid, or map the caller alone: %s", set("idmap", "keep"))}
	case m.noNewPrivs():
		return Advice{Cause: "nslaunch runs with no_new_privs, which keeps " + name + " from its privilege",
			Cure: try("start nslaunch without it, or map the caller alone: %s", set("idmap", "keep"))}
	}
	return Advice{}
}

// ids is about taking up ids in a user namespace.
func (f *failure) ids(uid, gid int64) Advice {
	if f.errno != unix.EINVAL {
		return Advice{}
	}
	word, id, key := "uid", uid, "process.uid"
	if f.call == "setresgid" {
		word, id, key = "gid", gid, "process.gid"
	}
	d := Advice{Cause: fmt.Sprintf("%s %d is not mapped in the user namespace", word, id),
		Cure: try("map it, or set " + key + " to one that is")}
	if f.joined(config.User) {
		d.Cause, d.Cure = fmt.Sprintf("%s %d is not mapped in the user namespace that was joined", word, id), try("set "+key+" to one that is")
	}
	return d
}

// groups is about setgroups(2).
func (f *failure) groups(a setGroups) Advice {
	switch f.errno {
	case unix.EINVAL:
		return Advice{Cause: "one of these groups is not mapped in the user namespace", Cure: try("map it, or leave it out of process.groups")}
	case unix.EPERM:
		if f.joined(config.User) {
			return Advice{Cause: "most likely setgroups is denied in the user namespace that was joined", Cure: try("leave out process.groups")}
		}
	}
	return Advice{}
}

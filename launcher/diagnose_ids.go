package launcher

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// writeMap is about a map that the launcher writes itself, or a helper that could not be started.
func (f *failure) writeMap(a writeMap) advice {
	switch {
	case a.Helper != "" && (f.errno == unix.ENOENT || f.errno == unix.EACCES):
		return advice{cause: a.Helper + " was there when the plan was made, and cannot be executed now",
			cure: "install it (Debian: apt install uidmap)"}
	case f.errno == unix.EPERM && !f.plan.host.has(capSetuid):
		if d := f.appArmor(); d != (advice{}) {
			return d
		}
		return advice{cause: fmt.Sprintf("most likely uid %d may not map these ids", f.plan.host.UID),
			cure: `idmap = "root" or "keep", which map the caller alone`}
	}
	return advice{}
}

// helper is about what newuidmap(1) or newgidmap(1) refused. They need the
// privilege to write any map, which an ordinary user does not pass on to them.
func (f *failure) helper(e *helperError) advice {
	name := filepath.Base(e.Helper)
	if lacks := f.machine.unprivileged(e.Helper); lacks != (advice{}) && !f.plan.host.has(capSetuid) {
		return lacks
	}
	if strings.Contains(e.Output, "different user") {
		return advice{cause: fmt.Sprintf("%s serves only who runs with the group that /etc/passwd gives the user, and nslaunch runs with gid %d", name, f.plan.host.GID),
			cure: "start nslaunch with the user's own group (newgrp without a name), or map the caller alone: idmap = \"root\" or \"keep\""}
	}
	if strings.Contains(e.Output, "not allowed") {
		file := f.plan.host.SubUID.File
		if name == "newgidmap" {
			file = f.plan.host.SubGID.File
		}
		return advice{cause: fmt.Sprintf("%s does not find these ids granted to the user; nslaunch found them in %s", name, file),
			cure: "grep subid /etc/nsswitch.conf: with an entry there, another source than the file counts"}
	}
	return advice{}
}

// unprivileged tells why a helper runs without privilege.
func (m machine) unprivileged(helper string) advice {
	name := filepath.Base(helper)
	capability := "cap_setuid"
	if name == "newgidmap" {
		capability = "cap_setgid"
	}
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Stat(m.root+helper, &st) != nil || unix.Statfs(m.root+helper, &fs) != nil {
		return advice{}
	}
	size, err := unix.Getxattr(m.root+helper, "security.capability", nil)
	switch {
	case st.Mode&unix.S_ISUID == 0 && (err != nil || size == 0):
		return advice{cause: helper + " has no privilege: neither the set-user-id bit nor file capabilities",
			cure: fmt.Sprintf("as root: chmod u+s %s, or setcap %s+ep %s", helper, capability, helper)}
	case st.Mode&unix.S_ISUID != 0 && st.Uid != 0:
		return advice{cause: fmt.Sprintf("%s is set-user-id, and its owner is uid %d, not root", helper, st.Uid),
			cure: "as root: chown root " + helper + " and chmod u+s " + helper}
	case fs.Flags&unix.ST_NOSUID != 0:
		return advice{cause: helper + " has no privilege: its file system is mounted nosuid",
			cure: "mount it without nosuid, or map the caller alone: idmap = \"root\" or \"keep\""}
	case m.noNewPrivs():
		return advice{cause: "nslaunch runs with no_new_privs, which keeps " + name + " from its privilege",
			cure: "start nslaunch without it, or map the caller alone: idmap = \"root\" or \"keep\""}
	}
	return advice{}
}

// ids is about taking up ids in a user namespace.
func (f *failure) ids(uid, gid int64) advice {
	if f.errno != unix.EINVAL {
		return advice{}
	}
	word, id, key := "uid", uid, "process.uid"
	if f.call == "setresgid" {
		word, id, key = "gid", gid, "process.gid"
	}
	d := advice{cause: fmt.Sprintf("%s %d is not mapped in the user namespace", word, id),
		cure: "map it, or set " + key + " to one that is"}
	if f.joined(config.User) {
		d.cause, d.cure = fmt.Sprintf("%s %d is not mapped in the user namespace that was joined", word, id), "set "+key+" to one that is"
	}
	return d
}

// groups is about setgroups(2).
func (f *failure) groups(a setGroups) advice {
	switch f.errno {
	case unix.EINVAL:
		return advice{cause: "one of these groups is not mapped in the user namespace", cure: "map it, or leave it out of process.groups"}
	case unix.EPERM:
		if f.joined(config.User) {
			return advice{cause: "most likely setgroups is denied in the user namespace that was joined", cure: "leave out process.groups"}
		}
	}
	return advice{}
}

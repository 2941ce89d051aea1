package compile

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// EntryUser is the user as whom a command runs in a target, by ids inside.
type EntryUser struct {
	UID int64
	GID int64 // -1: that of the target's command
}

// user returns the ids that the command becomes; -1 for one that stays as it is.
func (c *entryCompiler) user() (uid, gid int64) {
	uid, gid = c.e.Target.UID, c.e.Target.GID
	if u := c.e.User; u != nil {
		uid = u.UID
		if u.GID >= 0 {
			gid = u.GID
		}
	}
	return uid, gid
}

// checkUser refuses a user that the target's own command could not become: that would be more than the launch gave.
func (c *entryCompiler) checkUser() error {
	u := c.e.User
	if u == nil {
		return nil
	}
	if !c.sameUser() {
		return fmt.Errorf("%s: another user is possible only in its user namespace, which is not entered", c.e.Name)
	}
	t := &c.e.Target
	uid, gid := c.startUser()
	if t.UID >= 0 {
		uid = t.UID
	}
	if t.GID >= 0 {
		gid = t.GID
	}
	if u.UID != uid && !c.commandHas(uid, host.CapSetuid) {
		return fmt.Errorf("%s: its command runs as uid %d and cannot become uid %d, as it does not have CAP_SETUID", c.e.Name, uid, u.UID)
	}
	if u.GID >= 0 && u.GID != gid && !c.commandHas(uid, host.CapSetgid) {
		return fmt.Errorf("%s: its command runs with gid %d and cannot change to gid %d, as it does not have CAP_SETGID", c.e.Name, gid, u.GID)
	}
	return nil
}

// startUser returns the ids with which the target's launch began: those of root in its user namespace, or the caller's.
func (c *entryCompiler) startUser() (uid, gid int64) {
	if c.isJoined(config.User) {
		return c.e.Target.RootUID, c.e.Target.RootGID
	}
	return int64(c.h.UID), int64(c.h.GID)
}

// commandHas reports whether the target's command, which runs as uid, has a capability. Without a set of its own it has what execve(2) gives
// to root, and nobody else.
func (c *entryCompiler) commandHas(uid int64, capability host.Capability) bool {
	t := &c.e.Target
	if t.Capabilities != nil {
		return *t.Capabilities>>capability&1 != 0
	}
	return uid == 0 && (t.Bounding == nil || *t.Bounding>>capability&1 != 0)
}

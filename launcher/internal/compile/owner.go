package compile

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// commandIDs is whom the command runs as, as far as that is not the stage.
func (c *compiler) commandIDs() step.Owner {
	return step.Owner{UID: c.ids.uidDefault, GID: c.ids.gidDefault}.With(c.p.Process.UID, c.p.Process.GID)
}

// stageIDs is whom the stage is when it makes something, which so belongs to it.
func (c *compiler) stageIDs() step.Owner {
	switch {
	case c.isNew(config.User):
		return step.Owner{UID: c.ids.stageUID, GID: c.ids.stageGID}
	case !c.isJoined(config.User):
		return step.Owner{UID: int64(c.h.UID), GID: int64(c.h.GID)}
	case c.h.Has(host.CapSetuid):
		return step.Owner{UID: c.ids.stageUID, GID: c.ids.stageGID}
	}
	return step.Owner{UID: -1, GID: -1} // root of that namespace, or else whom the caller is there
}

// owner is whose what an entry of [mounts] makes is: whom the command runs as, unless the entry says else. nil: it is that of
// the stage, which makes it.
func (c *compiler) owner(m config.MountEntry) *step.Owner {
	o := c.commandIDs().With(m.UID, m.GID).From(c.stageIDs())
	c.ownable(m, o)
	return o
}

// ownable refuses an owner whom the user namespace does not have, where that is known: what is joined, the kernel alone knows.
func (c *compiler) ownable(m config.MountEntry, o *step.Owner) {
	if o == nil || c.isJoined(config.User) {
		return
	}
	where, uids, gids := "the sandbox", c.ids.uid, c.ids.gid
	if !c.isNew(config.User) {
		where, uids, gids = "the caller's user namespace", c.h.UIDMap, c.h.GIDMap
		if len(uids) == 0 {
			return // process.uid alone is no reason to read them
		}
	}
	uidKey, gidKey := ownerKeys(m)
	if o.UID >= 0 && !host.Covers(uids, uint32(o.UID), 1) {
		c.errorOnce(uidKey, "uid %d is not mapped in %s, which has %s", o.UID, where, mapWords(uids))
	}
	if o.GID >= 0 && !host.Covers(gids, uint32(o.GID), 1) {
		c.errorOnce(gidKey, "gid %d is not mapped in %s, which has %s", o.GID, where, mapWords(gids))
	}
}

// ownerKeys are the keys that say who the owner is.
func ownerKeys(m config.MountEntry) (uid, gid string) {
	uid, gid = "process.uid", "process.gid"
	if m.UID != nil {
		uid = m.Key + ".uid"
	}
	if m.GID != nil {
		gid = m.Key + ".gid"
	}
	return uid, gid
}

// given is owner for what is made first and given away then, which needs a privilege: all but a tmpfs.
func (c *compiler) given(m config.MountEntry) *step.Owner {
	o := c.owner(m)
	c.mayGive(m, o)
	return o
}

// mayGive refuses what a caller without CAP_CHOWN would be refused. In another user namespace the stage has it.
func (c *compiler) mayGive(m config.MountEntry, o *step.Owner) {
	if o == nil || c.isNew(config.User) || c.isJoined(config.User) || c.h.Has(host.CapChown) {
		return
	}
	key, gidKey := ownerKeys(m)
	if o.UID < 0 {
		key = gidKey
	}
	c.errorOnce(key, "giving what nslaunch makes to %s needs CAP_CHOWN, which uid %d does not have here (start nslaunch with it, in podman and docker --cap-add CHOWN)", o.Words(), c.h.UID)
}

// errorOnce is errorf for what several things have in common.
func (c *compiler) errorOnce(key, format string, args ...any) {
	if !slices.ContainsFunc(c.errs, func(e *config.Error) bool { return e.Key == key }) {
		c.errorf(key, format, args...)
	}
}

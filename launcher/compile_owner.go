package launcher

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// owner is a user and a group inside. -1 is one that is not known, or, of what is given away, one that stays.
type owner struct{ UID, GID int64 }

// words is how a plan says it, for a list that commas separate; nil is "".
func (o *owner) words() string {
	if o == nil {
		return ""
	}
	return idWords(o.UID, o.GID)
}

// options are those of tmpfs(5).
func (o *owner) options() []string {
	var options []string
	if o != nil && o.UID >= 0 {
		options = append(options, fmt.Sprintf("uid=%d", o.UID))
	}
	if o != nil && o.GID >= 0 {
		options = append(options, fmt.Sprintf("gid=%d", o.GID))
	}
	return options
}

// with returns o with the ids that are given.
func (o owner) with(uid, gid *uint32) owner {
	if uid != nil {
		o.UID = int64(*uid)
	}
	if gid != nil {
		o.GID = int64(*gid)
	}
	return o
}

// from is what has to be changed so that what is base's belongs to o; nil: nothing.
func (o owner) from(base owner) *owner {
	if o.UID == base.UID {
		o.UID = -1
	}
	if o.GID == base.GID {
		o.GID = -1
	}
	if o.UID < 0 && o.GID < 0 {
		return nil
	}
	return &o
}

// commandIDs is whom the command runs as, as far as that is not the stage.
func (c *compiler) commandIDs() owner {
	return owner{c.ids.uidDefault, c.ids.gidDefault}.with(c.p.Process.UID, c.p.Process.GID)
}

// stageIDs is whom the stage is when it makes something, which so belongs to it.
func (c *compiler) stageIDs() owner {
	switch {
	case c.isNew(config.User):
		return owner{c.ids.stageUID, c.ids.stageGID}
	case !c.isJoined(config.User):
		return owner{int64(c.h.UID), int64(c.h.GID)}
	case c.h.Has(host.CapSetuid):
		return owner{c.ids.stageUID, c.ids.stageGID}
	}
	return owner{-1, -1} // root of that namespace, or else whom the caller is there
}

// owner is whose what an entry of [mounts] makes is: whom the command runs as, unless the entry says else. nil: it is that of
// the stage, which makes it.
func (c *compiler) owner(m config.MountEntry) *owner {
	o := c.commandIDs().with(m.UID, m.GID).from(c.stageIDs())
	c.ownable(m, o)
	return o
}

// ownable refuses an owner whom the user namespace does not have, where that is known: what is joined, the kernel alone knows.
func (c *compiler) ownable(m config.MountEntry, o *owner) {
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
func (c *compiler) given(m config.MountEntry) *owner {
	o := c.owner(m)
	c.mayGive(m, o)
	return o
}

// mayGive refuses what a caller without CAP_CHOWN would be refused. In another user namespace the stage has it.
func (c *compiler) mayGive(m config.MountEntry, o *owner) {
	if o == nil || c.isNew(config.User) || c.isJoined(config.User) || c.h.Has(host.CapChown) {
		return
	}
	key, gidKey := ownerKeys(m)
	if o.UID < 0 {
		key = gidKey
	}
	c.errorOnce(key, "giving what nslaunch makes to %s needs CAP_CHOWN, which uid %d does not have here (start nslaunch with it, in podman and docker --cap-add CHOWN)", o.words(), c.h.UID)
}

// errorOnce is errorf for what several things have in common.
func (c *compiler) errorOnce(key, format string, args ...any) {
	if !slices.ContainsFunc(c.errs, func(e *config.Error) bool { return e.Key == key }) {
		c.errorf(key, format, args...)
	}
}

// chown appends an fchownat(2) of what was just made.
func (s *assembler) chown(dir uint8, name string, o *owner, flags int) {
	if o == nil {
		return
	}
	id := func(n int64) program.Operand { return program.Const(uint64(uint32(n))) }
	s.Call(unix.SYS_FCHOWNAT, program.Register(dir), s.String(name), id(o.UID), id(o.GID), program.Int(flags))
}

// mkdirFor makes a directory for an owner, with further ops between the two. One that is there stays whose it is.
func (s *assembler) mkdirFor(dir uint8, name string, mode uint32, o *owner, between func()) {
	op := s.mkdir(dir, name, uint64(mode)).PassOver(unix.EEXIST)
	if o == nil {
		between()
		return
	}
	made := s.Reg()
	op.To(made)
	between()
	s.unless(made, func() { s.chown(dir, name, o, unix.AT_SYMLINK_NOFOLLOW) })
	s.Free(made)
}

// hasOwner reports whether an action makes a tmpfs for an owner.
func hasOwner(a Action) bool {
	switch a := a.(type) {
	case tmpfsRoot:
		return a.Owner != nil
	case mountFS:
		return a.Type == "tmpfs" && slices.ContainsFunc(a.Options, func(o string) bool {
			return strings.HasPrefix(o, "uid=") || strings.HasPrefix(o, "gid=")
		})
	}
	return false
}

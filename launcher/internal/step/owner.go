package step

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Owner is a user and a group inside. -1 is one that is not known, or, of what is given away, one that stays.
type Owner struct{ UID, GID int64 }

// Words is how a plan says it, for a list that commas separate; nil is "".
func (o *Owner) Words() string {
	if o == nil {
		return ""
	}
	return idWords(o.UID, o.GID)
}

// Options are those of tmpfs(5).
func (o *Owner) Options() []string {
	var options []string
	if o != nil && o.UID >= 0 {
		options = append(options, fmt.Sprintf("uid=%d", o.UID))
	}
	if o != nil && o.GID >= 0 {
		options = append(options, fmt.Sprintf("gid=%d", o.GID))
	}
	return options
}

// With returns o with the ids that are given.
func (o Owner) With(uid, gid *uint32) Owner {
	if uid != nil {
		o.UID = int64(*uid)
	}
	if gid != nil {
		o.GID = int64(*gid)
	}
	return o
}

// From is what has to be changed so that what is base's belongs to o; nil: nothing.
func (o Owner) From(base Owner) *Owner {
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

// chown appends an fchownat(2) of what was just made.
func (s *Assembler) chown(dir uint8, name string, o *Owner, flags int) {
	if o == nil {
		return
	}
	id := func(n int64) program.Operand { return program.Const(uint64(uint32(n))) }
	s.Call(unix.SYS_FCHOWNAT, program.Register(dir), s.String(name), id(o.UID), id(o.GID), program.Int(flags))
}

// mkdirFor makes a directory for an owner, with further ops between the two. One that is there stays whose it is.
func (s *Assembler) mkdirFor(dir uint8, name string, mode uint32, o *Owner, between func()) {
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

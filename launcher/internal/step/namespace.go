package step

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// OpenSelf opens /proc/self of the stage while the caller's /proc is there.
type OpenSelf struct{}

func (OpenSelf) String() string { return "open /proc/self" }

func (OpenSelf) Emit(s *Assembler) {
	s.selfDir = s.open(atCwd(), "/proc/self", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
}

// OpenNamespace opens a namespace to enter and makes sure that it is the one
// that was there when the plan was made. All are opened before any is entered:
// afterwards their paths mean something else.
type OpenNamespace struct {
	Kind config.NamespaceKind
	File host.NamespaceFile
}

func (a OpenNamespace) String() string {
	return fmt.Sprintf("open the %s namespace %s", a.Kind, quote.Word(a.File.Path))
}

func (a OpenNamespace) Emit(s *Assembler) {
	r := s.open(atCwd(), cmp.Or(a.File.Real, a.File.Path), unix.O_RDONLY|unix.O_CLOEXEC)
	s.sameFile(r, a.File.Dev, a.File.Ino, unix.S_IFREG)
	s.joins[string(a.Kind)] = r
}

func (s *Assembler) sameFile(r uint8, dev, ino uint64, ifmt uint64) {
	s.Special(program.SpecialSameFile, program.Register(r), program.Const(uint64(unix.Major(dev))),
		program.Const(uint64(unix.Minor(dev))), program.Const(ino), program.Const(ifmt))
}

// Join enters an opened namespace.
type Join struct {
	Kind config.NamespaceKind
	Path string
}

func (a Join) String() string {
	return fmt.Sprintf("join the %s namespace %s", a.Kind, quote.Word(a.Path))
}

func (Join) Privileged() {}

func (a Join) Emit(s *Assembler) {
	r := s.joins[string(a.Kind)]
	s.Call(unix.SYS_SETNS, program.Register(r), program.Const(host.CloneFlag(a.Kind)))
	s.close(r)
}

// Unshare makes new namespaces for the process itself (pid: for its children).
type Unshare struct{ New []config.NamespaceKind }

func (a Unshare) String() string { return "make " + NewKinds(a.New) }

func (Unshare) Privileged() {}

func (a Unshare) Emit(s *Assembler) {
	s.Call(unix.SYS_UNSHARE, program.Const(host.CloneFlags(a.New)))
}

// NewTime makes a time namespace, sets its clocks and enters it. Offsets are
// relative to the clocks of the initial time namespace, and can be set only
// before any process has entered.
type NewTime struct {
	Monotonic, Boottime ClockOffset
}

// ClockOffset is one clock's offset. Set reports whether it is written.
type ClockOffset struct {
	Set    bool
	Offset time.Duration
	Text   string // as in the profile: "+1h", "starts at 0s"
}

func (a NewTime) String() string {
	text := "make a new time namespace and enter it"
	if a.Monotonic.Set {
		text += ", monotonic " + a.Monotonic.Text
	}
	if a.Boottime.Set {
		text += ", boottime " + a.Boottime.Text
	}
	return text
}

func (NewTime) Privileged() {}

func (a NewTime) Emit(s *Assembler) {
	self := program.Register(s.selfDir)
	s.Call(unix.SYS_UNSHARE, program.Const(unix.CLONE_NEWTIME))
	var text strings.Builder
	for _, c := range []struct {
		name   string
		offset ClockOffset
	}{{"monotonic", a.Monotonic}, {"boottime", a.Boottime}} {
		if c.offset.Set {
			sec, nsec := splitDuration(c.offset.Offset)
			fmt.Fprintf(&text, "%s %d %d\n", c.name, sec, nsec)
		}
	}
	if text.Len() > 0 {
		r := s.open(self, "timens_offsets", unix.O_WRONLY|unix.O_CLOEXEC)
		s.Call(unix.SYS_WRITE, program.Register(r), s.String(text.String()), program.Int(text.Len()))
		s.close(r)
	}
	r := s.open(self, "ns/time_for_children", unix.O_RDONLY|unix.O_CLOEXEC)
	s.Call(unix.SYS_SETNS, program.Register(r), program.Const(unix.CLONE_NEWTIME))
	s.close(r)
}

// splitDuration gives whole seconds and the nanoseconds on top, which are
// never negative.
func splitDuration(d time.Duration) (sec, nsec int64) {
	sec, nsec = int64(d/time.Second), int64(d%time.Second)
	if nsec < 0 {
		sec, nsec = sec-1, nsec+int64(time.Second)
	}
	return sec, nsec
}

// EnterUser takes up ids of the user namespace that the stage is in now, and
// all capabilities in it, none of which is inherited.
type EnterUser struct {
	UID, GID int64 // -1: unchanged
	LastCap  int
	Lenient  bool // ids that the namespace does not have are left alone: they are an ordinary user's
	Hidden   bool // the process stays hidden
}

func (a EnterUser) String() string {
	if a.UID < 0 && a.GID < 0 {
		return "gain all capabilities in the user namespace"
	}
	return fmt.Sprintf("become %s in the user namespace", idWords(a.UID, a.GID))
}

func (EnterUser) Privileged() {}

func idWords(uid, gid int64) string {
	var words []string
	if uid >= 0 {
		words = append(words, fmt.Sprintf("uid %d", uid))
	}
	if gid >= 0 {
		words = append(words, fmt.Sprintf("gid %d", gid))
	}
	return strings.Join(words, ", ")
}

func (a EnterUser) Emit(s *Assembler) {
	s.setIDs(a.UID, a.GID, a.Lenient)
	s.prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL)
	all := uint64(1)<<(a.LastCap+1) - 1
	s.capset(all, all, 0)
	if !a.Hidden {
		// A change of ids made the process' own files in /proc root's.
		s.prctl(unix.PR_SET_DUMPABLE, 1)
	}
}

func (a EnterUser) Leave(t *plan.Target) { t.RootUID, t.RootGID = a.UID, a.GID }

// setIDs sets real, effective and saved ids; EINVAL, for an id that the
// namespace does not have, is no failure if lenient.
func (s *Assembler) setIDs(uid, gid int64, lenient bool) {
	set := func(nr uintptr, id int64) {
		v := program.Const(uint64(uint32(id)))
		op := s.Call(nr, v, v, v)
		if lenient {
			op.PassOver(unix.EINVAL)
		}
	}
	if gid >= 0 {
		set(unix.SYS_SETRESGID, gid)
	}
	if uid >= 0 {
		set(unix.SYS_SETRESUID, uid)
	}
}

package step

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// LendSocket makes the socket on which the command speaks to the service
// manager, and lends it to the stage.
type LendSocket struct{}

func (LendSocket) String() string { return "make a socket for notifications, for the stage" }

func (LendSocket) Apply(l Launch) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	l.Listen(os.NewFile(uintptr(fd), "notifications"))
	lent, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	l.Lend(lent)
	return nil
}

// ReceiveSocket takes the socket that the launcher lends.
type ReceiveSocket struct{}

func (ReceiveSocket) String() string { return "receive the socket for notifications" }

func (ReceiveSocket) Emit(s *Assembler) {
	s.notify = s.Reg()
	s.Special(program.SpecialReceive).To(s.notify)
}

// PlaceSocket gives the socket a name, in the scratch tmpfs, and mounts that
// where the command looks for it. A socket is bound in the mount namespace of
// the process that binds it, not of the one that made it.
type PlaceSocket struct {
	At          MountPoint
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a PlaceSocket) String() string {
	return "put the socket for notifications on " + quote.Word(a.At.Path)
}

func (a PlaceSocket) Emit(s *Assembler) {
	name := s.scratchName("notify") // not the target's, which may be as long as an address can be
	address := append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), name...)
	// There is no bindat(2), and no path leads to the scratch tmpfs. The umask
	// is clear: the command may write to the socket as any user.
	s.Call(unix.SYS_FCHDIR, program.Register(s.scratch))
	s.Call(unix.SYS_BIND, program.Register(s.notify), s.Bytes(append(address, 0)), program.Int(len(address)))
	s.close(s.notify)
	s.Call(unix.SYS_CHDIR, s.String("/"))
	mnt := s.clone(program.Register(s.scratch), name, false)
	s.setAttr(mnt, a.Attributes.Set, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

// RelayNotifications passes on what the command reports to the manager.
type RelayNotifications struct{ Address string }

func (a RelayNotifications) String() string {
	return "pass the command's notifications on to " + quote.Word(a.Address)
}

func (a RelayNotifications) Apply(l Launch) error { return l.Notify(a.Address, 0) }

// NotifyExec reports to the manager that the command runs, and that it still runs.
type NotifyExec struct {
	Address string
	Every   time.Duration // 0: the manager does not ask
}

func (a NotifyExec) String() string {
	text := "report to " + quote.Word(a.Address) + " when the command runs"
	if a.Every > 0 {
		text += fmt.Sprintf(", and every %v that it still runs", a.Every)
	}
	return text
}

func (a NotifyExec) Apply(l Launch) error {
	return l.Notify(a.Address, a.Every)
}

// PassSockets says to the command that sockets are passed to it.
type PassSockets struct {
	Sockets []int
	Names   string
	PID     bool // LISTEN_PID is not the profile's
}

func (a PassSockets) String() string {
	text := "pass the manager's sockets " + fdWords(a.Sockets)
	if a.Names != "" {
		text += " (" + quote.Word(a.Names) + ")"
	}
	if a.PID {
		text += " to the process, by LISTEN_PID"
	}
	return text
}

func (a PassSockets) Emit(s *Assembler) {
	if a.PID {
		str := s.WithPID(listenPID)
		s.listenPID = &str
	}
}

// listenPID is the variable that has the id of the command's process at its end.
const listenPID = "LISTEN_PID="

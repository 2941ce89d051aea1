package step

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// SetHostname sets the name of the uts namespace.
type SetHostname struct{ Name string }

func (a SetHostname) String() string { return fmt.Sprintf("set the host name %q", a.Name) }

func (SetHostname) Privileged() {}

func (a SetHostname) Emit(s *Assembler) {
	s.Call(unix.SYS_SETHOSTNAME, s.String(a.Name), program.Int(len(a.Name)))
}

// SetDomainname sets the NIS domain name of the uts namespace.
type SetDomainname struct{ Name string }

func (a SetDomainname) String() string { return fmt.Sprintf("set the domain name %q", a.Name) }

func (SetDomainname) Privileged() {}

func (a SetDomainname) Emit(s *Assembler) {
	s.Call(unix.SYS_SETDOMAINNAME, s.String(a.Name), program.Int(len(a.Name)))
}

// LoopbackUp brings lo up; the kernel gives it its addresses.
type LoopbackUp struct{}

func (LoopbackUp) String() string { return "bring the loopback interface up" }

func (LoopbackUp) Privileged() {}

func (LoopbackUp) Emit(s *Assembler) {
	socket := s.Reg()
	s.Call(unix.SYS_SOCKET, program.Const(unix.AF_INET), program.Const(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC), null()).To(socket)
	ifreq := make([]byte, 40) // struct ifreq of netdevice(7)
	copy(ifreq, "lo")
	ifreq[16] = unix.IFF_UP
	s.Call(unix.SYS_IOCTL, program.Register(socket), program.Const(unix.SIOCSIFFLAGS), s.Bytes(ifreq))
	s.close(socket)
}

package launcher

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// setHostname sets the name of the uts namespace.
type setHostname struct{ Name string }

func (a setHostname) String() string { return fmt.Sprintf("set the host name %q", a.Name) }

func (a setHostname) emit(s *assembler) {
	s.Call(unix.SYS_SETHOSTNAME, s.String(a.Name), program.Int(len(a.Name)))
}

// setDomainname sets the NIS domain name of the uts namespace.
type setDomainname struct{ Name string }

func (a setDomainname) String() string { return fmt.Sprintf("set the domain name %q", a.Name) }

func (a setDomainname) emit(s *assembler) {
	s.Call(unix.SYS_SETDOMAINNAME, s.String(a.Name), program.Int(len(a.Name)))
}

// loopbackUp brings lo up; the kernel gives it its addresses.
type loopbackUp struct{}

func (loopbackUp) String() string { return "bring the loopback interface up" }

func (loopbackUp) emit(s *assembler) {
	socket := s.Reg()
	s.Call(unix.SYS_SOCKET, program.Const(unix.AF_INET), program.Const(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC), null()).To(socket)
	ifreq := make([]byte, 40) // struct ifreq of netdevice(7)
	copy(ifreq, "lo")
	ifreq[16] = unix.IFF_UP
	s.Call(unix.SYS_IOCTL, program.Register(socket), program.Const(unix.SIOCSIFFLAGS), s.Bytes(ifreq))
	s.close(socket)
}

package notify

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Address is where a manager listens, in the form of $NOTIFY_SOCKET: a path, or "@" and a name
// of the abstract namespace.
type Address string

// Check says what is wrong with an address, or that its kind is not served.
func (a Address) Check() error {
	const longest = 107
	switch {
	case strings.HasPrefix(string(a), "vsock"):
		return fmt.Errorf("%q: a manager outside this machine is not supported", string(a))
	case len(a) < 2 || a[0] != '/' && a[0] != '@':
		return fmt.Errorf("%q is neither an absolute path nor \"@\" and a name", string(a))
	case len(a) > longest || strings.ContainsRune(string(a), 0):
		return fmt.Errorf("%q is not the address of a socket (%d bytes at most)", string(a), longest)
	}
	return nil
}

// Send sends one message, with descriptors. It waits no longer than that for a
// manager that does not read.
func (a Address) Send(message []byte, fds []int, wait time.Duration) error {
	if err := a.Check(); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for end := time.Now().Add(wait); ; {
		timeout := unix.NsecToTimeval(max(time.Until(end), time.Millisecond).Nanoseconds())
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		err := unix.Sendmsg(fd, message, rights, &unix.SockaddrUnix{Name: string(a)}, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return os.NewSyscallError("sendmsg", err)
		}
	}
}

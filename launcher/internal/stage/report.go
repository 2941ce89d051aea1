package stage

import (
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

const msgNoSignal = 0x4000

// send sends one message; a launcher that is gone gives EPIPE.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) send(fd uintptr, kind, a uint32, b int32) syscall.Errno {
	m.msg = [4]uint32{kind, a, uint32(b), 0}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&m.msg)), program.MessageSize, msgNoSignal, 0, 0)
	return errno
}

// reached reports to the launcher that a point is reached and waits until it says
// to go on. A launcher that is gone ends the process.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) reached(point uint32) syscall.Errno {
	if m.send(m.sync, program.MessageReached, point, 0) != 0 {
		exit()
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, m.sync, uintptr(unsafe.Pointer(&m.msg)), program.MessageSize, 0, 0, 0)
	if errno != 0 || n == 0 {
		exit()
	}
	return 0
}

// fail reports a failed op and exits.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) fail(pc uintptr, errno syscall.Errno) {
	said := uintptr(0)
	if o := (*op)(unsafe.Add(m.ops, pc*program.OpSize)); pc < m.count && (o.Nr == sysFsconfig || o.Nr == sysFsmount) {
		// What the kernel has to say is read from the context of the file system.
		n, _, e := syscall.RawSyscall6(syscall.SYS_READ, m.arg(o, 0), uintptr(unsafe.Pointer(&m.text)), program.MaxText, 0, 0, 0)
		if e == 0 && n <= program.MaxText {
			said = n
		}
	}
	m.report(pc, errno, said)
}

// report reports a failure, with so many bytes of text, and exits.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) report(pc uintptr, errno syscall.Errno, said uintptr) {
	m.msg = [4]uint32{program.MessageFailed, uint32(pc), uint32(errno), 0}
	syscall.RawSyscall6(syscall.SYS_SENDTO, m.sync, uintptr(unsafe.Pointer(&m.msg)), program.MessageSize+said, msgNoSignal, 0, 0)
	exit()
}

// receive takes one descriptor from the launcher.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) receive() (uintptr, syscall.Errno) {
	m.iov = syscall.Iovec{Base: (*byte)(unsafe.Pointer(&m.msg)), Len: program.MessageSize}
	m.hdr = syscall.Msghdr{Iov: &m.iov, Iovlen: 1, Control: (*byte)(unsafe.Pointer(&m.cmsg)), Controllen: uint64(unsafe.Sizeof(m.cmsg))}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVMSG, m.sync, uintptr(unsafe.Pointer(&m.hdr)), syscall.MSG_CMSG_CLOEXEC, 0, 0, 0)
	if errno == 0 && (m.hdr.Controllen < syscall.SizeofCmsghdr+4 || m.cmsg.hdr.Type != syscall.SCM_RIGHTS) {
		errno = syscall.EBADMSG
	}
	return uintptr(m.cmsg.fd), errno
}

//go:norace
//go:nosplit
func exit() {
	for {
		syscall.RawSyscall6(syscall.SYS_EXIT_GROUP, exitSetup, 0, 0, 0, 0, 0)
	}
}

package stage

import (
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// siginfo is siginfo_t of waitid(2) for SIGCHLD on 64-bit machines.
type siginfo struct {
	signo, errno, code int32
	_                  int32
	pid                int32
	uid                uint32
	status             int32
	_                  [100]byte
}

const (
	pAll       = 0
	wExited    = 0x4
	wStopped   = 0x2
	wContinued = 0x8
	wAll       = 0x40000000

	cldDumped = 3 // the last code of an end
)

// beInit is process 1 of a sandbox from the time that the command was forked:
// it reaps whatever ends up as its child, and reports to the launcher when the
// command stops, continues or ends. It has no capabilities, no descriptor but
// the control socket and, from here on, no program. Its signals are blocked;
// the launcher's death kills it, and with it all of the pid namespace.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) beInit(command uintptr) {
	// The scratch memory lies before it.
	syscall.RawSyscall6(syscall.SYS_MUNMAP, program.ScratchAddress, program.MaxScratch+m.size, 0, 0, 0, 0)
	if m.send(m.control, program.MessageReady, 0, 0) != 0 {
		exit()
	}
	info := (*siginfo)(unsafe.Pointer(&m.buf))
	for {
		info.pid = 0
		_, _, errno := syscall.RawSyscall6(syscall.SYS_WAITID, pAll, 0, uintptr(unsafe.Pointer(info)),
			wExited|wStopped|wContinued|wAll, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			exit() // ECHILD cannot come before the command's end
		}
		if uintptr(info.pid) != command {
			continue
		}
		m.send(m.control, program.MessageState, uint32(info.code), info.status)
		if info.code <= cldDumped { // else stopped, continued, or in a trap of ptrace(2)
			syscall.RawSyscall6(syscall.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
		}
	}
}

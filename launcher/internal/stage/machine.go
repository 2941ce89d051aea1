package stage

import (
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// machine is the state of a running program. All of it is made before the
// fork.
type machine struct {
	size          uintptr // of the mapped program
	ops           unsafe.Pointer
	count         uintptr
	clone         uintptr
	inPlace       bool
	sync, control uintptr
	regs          [program.NumRegs]uintptr
	execErr       syscall.Errno // remembered of the Exec ops

	msg  [4]uint32 // a program.Message, and
	text [program.MaxText]byte
	buf  [program.CwdSize / 8]uint64 // scratch, aligned

	// For a received descriptor.
	hdr  syscall.Msghdr
	iov  syscall.Iovec
	cmsg struct {
		hdr syscall.Cmsghdr
		fd  int32
		_   int32
	}
}

// op is an op as it lies in the program.
type op program.EncodedOp

// run executes the program from op 0 to its execve or exit.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) run() {
	for pc := uintptr(0); pc < m.count; pc++ {
		o := (*op)(unsafe.Add(m.ops, pc*program.OpSize))
		var r uintptr
		var errno syscall.Errno
		switch {
		case o.Nr < program.SpecialSync:
			r, errno = m.call(o)
		case o.Nr == program.SpecialFork:
			r, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, m.arg(o, 0)|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
			if r == 0 && errno == 0 {
				pc = m.arg(o, 1) - 1
				continue
			}
		case o.Nr == program.SpecialReceive:
			r, errno = m.receive()
		case o.Nr == program.SpecialPID:
			r = m.writeNumber(o)
		case o.Nr == program.SpecialSkip:
			if refused := int(m.arg(o, 0)) < 0; refused == (m.arg(o, 2) == 0) {
				pc += m.arg(o, 1)
			}
			continue
		default:
			errno = m.special(o)
		}
		if errno != 0 {
			if !o.passes(errno) {
				m.fail(pc, errno)
			}
			if o.Flags&program.Exec != 0 && m.execErr != syscall.EACCES {
				m.execErr = errno
			}
			r = -uintptr(errno)
		} else if o.Flags&program.MustFail != 0 {
			m.fail(pc, syscall.Errno(m.arg(o, 5)))
		}
		if o.Out != program.NoReg {
			m.regs[o.Out%program.NumRegs] = r
		}
	}
	m.report(m.count-1, syscall.ENOEXEC, 0) // a program that ends without exec
}

//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) call(o *op) (uintptr, syscall.Errno) {
	last := m.arg(o, 5)
	if o.Flags&program.MustFail != 0 {
		last = 0
	}
	for n := 1; ; n++ {
		r, _, errno := syscall.RawSyscall6(uintptr(o.Nr), m.arg(o, 0), m.arg(o, 1), m.arg(o, 2), m.arg(o, 3), m.arg(o, 4), last)
		if errno != syscall.EAGAIN || o.Flags&program.Repeat == 0 || n == program.Repeats {
			return r, errno
		}
	}
}

//go:norace
//go:nosplit
func (m *machine) arg(o *op, i uint) uintptr {
	v := uintptr(o.Args[i%6])
	switch program.Kind(o.Kinds >> (2 * i) & 3) {
	case program.KindData:
		return program.DataAddress + v
	case program.KindScratch:
		return program.ScratchAddress + v
	case program.KindReg:
		return m.regs[v%program.NumRegs]
	}
	return v
}

//go:norace
//go:nosplit
func (o *op) passes(e syscall.Errno) bool {
	for _, p := range o.Pass {
		if p != 0 && syscall.Errno(p) == e {
			return true
		}
	}
	return false
}

// special executes the special ops that do not change where the program goes on.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) special(o *op) syscall.Errno {
	switch o.Nr {
	case program.SpecialSync:
		return m.reached(uint32(m.arg(o, 0)))
	case program.SpecialInit:
		m.beInit(m.arg(o, 0))
	case program.SpecialSameFile:
		return m.sameFile(o)
	case program.SpecialCwd:
		// The kernel puts "(unreachable)" in front of such a path.
		n, _, errno := syscall.RawSyscall6(syscall.SYS_GETCWD, uintptr(unsafe.Pointer(&m.buf)), unsafe.Sizeof(m.buf), 0, 0, 0, 0)
		if errno == 0 && (n == 0 || *(*byte)(unsafe.Pointer(&m.buf)) != '/') {
			errno = syscall.ENOENT
		}
		return errno
	case program.SpecialNotExecutable:
		if m.execErr == syscall.EACCES {
			return m.execErr
		}
	case program.SpecialStore:
		m.store(o)
	case program.SpecialNotFound:
		if m.execErr == 0 {
			return syscall.ENOENT
		}
		return m.execErr
	}
	return 0
}

// store writes a number where no alignment is due.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) store(o *op) {
	to, v := unsafe.Pointer(m.at(m.arg(o, 0))), m.arg(o, 1)
	if m.arg(o, 2) == 4 {
		*(*uint32)(to) = uint32(v)
		return
	}
	*(*uint64)(to) = uint64(v)
}

// statx is struct statx of statx(2) as far as it is read here.
type statx struct {
	mask, blksize      uint32
	attributes         uint64
	nlink, uid, gid    uint32
	mode, _            uint16
	ino                uint64
	_                  [11]uint64
	rdevMajor, rdevMin uint32
	devMajor, devMinor uint32
	_                  [112]byte
}

const (
	atEmptyPath   = 0x1000
	statxTypeIno  = 0x1 | 0x100
	statxIFMTmask = syscall.S_IFMT

	// The same on all machines.
	sysFsconfig = 431
	sysFsmount  = 432
)

//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) sameFile(o *op) syscall.Errno {
	st := (*statx)(unsafe.Pointer(&m.buf))
	empty := &m.buf[len(m.buf)-1] // of an empty path
	*empty = 0
	_, _, errno := syscall.RawSyscall6(sysStatx, m.arg(o, 0), uintptr(unsafe.Pointer(empty)), atEmptyPath, statxTypeIno, uintptr(unsafe.Pointer(st)), 0)
	if errno == 0 && (uintptr(st.devMajor) != m.arg(o, 1) || uintptr(st.devMinor) != m.arg(o, 2) ||
		uintptr(st.ino) != m.arg(o, 3) || uintptr(st.mode)&statxIFMTmask != m.arg(o, 4)) {
		errno = syscall.ESTALE
	}
	return errno
}

package stage

import (
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// writeNumber writes a string, and a number or the process's own id in its pid namespace. It returns the length.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) writeNumber(o *op) uintptr {
	to, from, size := m.arg(o, 0), m.arg(o, 1), m.arg(o, 2)
	for i := range size {
		*m.at(to + i) = *m.at(from + i)
	}
	n := m.arg(o, 3)
	if program.Kind(o.Kinds>>6&3) != program.KindReg {
		n, _, _ = syscall.RawSyscall6(syscall.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	}
	return size + writeDecimal(m.at(to+size), n&0xffffffff)
}

// at is the byte at an address of the program's.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) at(address uintptr) *byte {
	return (*byte)(unsafe.Add(m.ops, address-uintptr(m.ops)))
}

// writeDecimal writes a number with a NUL at the end, and returns its length.
//
//go:norace
//go:nosplit
//go:nocheckptr
func writeDecimal(to *byte, n uintptr) uintptr {
	digits := uintptr(1)
	for rest := n; rest >= 10; rest /= 10 {
		digits++
	}
	*(*byte)(unsafe.Add(unsafe.Pointer(to), digits)) = 0
	for at := digits; at > 0; at-- {
		*(*byte)(unsafe.Add(unsafe.Pointer(to), at-1)) = '0' + byte(n%10)
		n /= 10
	}
	return digits
}

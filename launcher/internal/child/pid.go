package child

import (
	"syscall"
	"unsafe"
)

// writePID writes to memory what is at from, and the process's own id, as its pid namespace has it.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) writePID(to, from, size uintptr) {
	for i := range size {
		*m.at(to + i) = *m.at(from + i)
	}
	pid, _, _ := syscall.RawSyscall6(syscall.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	writeDecimal(m.at(to+size), pid)
}

// at is the byte at an address of the program's.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) at(address uintptr) *byte {
	return (*byte)(unsafe.Add(m.ops, address-uintptr(m.ops)))
}

// writeDecimal writes a number with a NUL at the end.
//
//go:norace
//go:nosplit
//go:nocheckptr
func writeDecimal(to *byte, n uintptr) {
	digits := uintptr(1)
	for rest := n; rest >= 10; rest /= 10 {
		digits++
	}
	*(*byte)(unsafe.Add(unsafe.Pointer(to), digits)) = 0
	for ; digits > 0; digits-- {
		*(*byte)(unsafe.Add(unsafe.Pointer(to), digits-1)) = '0' + byte(n%10)
		n /= 10
	}
}

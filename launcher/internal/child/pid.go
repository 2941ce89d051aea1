package child

import (
	"syscall"
	"unsafe"
)

// writePID writes the process's own id, as its pid namespace has it.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (m *machine) writePID(to uintptr) {
	pid, _, _ := syscall.RawSyscall6(syscall.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	writeDecimal((*byte)(unsafe.Add(m.ops, to-uintptr(m.ops))), pid)
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

//go:build linux

// Package nofile captures RLIMIT_NOFILE as this process was given it. Package
// syscall raises the soft limit when it is initialised, and hides the original.
//
// Packages are initialised in the order of their import paths, each as soon as
// its own imports are. So this one must not import package syscall, not even
// through another; its path then comes first.
package nofile

import "unsafe"

// Original is the limit as of exec, or zero if it could not be read. It is
// never written to.
var Original = capture()

// Limit is the kernel's struct rlimit64. All ones is no limit.
type Limit struct{ Soft, Hard uint64 }

//go:linkname rawSyscall6 syscall.RawSyscall6
func rawSyscall6(number, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2, errno uintptr)

func capture() Limit {
	const rlimitNofile = 7
	var limit Limit
	rawSyscall6(prlimit64, 0, rlimitNofile, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	return limit
}

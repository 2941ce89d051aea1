//go:build linux

// Package nofile captures RLIMIT_NOFILE as this process was given it. Package
// syscall raises the soft limit when it is initialised, and hides the original.
//
// Packages are initialised in the order of their import paths, each as soon as
// its own imports are. So this one must not import package syscall, not even
// through another; its path then comes first. It makes its system call itself.
package nofile

// Original is the limit as of exec, or zero if it could not be read. It is
// never written to.
var Original = capture()

// Limit is the kernel's struct rlimit64. All ones is no limit.
type Limit struct{ Soft, Hard uint64 }

func capture() Limit {
	var limit Limit
	read(&limit)
	return limit
}

// read is prlimit(2) of this process's RLIMIT_NOFILE.
//
//go:noescape
func read(limit *Limit)

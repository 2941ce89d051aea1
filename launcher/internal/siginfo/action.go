//go:build amd64 || arm64

package siginfo

// action is struct sigaction of the kernel.
type action struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

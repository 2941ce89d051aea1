package siginfo

// action is struct sigaction of the kernel, which needs no restorer on this processor.
type action struct {
	handler, flags uintptr
	mask           uint64
}

package siginfo

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Bit is a signal in a mask.
func Bit(s syscall.Signal) uint64 { return 1 << (s - 1) }

// WithBlocked runs f with the signals of a mask blocked in the calling thread.
func WithBlocked(mask uint64, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old unix.Sigset_t
	set.Val[0] = mask
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return err
	}
	err := f()
	if e := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err == nil {
		err = e
	}
	return err
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ignore executes a command that finds the signals 32 and 33 ignored.
func ignore(args []string) error {
	// struct sigaction of the kernel: handler, flags, restorer, mask.
	action := [4]uintptr{1}
	for s := uintptr(32); s < 34; s++ {
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, s, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0); e != 0 {
			return fmt.Errorf("rt_sigaction: %w", e)
		}
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	return unix.Exec(path, args, os.Environ())
}

// queued takes blocked real-time signals one after the other. Every thread has them blocked: the
// runtime gives each the mask that the process began with.
func queued(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	fmt.Println("up")
	realtime := uint64(1<<64 - 1<<33) // the runtime uses others
	for n > 0 {
		// siginfo_t: si_signo, si_errno, si_code and padding, si_pid, si_uid, si_value
		var info [16]int64
		_, _, e := unix.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&realtime)), uintptr(unsafe.Pointer(&info)), 0, 8, 0, 0)
		switch e {
		case 0:
			fmt.Printf("%d:%d\n", int32(info[0]), info[3])
			n--
		case unix.EINTR: // by one of the runtime's
		default:
			return fmt.Errorf("rt_sigtimedwait: %w", e)
		}
	}
	return nil
}

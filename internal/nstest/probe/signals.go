package main

import (
	"fmt"
	"os"
	"os/exec"
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

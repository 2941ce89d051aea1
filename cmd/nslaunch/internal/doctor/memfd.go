package doctor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/unix"
)

// executeMemfd executes this program from a copy in memory, as the launcher does with what its children are.
func executeMemfd() error {
	fd, err := unix.MemfdCreate("nslaunch-doctor", unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3, all are executable
		fd, err = unix.MemfdCreate("nslaunch-doctor", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "memfd")
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return errors.Join(err, file.Close())
	}
	defer self.Close()
	_, err = io.Copy(file, self)
	// What is open for writing cannot be executed.
	readable, openErr := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err = errors.Join(err, openErr, file.Close()); err != nil {
		return err
	}
	defer readable.Close()
	return exec.Command(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), readable.Fd()), "version").Run()
}

// seccompAction asks whether the kernel knows an action of filters.
func seccompAction(action *uint32) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(action)))
	return errno
}

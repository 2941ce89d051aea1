package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inside runs a command in all namespaces of the machine whose first process
// is PID, and ends as it does: with its status, or of its signal. Signals are
// passed on; without us there is no command. args are PID UID GID COMMAND ARG….
func inside(args []string) error {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	cgroup, err := os.Open(fmt.Sprintf("/proc/%d/root/sys/fs/cgroup/%s", pid, guestCgroup))
	if err != nil {
		return err
	}
	machine, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	_, lifeline, err := newLifeline()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	// The namespaces are this thread's, and so is the child.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Setns(machine, namespacesOfMachine|unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", slices.Concat([]string{"-become", lifeline, cwd}, args[1:])...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		for s := range signals {
			if s != unix.SIGCHLD && s != unix.SIGURG {
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return dieOf(status.Signal())
	}
	os.Exit(status.ExitStatus())
	return nil
}

// dieOf ends this process by a signal, without a core: the runtime would catch
// some of them.
func dieOf(s syscall.Signal) error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	var byDefault [4]uintptr // struct sigaction of the kernel: handler, flags, restorer, mask
	if s != unix.SIGKILL {
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0); e != 0 {
			return fmt.Errorf("rt_sigaction: %w", e)
		}
	}
	if err := unix.Tgkill(os.Getpid(), unix.Gettid(), s); err != nil {
		return err
	}
	return fmt.Errorf("signal %v did not end this process", s)
}

// becomeAndRun executes the command of inside as a user. args are LIFELINE CWD UID
// GID COMMAND ARG….
func becomeAndRun(args []string) error {
	if err := os.Chdir(args[1]); err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(args[2])
	gid, err2 := strconv.Atoi(args[3])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	runtime.LockOSThread()
	if uid != 0 {
		if err := become(uid, gid); err != nil {
			return err
		}
	}
	// After it has become the user, which clears the death signal.
	if err := dieWithParent(args[0]); err != nil {
		return err
	}
	path, err := exec.LookPath(args[4])
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", path, unix.Exec(path, args[4:], os.Environ()))
}

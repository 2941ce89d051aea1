package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// hold gives the mount namespace that we were started in its propagation, and
// keeps it alive until stdin ends.
func hold(word string) error {
	kind, err := mountprop.Parse(word)
	if err != nil {
		return err
	}
	// Private first: no peers and no master of the machine's, whatever it has.
	for _, p := range []mountprop.Propagation{mountprop.Private, kind} {
		if err := mountprop.Set("/", p, true); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// enter executes a command in the mount namespace of a process, as a user.
// args are PID UID GID COMMAND ARG….
func enter(args []string) error {
	var numbers [3]int
	for i := range numbers {
		n, err := strconv.Atoi(args[i])
		if err != nil {
			return err
		}
		numbers[i] = n
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	// What follows is of this thread alone, until execve ends the others. A
	// thread that shares its root and directory can't change mount namespace.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/mnt", numbers[0]))
	if err != nil {
		return err
	}
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	if err := os.Chdir(cwd); err != nil {
		return err
	}
	// On the processor that the namespace was made on: see nstest.Outer.
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(numbers[0], &cpus); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	if err := unix.SchedSetaffinity(0, &cpus); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	if uid, gid := numbers[1], numbers[2]; uid != 0 {
		if err := become(uid, gid); err != nil {
			return err
		}
	}
	path, err := exec.LookPath(args[3])
	if err != nil {
		return err
	}
	// Not syscall.Exec alone: it would not say which file.
	return fmt.Errorf("%s: %w", path, unix.Exec(path, args[3:], os.Environ()))
}

func become(uid, gid int) error {
	if err := unix.Setgroups(nil); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := unix.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("setresgid: %w", err)
	}
	if err := unix.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("setresuid: %w", err)
	}
	return nil
}

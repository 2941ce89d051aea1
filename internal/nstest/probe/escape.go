package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// escape takes "/" away and goes to the root of the mount namespace, and prints what is there. It tells
// how far that went, and what is on "/" then.
func escape() error {
	runtime.LockOSThread()
	own, err := unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Unshare(unix.CLONE_FS)
	}
	if err != nil {
		return err
	}
	unmounted := unix.Unmount("/", unix.MNT_DETACH)
	returned := unix.Setns(own, unix.CLONE_NEWNS)
	entries, err := os.ReadDir("/")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	fmt.Printf("umount: %s, setns: %s, root: %s\n", word(unmounted), word(returned), strings.Join(names, " "))
	return err
}

func word(err error) string {
	if err == nil {
		return "ok"
	}
	return errnoName(err)
}

// nested runs the probe again in user and mount namespaces of its own, in which it is root.
func nested(args []string) error {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	one := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, UidMappings: one(os.Getuid()), GidMappings: one(os.Getgid())}
	return cmd.Run()
}

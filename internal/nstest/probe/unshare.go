package main

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// kinds are the kinds of namespaces, by the names they have in /proc/PID/ns.
func kinds() map[string]uintptr {
	return map[string]uintptr{
		"cgroup": unix.CLONE_NEWCGROUP,
		"ipc":    unix.CLONE_NEWIPC,
		"mnt":    unix.CLONE_NEWNS,
		"net":    unix.CLONE_NEWNET,
		"pid":    unix.CLONE_NEWPID,
		"time":   unix.CLONE_NEWTIME,
		"user":   unix.CLONE_NEWUSER,
		"uts":    unix.CLONE_NEWUTS,
	}
}

// tryUnshare tells for each kind whether a namespace of it can be made: "ok",
// or the errno. Each is tried in a process of its own, as none can be unmade.
func tryUnshare() map[string]string {
	answers := map[string]string{}
	for name, flag := range kinds() {
		var cmd *exec.Cmd
		if name == "user" {
			// A process with threads may not unshare it, but a clone may have it.
			cmd = exec.Command("/proc/self/exe", "-try", "")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flag}
		} else {
			cmd = exec.Command("/proc/self/exe", "-try", name)
		}
		output, err := cmd.Output()
		var exit *exec.ExitError
		switch {
		case err == nil || errors.As(err, &exit):
			answers[name] = strings.TrimSpace(string(output))
		default:
			answers[name] = errnoName(err)
		}
	}
	return answers
}

// unshareAlone unshares one kind, or nothing, and prints how that went.
func unshareAlone(name string) error {
	runtime.LockOSThread()
	answer := "ok"
	if name != "" {
		if err := unix.Unshare(int(kinds()[name])); err != nil {
			answer = errnoName(err)
		}
	}
	_, err := fmt.Println(answer)
	return err
}

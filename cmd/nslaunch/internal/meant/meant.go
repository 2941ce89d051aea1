// Package meant guesses what a wrong word of a command line was meant to be: one of ours that is spelt almost the same, or
// what another program calls by that word. Its hints follow the error, and what they say to write can be pasted.
package meant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nearest"
)

// Command returns a hint at the command that was meant by a word; "" if there is none.
func Command(word string, known []string) string {
	meant := foreignCommand(word)
	if !slices.Contains(known, meant) {
		meant = nearest.Of(word, known)
	}
	if meant == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", meant)
}

// foreignCommand returns our name of a command that docker, podman, machinectl, nsenter, terraform or git call by another.
func foreignCommand(word string) string {
	switch word {
	case "list", "status", "machines", "containers", "sandboxes":
		return "ps"
	case "enter", "attach", "nsenter", "join", "login":
		return "exec"
	case "kill", "terminate", "poweroff", "end", "destroy", "down":
		return "stop"
	case "start", "launch", "up", "create", "spawn", "sandbox", "unshare":
		return "run"
	case "validate", "lint", "verify":
		return "check"
	case "dry-run", "preview":
		return "plan"
	case "inspect", "describe", "config":
		return "show"
	case "journal", "output":
		return "logs"
	case "new", "generate", "template":
		return "init"
	case "namespaces", "lsns":
		return "ns"
	case "diagnose", "info":
		return "doctor"
	case "docs", "manual":
		return "man"
	}
	return ""
}

// Flag returns a hint at the flag that was meant by one of that name; "" if there is none. The value is what was assigned to
// it, or the word after it. known are the flags that there are.
func Flag(name, value string, known []string) string {
	write, note := foreignFlag(name, value)
	if flag, _, _ := strings.Cut(strings.TrimLeft(write, "-"), " "); write != "" && slices.Contains(known, flag) {
		return fmt.Sprintf(" (write %s)", write)
	}
	if note != "" && slices.Contains(known, "set") {
		return " (" + note + ")"
	}
	if len(name) == 1 {
		return ""
	}
	long := slices.DeleteFunc(slices.Clone(known), func(f string) bool { return len(f) == 1 })
	if meant := nearest.Of(name, long); meant != "" {
		return fmt.Sprintf(" (did you mean --%s?)", meant)
	}
	return ""
}

// foreignFlag returns what to write for a flag of docker, podman, bwrap, unshare, systemd-nspawn or firejail, or a note if
// there is nothing to write.
func foreignFlag(name, value string) (write, note string) {
	if kind, ok := strings.CutPrefix(name, "unshare-"); ok {
		kind = strings.TrimSuffix(kind, "-try")
		return "--new " + kind, ""
	}
	switch name {
	case "rm":
		return "", "leave it out: nothing of a sandbox is left when it ends"
	case "it", "ti", "t", "tty", "interactive":
		return "", "leave it out: on a terminal the command has it"
	case "privileged":
		return "", "leave it out: what a sandbox may do is in its profile"
	case "d", "background", "daemon":
		return "--detach", ""
	case "dev-bind":
		if value == "/dev" {
			return "--set dev=host", ""
		}
		return "--bind " + value, ""
	case "v", "volume":
		return "--bind " + value, ""
	case "bind-ro":
		return "--ro-bind " + value, ""
	case "e", "env":
		return "--setenv " + value, ""
	case "w", "workdir":
		return "--cwd " + value, ""
	case "h":
		return "--hostname " + value, ""
	case "net", "network-mode", "share-net":
		if value == "host" || name == "share-net" {
			return "--set namespaces.net=host", ""
		}
		return "--new net", ""
	case "pid", "ipc", "uts", "cgroup", "time", "mount":
		if value == "host" {
			return "--set namespaces." + name + "=host", ""
		}
		return "--new " + name, ""
	case "memory":
		return "--set limits.memory=" + strings.ToUpper(value), ""
	case "cpus":
		return "--set limits.cpu=" + value, ""
	case "pids-limit":
		return "--set limits.tasks=" + value, ""
	case "uid", "gid":
		return "--set process." + name + "=" + value, ""
	case "user":
		if digits(value) {
			return "--set process.uid=" + value, ""
		}
		return "--new user", ""
	case "cap-add":
		return "--capabilities " + value, ""
	case "cap-drop":
		return "--capabilities none", ""
	case "read-only":
		return "--set root.readonly=true", ""
	case "dev":
		return "--set dev=minimal", ""
	case "chroot", "root", "rootfs", "directory":
		return "--set root=" + value, ""
	case "profile", "config", "file":
		return "", "leave it out: the profile needs no flag"
	case "dry-run":
		return "", "nslaunch plan shows what run would do"
	case "clearenv":
		return "--set env.inherit=[]", ""
	}
	return "", ""
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

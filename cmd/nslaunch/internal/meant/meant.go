// Package meant guesses what a wrong word of a command line was meant to be: one of ours that is spelt almost the same, or
// what another program calls by that word. Its hints follow the error, and what they say to write can be pasted.
package meant

import (
	"fmt"
	"slices"

	"github.com/nslaunch/nslaunch/internal/nearest"
)

// Command returns a hint at the command that was meant by a word; "" if there is none.
func Command(word string, known []string) string {
	switch word {
	case "boot":
		return " (nslaunch boots no system yet: it runs one command)"
	case "pull", "push", "images", "image", "import", "load":
		return " (nslaunch has no images: its root is a directory)"
	case "rm", "rmi", "prune", "remove", "delete":
		return " (nothing of a sandbox is left when it ends; nslaunch stop ends one that runs)"
	case "restart":
		return " (a service manager restarts what ends: nslaunch unit PROFILE prints a unit)"
	}
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
	case "list", "status", "machines", "containers", "sandboxes", "top":
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
	case "inspect", "describe":
		return "explain"
	case "config":
		return "show"
	case "enable", "service":
		return "unit"
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

// Word returns a hint at the word of known that is spelt almost the same; "" if there is none.
func Word(word string, known []string) string {
	meant := nearest.Of(word, known)
	if meant == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", meant)
}

// Type returns a hint at the type of namespaces that was meant by a word; "" if there is none.
func Type(word string, known []string) string {
	meant := ""
	switch word {
	case "network":
		meant = "net"
	case "process":
		meant = "pid"
	case "hostname":
		meant = "uts"
	default:
		return Word(word, append(known, "all"))
	}
	return fmt.Sprintf(" (did you mean %q?)", meant)
}

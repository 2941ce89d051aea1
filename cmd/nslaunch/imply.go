package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// imply adds the namespaces that flags in place of a profile need: --hostname needs a new uts namespace, and a caller without CAP_SYS_ADMIN a new
// user namespace, of which a note says so. A key that --set gives is as in a profile: it implies nothing.
func (r *request) imply(c *cli.Call) {
	r.settings = append(r.settings, impliedNamespaces(r.settings)...)
	if keepsProc(r.settings) && cli.IsTerminal(os.Stderr) {
		c.Notef("/proc is still the host's, so ps fails or shows the host's processes (add --mount-proc)")
	}
	if s := needsUser(r.settings); s.From != "" && !privileged() {
		r.put(s.From, "namespaces.user", "new")
		c.Notef("uid %d needs a user namespace for %s, and is root in it (add -r to hide this note, or -c to keep your ids)", os.Geteuid(), flagOf(s))
	}
}

// flagOf returns the flag that gives a setting, with the part of its value that does so: "--new net".
func flagOf(s config.Setting) string {
	switch s.From {
	case "--new":
		return "--new " + strings.TrimPrefix(s.Key, "namespaces.")
	case config.FromSet:
		return fmt.Sprintf("--set %s=%s", s.Key, s.Value)
	}
	return s.From
}

// impliedNamespaces returns the settings of the namespaces that the keys of flags need, where no flag says what those are.
func impliedNamespaces(settings []config.Setting) []config.Setting {
	given, all := givenKinds(settings)
	if all {
		return nil
	}
	var implied []config.Setting
	for _, s := range settings {
		for _, kind := range namespacesOf(s) {
			if s.From != config.FromSet && !given[kind] {
				given[kind] = true
				implied = append(implied, config.Setting{Key: "namespaces." + string(kind), Value: "new", From: s.From})
			}
		}
	}
	return implied
}

// keepsProc reports whether there is a new pid namespace, and no flag about the /proc that shows it.
func keepsProc(settings []config.Setting) bool {
	given, all := givenKinds(settings)
	if all || given[config.Mount] {
		return false
	}
	proc := func(s config.Setting) bool { return s.Key == "proc" || strings.HasPrefix(s.Key, "proc.") }
	pid := func(s config.Setting) bool {
		return s.Key == "namespaces.pid" && fmt.Sprint(s.Value) == string(config.NamespaceNew)
	}
	return slices.ContainsFunc(settings, pid) && !slices.ContainsFunc(settings, proc)
}

// givenKinds returns the kinds of namespaces that settings name, and whether there is one for all kinds.
func givenKinds(settings []config.Setting) (given map[config.NamespaceKind]bool, all bool) {
	given = map[config.NamespaceKind]bool{}
	for _, s := range settings {
		if s.Key == "namespaces" || s.Key == "namespaces.all" {
			all = true
		}
		if kind, ok := strings.CutPrefix(s.Key, "namespaces."); ok {
			given[config.NamespaceKind(kind)] = true
		}
	}
	return given, all
}

// namespacesOf returns the kinds of namespaces without which a setting does nothing or fails.
func namespacesOf(s config.Setting) []config.NamespaceKind {
	section, _, _ := strings.Cut(s.Key, ".")
	switch section {
	case "hostname":
		return []config.NamespaceKind{config.UTS}
	case "mounts", "root", "propagation":
		return []config.NamespaceKind{config.Mount}
	case "proc":
		switch s.Value {
		case string(config.ProcHost):
		case string(config.ProcNew):
			return []config.NamespaceKind{config.Mount, config.PID}
		default:
			return []config.NamespaceKind{config.Mount}
		}
	case "network":
		return []config.NamespaceKind{config.Net}
	case "idmap":
		return []config.NamespaceKind{config.User}
	}
	return nil
}

// needsUser returns the setting of the first new namespace that a caller without CAP_SYS_ADMIN can make only in a user namespace of its own.
// It is zero if a flag says which user namespace it is, or joins a namespace, which belongs to another one.
func needsUser(settings []config.Setting) (first config.Setting) {
	if given, all := givenKinds(settings); all || given[config.User] {
		return config.Setting{}
	}
	for _, s := range settings {
		if !strings.HasPrefix(s.Key, "namespaces.") {
			continue
		}
		switch fmt.Sprint(s.Value) {
		case string(config.NamespaceNew):
			if first.From == "" {
				first = s
			}
		case string(config.NamespaceHost):
		default:
			return config.Setting{}
		}
	}
	return first
}

// privileged reports whether this process has CAP_SYS_ADMIN.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

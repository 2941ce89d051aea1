package main

import (
	"fmt"
	"slices"
	"strings"
)

// scenario is one question, and one table.
type scenario struct {
	name    string
	title   string
	measure measure
	spec    func(layout) spec
	mounts  int // of the mount namespace that is launched from, at least
	share   int // one of so many rounds, where each takes long
	special special
}

// special is a scenario that has programs of its own.
type special string

const (
	inSystemd  special = "scope"  // in a machine with systemd
	withLinked special = "linked" // nslaunch with a library that it does without
)

// scenarios in the order in which they run and are shown.
func scenarios() []scenario {
	all := []scenario{
		{name: "minimal", title: "new mount, pid, uts, ipc and cgroup namespaces, the host's tree, a new /proc", measure: measureLaunch, spec: minimalSpec, share: 1},
		{name: "minimal+user", title: "the same with a user namespace", measure: measureLaunch, share: 1,
			spec: func(l layout) spec { return minimalSpec(l).with("user") }},
		{name: "minimal+net", title: "the same as minimal with a network namespace", measure: measureLaunch, share: 1,
			spec: func(l layout) spec { return minimalSpec(l).with("net") }},
		{name: "dev", title: "a sandbox to develop in: system directories read-only, /tmp, home and root in memory, a minimal /dev, a project, a host name, no capabilities",
			measure: measureLaunch, spec: devSpec, share: 1},
	}
	for _, n := range []int{10, 100, 1000} {
		all = append(all, scenario{name: fmt.Sprintf("binds-%d", n), title: fmt.Sprintf("%d read-only bind mounts in a root in memory, new mount and pid namespaces", n),
			measure: measureLaunch, share: max(1, n/50), spec: func(l layout) spec { return bindsSpec(l, n) }})
	}
	for _, n := range []int{25, 200, 1000} {
		all = append(all, scenario{name: fmt.Sprintf("mounts-%d", n), title: fmt.Sprintf("minimal, from a mount namespace with %d mounts", n),
			measure: measureLaunch, spec: minimalSpec, mounts: n, share: 2})
	}
	return append(all,
		scenario{name: "parallel", title: "minimal, many at a time: the time for all, divided by their number", measure: measureParallel, spec: minimalSpec, share: 40},
		scenario{name: "memory", title: "minimal, with a command that sleeps: memory (PSS) of all processes but the command", measure: measureMemory, spec: minimalSpec, share: 40},
		scenario{name: "idle", title: "many such sandboxes at once: memory (PSS) of all processes but the commands, for each", measure: measureIdle, spec: minimalSpec, share: 1},
		scenario{name: "scope", title: "minimal, in a scope of systemd", measure: measureLaunch, spec: minimalSpec, share: 2, special: inSystemd},
		scenario{name: "linked", title: "minimal, and the same linked with the libraries of D-Bus", measure: measureLaunch, spec: minimalSpec, share: 1, special: withLinked},
	)
}

// wholeOf names the second table of idle.
const wholeOf = "idle-machine"

// titleOf says what a table is about.
func titleOf(name string) string {
	if name == wholeOf {
		return "how much less memory the machine has for each sandbox, with the commands and what the kernel keeps"
	}
	for _, s := range scenarios() {
		if s.name == name {
			return s.title
		}
	}
	return name
}

// family is what a scenario's name has before its number, and the number, or 0.
func family(name string) (string, int) {
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		var n int
		if _, err := fmt.Sscanf(name[i+1:], "%d", &n); err == nil {
			return name[:i], n
		}
	}
	return name, 0
}

// choose returns the scenarios that a list of names or families names, all for none.
func choose(list string) ([]scenario, error) {
	all := scenarios()
	if list == "" {
		return all, nil
	}
	var known []string
	for _, s := range all {
		known = append(known, s.name)
	}
	var chosen []string
	for name := range strings.SplitSeq(list, ",") {
		found := false
		for _, s := range all {
			if f, _ := family(s.name); s.name == name || f == name {
				chosen, found = append(chosen, s.name), true
			}
		}
		if !found {
			return nil, fmt.Errorf("unknown scenario %q, want %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(s scenario) bool { return !slices.Contains(chosen, s.name) }), nil
}

package units

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/mountprop"
)

// cgroups are the control groups of a process: by hierarchy, which is "" for version 2 and a list such as
// "cpu,cpuacct" or "name=systemd" for version 1. The paths are those of this
// process's cgroup namespace.
type cgroups map[string]string

func cgroupsOf(pid int) (cgroups, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	all := cgroups{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) == 3 {
			all[parts[1]] = strings.TrimSuffix(parts[2], " (deleted)")
		}
	}
	return all, nil
}

// hierarchy finds the hierarchy of version 1 that has a controller.
func (c cgroups) hierarchy(controller string) (name string, ok bool) {
	for name := range c {
		if slices.Contains(strings.Split(name, ","), controller) {
			return name, true
		}
	}
	return "", false
}

// unit returns the hierarchy by which systemd has the process in a unit's
// control group, and the path there. below allows for one below it.
func (c cgroups) unit(group string, below bool) (hierarchy, path string, ok bool) {
	for _, hierarchy := range []string{"", "name=systemd"} {
		if path, ok := within(c[hierarchy], group, below); ok {
			return hierarchy, path, true
		}
	}
	return "", "", false
}

// within reports whether p is the control group that a manager calls group, and returns it, or with
// below that of p's parents that is. With another cgroup namespace, one path is the end of the other.
func within(p, group string, below bool) (string, bool) {
	for ; p != "" && p != "/" && p != "."; p = path.Dir(p) {
		if strings.HasSuffix(p, group) || strings.HasSuffix(group, p) {
			return p, len(group) > 1
		}
		if !below {
			break
		}
	}
	return "", false
}

var errNoMount = errors.New("it is not mounted here")

// directory is where a control group of a hierarchy is in this process's mount namespace.
func directory(mounts []mountprop.Mount, hierarchy, group string) (string, error) {
	for _, m := range mounts {
		if !mountOf(m, hierarchy) {
			continue
		}
		rest, ok := strings.CutPrefix(group, strings.TrimSuffix(m.Root, "/"))
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		dir := path.Join(m.Target, rest)
		if _, err := os.Stat(path.Join(dir, "cgroup.procs")); err == nil {
			return dir, nil
		}
	}
	return "", errNoMount
}

func mountOf(m mountprop.Mount, hierarchy string) bool {
	if hierarchy == "" {
		return m.FSType == "cgroup2"
	}
	if m.FSType != "cgroup" {
		return false
	}
	options := strings.Split(m.SuperOptions, ",")
	for name := range strings.SplitSeq(hierarchy, ",") {
		if !slices.Contains(options, name) {
			return false
		}
	}
	return true
}

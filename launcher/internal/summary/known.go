package summary

import (
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
)

// known is what the caller has on the host that a sandbox may not be supposed to reach.
type known struct {
	home    []string // the paths of the home directory: HOME first, without symbolic links; nil if it is not known
	proc    []string // the paths of /proc
	sockets []string // directories outside /run in which services have their sockets
}

// knownTo looks for what the environment of the caller names.
func knownTo(env func(string) string) known {
	mounts, _ := mountprop.Self() // without them, each has one path
	k := known{proc: pathsOf("/proc", mounts)}
	sockets := []string{"/tmp/.X11-unix"}
	if agent := env("SSH_AUTH_SOCK"); path.IsAbs(agent) {
		sockets = append(sockets, path.Dir(agent))
	}
	if home := env("HOME"); path.IsAbs(home) {
		if home = real(home); home != "/" {
			k.home = pathsOf(home, mounts)
			sockets = append(sockets, path.Join(home, ".gnupg"))
		}
	}
	for _, dir := range sockets {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			k.sockets = append(k.sockets, real(dir))
		}
	}
	return k
}

// real is a path without symbolic links, as far as it exists.
func real(p string) string {
	if target, err := filepath.EvalSymlinks(p); err == nil {
		return target
	}
	return path.Clean(p)
}

// pathsOf returns the paths at which the caller has what is at a path, that path first.
func pathsOf(p string, mounts []mountprop.Mount) []string {
	names := []string{p}
	var m mountprop.Mount // that the path lies in
	for _, one := range mounts {
		if tree.Below(p, one.Target) && len(one.Target) >= len(m.Target) {
			m = one
		}
	}
	info, err := os.Stat(p)
	if m.Target == "" || err != nil {
		return names
	}
	m.Root = path.Join(m.Root, within(p, m.Target))
	for _, name := range onHost(m, mounts) {
		other, err := os.Stat(name)
		covered := err == nil && !os.SameFile(info, other)
		if !covered && !os.IsNotExist(err) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

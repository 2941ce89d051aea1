package host

import (
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Covers reports whether count ids from first on are all inside the map.
func Covers(ranges []config.IDRange, first, count uint32) bool {
	next, end := uint64(first), uint64(first)+uint64(count)
	for moved := true; moved && next < end; {
		moved = false
		for _, r := range ranges {
			if lo, hi := uint64(r.Inside), uint64(r.Inside)+uint64(r.Count); next >= lo && next < hi {
				next, moved = hi, true
			}
		}
	}
	return next >= end
}

// Receives reports whether mounts of that kind receive what the host mounts later.
func Receives(p mountprop.Propagation) bool {
	return p == mountprop.Slave || p == mountprop.Shared || p == mountprop.SlaveShared
}

// IsMount reports whether an entry is a mount.
func IsMount(m config.MountEntry) bool {
	return m.Type != config.MountSymlink && m.Type != config.MountDir
}

// Lookup returns the value of a variable of an environment; the path that
// execvp(3) falls back to where PATH is not set.
func Lookup(env []string, name string) string {
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return "/bin:/usr/bin"
}

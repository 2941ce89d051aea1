package mountprop

import (
	"path"
	"strings"
)

// At returns the mount that a path lookup of target ends on, if target is a
// mount point: of several stacked there the topmost, and never one that lies
// hidden below a mount on a parent directory. target is absolute and free of
// symbolic links.
func At(mounts []Mount, target string) (Mount, bool) {
	target = path.Clean(target)
	listed := make(map[int]bool, len(mounts))
	for _, m := range mounts {
		listed[m.ID] = true
	}
	// Walk down as the kernel does. Before the first step we stand on a mount
	// that is not listed: the parent of the root's, or the mount that a chroot
	// hides.
	here, found := Mount{}, false
	step := func(point string) bool {
		for _, m := range mounts {
			onTop := m.Parent == here.ID && m.ID != here.ID
			if !found {
				onTop = !listed[m.Parent] || m.Parent == m.ID
			}
			if onTop && m.Target == point {
				here, found = m, true
				return true
			}
		}
		return false
	}
	for _, point := range prefixes(target) {
		// A mount can cover another at the same point, each on the one before;
		// a list that was made up could do so in a circle.
		for range mounts {
			if !step(point) {
				break
			}
		}
	}
	return here, found && here.Target == target
}

// prefixes returns "/", "/a", "/a/b" for "/a/b".
func prefixes(target string) []string {
	points := []string{"/"}
	for i := 1; i <= len(target); i++ {
		if i == len(target) && target != "/" || i < len(target) && target[i] == '/' {
			points = append(points, target[:i])
		}
	}
	return points
}

// HasOption reports whether one of m's own options is the given one.
func (m Mount) HasOption(option string) bool {
	for o := range strings.SplitSeq(m.Options, ",") {
		if o == option {
			return true
		}
	}
	return false
}

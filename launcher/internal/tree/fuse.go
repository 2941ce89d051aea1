package tree

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/mountprop"
)

// FuseMount is a FUSE file system that only its owner may use: the kernel refuses all others, root too, unless it
// is mounted with allow_other; see fuse(4), and fuse_allow_current_process in the kernel.
type FuseMount struct {
	Target string
	UID    uint32 // its owner's
}

// FuseAt returns the FUSE file system that a path is on, if only its owner may use that. A refused path cannot be
// resolved, so symbolic links above it count for nothing.
func FuseAt(mounts []mountprop.Mount, file string) (FuseMount, bool) {
	on, ok := mountprop.At(mounts, file)
	for ; !ok && file != "/"; on, ok = mountprop.At(mounts, file) {
		file = path.Dir(file)
	}
	kind, _, _ := strings.Cut(on.FSType, ".")
	if kind != "fuse" && kind != "fuseblk" {
		return FuseMount{}, false
	}
	found := FuseMount{Target: on.Target}
	for option := range strings.SplitSeq(on.SuperOptions, ",") {
		if option == "allow_other" {
			return FuseMount{}, false
		}
		if id, ok := strings.CutPrefix(option, "user_id="); ok {
			n, _ := strconv.ParseUint(id, 10, 32)
			found.UID = uint32(n)
		}
	}
	return found, true
}

// Hint is for the error of a path that is refused before the launch.
func (m FuseMount) Hint() string {
	if m.Target == "" {
		return ""
	}
	return fmt.Sprintf(" (the FUSE file system on %s is closed to all but uid %d: %s)", quote.Word(m.Target), m.UID, FuseCure)
}

// FuseCure is the mount option that opens a FUSE file system to others.
const FuseCure = "mount it with -o allow_other (an ordinary user needs user_allow_other in /etc/fuse.conf for that)"

package launcher

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// fuse is about a path of the host that the sandbox's processes may not use.
func (f *failure) fuse(file string) Advice {
	m, ok := tree.FuseAt(f.machine.mounts(), file)
	if !ok {
		return Advice{}
	}
	a := Advice{Cause: fmt.Sprintf("the FUSE file system on %s is closed to all but uid %d, root included", quote.Word(m.Target), m.UID), Cure: try(tree.FuseCure)}
	if m.UID == f.plan.host.UID {
		a.Cure = try("%s, which keeps the caller's ids, or "+tree.FuseCure, set("idmap", "keep"))
	}
	return a
}

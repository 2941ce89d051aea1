package diagnose

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// fuse is about a path of the host that the sandbox's processes may not use.
func (f *Failure) fuse(file string) plan.Advice {
	m, ok := tree.FuseAt(f.machine.mounts(), file)
	if !ok {
		return plan.Advice{}
	}
	a := plan.Advice{Cause: fmt.Sprintf("the FUSE file system on %s lets in only uid %d, and not even root", quote.Word(m.Target), m.UID), Cure: plan.Try(tree.FuseCure)}
	if m.UID == f.Plan.Host.UID {
		a.Cure = plan.Try("%s, which keeps the caller's ids, or "+tree.FuseCure, plan.Set("idmap", "keep"))
	}
	return a
}

package diagnose

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// mapped is about ids of a tree that cannot be mapped: it says which file system it was.
func mapped(e *step.IdmapError) plan.Advice {
	if e.Mount.Target == "" {
		return plan.Advice{}
	}
	cure := plan.Try("use a directory on another file system, or leave out idmap")
	if e.Mount.Target != e.Source && tree.Below(e.Mount.Target, e.Source) {
		cure = plan.Try("recursive = false, or leave out idmap")
	}
	switch errno, _ := AsErrno(e.Err); errno {
	case unix.EINVAL:
		return plan.Advice{Cause: fmt.Sprintf("%s, the file system on %s, does not support mapped ids in this kernel", e.Mount.FSType, quote.Word(e.Mount.Target)), Cure: cure}
	case unix.EPERM:
		return plan.Advice{Cause: fmt.Sprintf("the ids of %s, on %s, are mapped already", e.Mount.FSType, quote.Word(e.Mount.Target)), Cure: cure}
	}
	return plan.Advice{}
}

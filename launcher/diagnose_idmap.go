package launcher

import (
	"fmt"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// idmapError is the refusal to map the ids of a tree, with the mount that is to blame.
type idmapError struct {
	Err    error
	Source string
	Mount  mountprop.Mount // zero where it was not found
}

func (e *idmapError) Error() string { return e.Err.Error() }

func (e *idmapError) Unwrap() error { return e.Err }

// refused finds out which of the mounts of the tree cannot have mapped ids: the kernel
// does not say.
func (a lendTree) refused(ns int, err error) error {
	e := &idmapError{Err: err, Source: a.Source}
	var st unix.Statx_t
	mounts, failed := mountprop.Self()
	if failed != nil || unix.Statx(unix.AT_FDCWD, a.Source, 0, unix.STATX_MNT_ID, &st) != nil {
		return e
	}
	for _, m := range mounts {
		path := m.Target
		switch {
		case uint64(m.ID) == st.Mnt_id:
			path = a.Source
		case !a.Recursive || !tree.Below(m.Target, a.Source):
			continue
		}
		tree, failed := mappedClone(unix.AT_FDCWD, path, ns, false)
		if failed != nil {
			e.Mount = m
			break
		}
		unix.Close(tree)
	}
	return e
}

// mapped is about ids of a tree that cannot be mapped: it says which file system it was.
func mapped(e *idmapError) Advice {
	if e.Mount.Target == "" {
		return Advice{}
	}
	cure := try("a directory of another file system, or leave idmap out")
	if e.Mount.Target != e.Source && tree.Below(e.Mount.Target, e.Source) {
		cure = try("recursive = false, or leave idmap out")
	}
	switch errno, _ := asErrno(e.Err); errno {
	case unix.EINVAL:
		return Advice{Cause: fmt.Sprintf("%s, the file system on %s, does not have mapped ids in this kernel", e.Mount.FSType, quote.Word(e.Mount.Target)), Cure: cure}
	case unix.EPERM:
		return Advice{Cause: fmt.Sprintf("the ids of %s, on %s, are mapped already", e.Mount.FSType, quote.Word(e.Mount.Target)), Cure: cure}
	}
	return Advice{}
}

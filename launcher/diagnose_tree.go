package launcher

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// retry is the cure where something changed between the look and the launch.
const retry = "run it again"

// treeFailure is a failed step of those that build the root.
type treeFailure struct {
	plan  *Plan
	errno unix.Errno
	call  string
	said  string // by the kernel
}

// advice is the likely cause and what to do about it, "" where nothing is known.
func (f *treeFailure) advice(a Action) (cause, cure string) {
	switch a := a.(type) {
	case bindMount:
		return f.bind(a)
	case cloneRoot:
		return f.source(a.Path)
	case cloneEarly:
		return f.source(a.Source)
	case overlayRoot:
		return f.overlay(a.overlay)
	case mountOverlay:
		if f.atTarget() {
			return f.target(a.At)
		}
		return f.overlay(a.overlay)
	case mountFS:
		return f.newFS(a)
	case mountProc:
		if f.atTarget() {
			return f.target(a.At)
		}
	case coverProc:
		return f.target(a.At)
	case mountFile:
		return f.target(a.At)
	case makeSymlink:
		return f.target(a.At)
	case makeDir:
		return f.target(a.At)
	case maskMount:
		if f.call == "statx" {
			return f.source("/dev/null")
		}
		return f.target(a.At)
	case placeSocket:
		if f.atTarget() || f.call == "bind" && f.errno == unix.EOVERFLOW {
			return f.target(a.At)
		}
	case makeScratch, tmpfsRoot:
		return f.target(mountPoint{Path: "/"})
	case makeLayerDir:
		return f.layerDir(a)
	case lockLayer:
		return f.lock(a)
	}
	return "", ""
}

// atTarget tells whether it was the mount point that failed, and not what is mounted.
func (f *treeFailure) atTarget() bool {
	switch f.call {
	case "openat2", "mkdirat", "mknodat", "symlinkat", "move_mount":
		return true
	}
	return false
}

// target is about a mount point: one that has to be there, or is made.
func (f *treeFailure) target(m mountPoint) (cause, cure string) {
	if m.Path == "" {
		return "", "" // no tree was built
	}
	making := f.call == "mkdirat" || f.call == "mknodat" || f.call == "symlinkat" || f.call == "openat"
	switch f.errno {
	case unix.EOVERFLOW:
		return "what is made there would belong to an id that is not mapped in the sandbox", "an idmap that maps the caller, or the ids of process.uid"
	case unix.EACCES, unix.EPERM:
		if !making {
			return fmt.Sprintf("a directory above %s is closed to the sandbox's ids", m.Path), "an idmap that maps its owner, or open it to others"
		}
		return fmt.Sprintf("a directory in which %s is to be made belongs to an id that is not mapped in the sandbox", m.Path),
			"make it there, or map that id (idmap)"
	case unix.EEXIST:
		return "since the plan was made, something was put there", retry
	case unix.EROFS:
		return "the file system there is read-only", "make the mount point there, or mount a tmpfs above it"
	case unix.ENOSPC:
		return "the file system in memory is full", "more memory for it (size)"
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.EXDEV:
		return fmt.Sprintf("%s is not what it was when the plan was made", m.Path), retry
	}
	return "", ""
}

// source is about a file or directory of the host that is opened and cloned.
func (f *treeFailure) source(path string) (cause, cure string) {
	switch {
	case f.call == "statx" && f.errno == unix.ESTALE && (below(path, "/proc/self") || below(path, "/proc/thread-self")):
		return fmt.Sprintf("%s is another one for each process", path), "the path with a process id"
	case f.call == "statx" && f.errno == unix.ESTALE:
		return fmt.Sprintf("since the plan was made, %s was replaced", path), retry
	case f.errno == unix.ENOENT, f.errno == unix.ENOTDIR, f.errno == unix.ELOOP:
		return fmt.Sprintf("since the plan was made, %s went away", path), retry
	case f.errno == unix.EACCES:
		return fmt.Sprintf("a directory above %s is closed to the ids that the sandbox has (idmap)", path),
			`idmap.mode = "keep", which keeps the caller's, or open the directory to others`
	}
	return "", ""
}

func (f *treeFailure) bind(a bindMount) (cause, cure string) {
	user := f.plan.profile.Namespaces.New(config.User)
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.call == "open_tree" && f.errno == unix.EINVAL && !a.Recursive && user:
		return fmt.Sprintf("in a user namespace, what is mounted below %s cannot be taken off it", a.Source), "recursive = true"
	case f.call == "mount_setattr" && f.errno == unix.EPERM && a.Attributes.Clear != 0:
		return fmt.Sprintf("in a user namespace the access times of %s are kept as the host mounts it", a.Source), "leave the option out, or mount it so on the host"
	case f.call == "mount_setattr" && f.errno == unix.EPERM && a.Attributes.Allow != 0:
		return fmt.Sprintf("the host forbids this where it mounts %s, and in a user namespace that cannot be taken back", a.Source),
			"leave the option out, or allow it on the host: " + attributes{Allow: a.Attributes.Allow}.words()
	}
	return f.source(a.Source)
}

// overlay is about the making of one.
func (f *treeFailure) overlay(o overlay) (cause, cure string) {
	var locked []string
	for _, lower := range o.Lower {
		locked = append(locked, f.plan.host.Files[lower].Mounts...)
	}
	what := strings.Join(o.Lower, ", ")
	switch {
	case f.call == "faccessat2" && o.Dir != "":
		return fmt.Sprintf("%s is not writable for the ids of the sandbox, and nothing could be changed", o.Dir), f.writableCure(o)
	case f.call == "faccessat2":
		return "it could not be written to", ""
	case f.call == "openat" && f.errno == unix.EACCES && o.Dir != "":
		return f.source(cmp.Or(o.Dir, what))
	case f.call == "openat", f.call == "openat2", f.call == "statx":
		return f.source(what)
	case f.call == "fsopen" && f.errno == unix.ENODEV:
		return "this kernel has no overlays", "modprobe overlay, or a kernel built with CONFIG_OVERLAY_FS"
	case f.call == "fsopen" && f.errno == unix.EPERM:
		return "this kernel leaves overlays to root of the machine", "Linux 5.11"
	case f.errno == unix.EINVAL && o.User && len(locked) > 0:
		return fmt.Sprintf("in a user namespace, what is mounted below a directory cannot be taken off it: %s", few(locked)),
			"a directory without mounts below it"
	case f.errno == unix.ELOOP:
		return "its directories lie in one another, or one is there twice", "directories apart from each other"
	case f.errno == unix.EBUSY:
		return o.Dir + " is in use by another overlay", "a directory of its own for each"
	case f.errno == unix.ESTALE:
		return o.Dir + " has the changes to another directory", "an empty one"
	case f.errno == unix.EINVAL && f.said == "":
		return "the file system of one of its directories cannot be part of it: proc, for instance, or overlays upon overlays", "other directories; the kernel's log (dmesg) names the one"
	}
	return "", ""
}

func (f *treeFailure) writableCure(o overlay) string {
	upper := f.plan.host.Files[o.Dir+"/upper"]
	return fmt.Sprintf("chown it to an id that the sandbox has (upper belongs to uid %d), or map its owner (idmap)", upper.UID)
}

// newFS is about a new file system.
func (f *treeFailure) newFS(a mountFS) (cause, cure string) {
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.errno == unix.ENODEV:
		return fmt.Sprintf("this kernel has no %s", a.Type), "a kernel that has it"
	case a.Type == "sysfs" && f.errno == unix.EPERM:
		return "the outer /sys is partly covered or read-only, and the kernel allows a new one only where the old is fully visible", `sys = "host", or start the outer container with a whole /sys`
	}
	return "", ""
}

// lock is about a directory that only one overlay may have.
func (f *treeFailure) lock(a lockLayer) (cause, cure string) {
	switch f.errno {
	case unix.EAGAIN:
		return "another sandbox keeps its changes in " + a.Dir + ", and runs", "a directory of its own for each"
	case unix.EACCES:
		return fmt.Sprintf("uid %d may not read %s, and so not lock it", f.plan.host.UID, a.Dir), "a directory that it may read"
	}
	return "", ""
}

// layerDir is about the directory of an overlay, which the launcher makes.
func (f *treeFailure) layerDir(a makeLayerDir) (cause, cure string) {
	switch f.errno {
	case unix.EACCES, unix.EPERM, unix.EROFS:
		return fmt.Sprintf("uid %d may not make %s", f.plan.host.UID, a.Dir), "XDG_STATE_HOME, or another directory"
	}
	return "", ""
}

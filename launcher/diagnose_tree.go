package launcher

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// retry is the cure where something changed between the look and the launch.
const retry = "run it again"

// tree is about the steps that build the root.
func (f *failure) tree(a Action) Advice {
	if f.errno == unix.EINVAL && (f.call == "fchownat" || f.call == "fsconfig" && hasOwner(a)) {
		return Advice{Cause: "the owner of what is made is not mapped in the sandbox's user namespace", Cure: try("a uid and gid that are")}
	}
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
	return Advice{}
}

// atTarget tells whether it was the mount point that failed, and not what is mounted.
func (f *failure) atTarget() bool {
	switch f.call {
	case "openat2", "mkdirat", "mknodat", "symlinkat", "move_mount":
		return true
	}
	return false
}

// target is about a mount point: one that has to be there, or is made.
func (f *failure) target(m mountPoint) Advice {
	if m.Path == "" {
		return Advice{} // no tree was built
	}
	making := f.call == "mkdirat" || f.call == "mknodat" || f.call == "symlinkat" || f.call == "openat"
	switch f.errno {
	case unix.EOVERFLOW:
		return Advice{Cause: "what is made there would belong to an id that is not mapped in the sandbox", Cure: try("%s, which maps the caller", set("idmap", "keep"))}
	case unix.EACCES, unix.EPERM:
		if !making {
			return Advice{Cause: fmt.Sprintf("a directory above %s is closed to the sandbox's ids", m.Path), Cure: try("an idmap that maps its owner, or open it to others")}
		}
		return Advice{Cause: fmt.Sprintf("a directory in which %s is to be made belongs to an id that is not mapped in the sandbox", m.Path), Cure: try("make it there, or map that id (idmap)")}
	case unix.EEXIST:
		return Advice{Cause: "since the plan was made, something was put there", Cure: try(retry)}
	case unix.EROFS:
		return Advice{Cause: "the file system there is read-only", Cure: try("make the mount point there, or mount a tmpfs above it")}
	case unix.ENOSPC:
		return Advice{Cause: "the file system in memory is full", Cure: try("more memory for it (size)")}
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.EXDEV:
		return Advice{Cause: fmt.Sprintf("%s is not what it was when the plan was made", m.Path), Cure: try(retry)}
	}
	return Advice{}
}

// source is about a file or directory of the host that is opened and cloned.
func (f *failure) source(path string) Advice {
	switch {
	case f.call == "statx" && f.errno == unix.ESTALE:
		return Advice{Cause: fmt.Sprintf("since the plan was made, %s was replaced", path), Cure: try(retry)}
	case f.errno == unix.ENOENT, f.errno == unix.ENOTDIR, f.errno == unix.ELOOP:
		return Advice{Cause: fmt.Sprintf("since the plan was made, %s went away", path), Cure: try(retry)}
	case f.errno == unix.EACCES:
		if d := f.fuse(path); d.some() {
			return d
		}
		return Advice{Cause: fmt.Sprintf("a directory above %s is closed to the ids that the sandbox has (idmap)", path), Cure: try("%s, which keeps the caller's, or open the directory to others", set("idmap", "keep"))}
	}
	return Advice{}
}

func (f *failure) bind(a bindMount) Advice {
	user := f.plan.profile.Namespaces.New(config.User)
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.call == "open_tree" && f.errno == unix.EINVAL && !a.Recursive && user:
		return Advice{Cause: fmt.Sprintf("in a user namespace, what is mounted below %s cannot be taken off it", a.Source), Cure: f.recursive(a)}
	case f.call == "mount_setattr" && f.errno == unix.EPERM && a.Attributes.Clear != 0:
		return Advice{Cause: fmt.Sprintf("in a user namespace the access times of %s are kept as the host mounts it", a.Source), Cure: try("leave the option out, or mount it so on the host")}
	case f.call == "mount_setattr" && f.errno == unix.EPERM && a.Attributes.Allow != 0:
		return Advice{Cause: fmt.Sprintf("the host forbids this where it mounts %s, and in a user namespace that cannot be taken back", a.Source), Cure: try("leave the option out, or allow it on the host: " + tree.Attributes{Allow: a.Attributes.Allow}.Words())}
	}
	return f.source(a.Source)
}

// recursive is the cure for a bind that shows what lies below its mounts: that it shows those.
func (f *failure) recursive(a bindMount) Cure {
	for _, m := range f.plan.profile.Mounts {
		if m.Type == config.MountBind && m.Source == a.Source && !m.Recursive {
			return change(m.Key+".recursive", true)
		}
	}
	return try("recursive = true")
}

// overlay is about the making of one.
func (f *failure) overlay(o overlay) Advice {
	var locked []string
	for _, lower := range o.Lower {
		locked = append(locked, f.plan.host.Files[lower].Mounts...)
	}
	what := strings.Join(o.Lower, ", ")
	switch {
	case f.call == "faccessat2" && o.Dir != "":
		return Advice{Cause: fmt.Sprintf("%s is not writable for the ids of the sandbox, and nothing could be changed", o.Dir), Cure: f.writableCure(o)}
	case f.call == "faccessat2":
		return Advice{Cause: "it could not be written to"}
	case f.call == "openat" && f.errno == unix.EACCES && o.Dir != "":
		return f.source(cmp.Or(o.Dir, what))
	case f.call == "openat", f.call == "openat2", f.call == "statx":
		return f.source(what)
	case f.call == "fsopen" && f.errno == unix.ENODEV:
		return Advice{Cause: "this kernel has no overlays", Cure: try("modprobe overlay, or a kernel built with CONFIG_OVERLAY_FS")}
	case f.call == "fsopen" && f.errno == unix.EPERM:
		return Advice{Cause: "this kernel leaves overlays to root of the machine", Cure: try("Linux 5.11")}
	case f.errno == unix.EINVAL && o.User && len(locked) > 0:
		return Advice{Cause: fmt.Sprintf("in a user namespace, what is mounted below a directory cannot be taken off it: %s", few(locked)), Cure: try("a directory without mounts below it")}
	case f.errno == unix.ELOOP:
		return Advice{Cause: "its directories lie in one another, or one is there twice", Cure: try("directories apart from each other")}
	case f.errno == unix.EBUSY:
		return Advice{Cause: o.Dir + " is in use by another overlay", Cure: try("a directory of its own for each")}
	case f.errno == unix.ESTALE:
		return Advice{Cause: o.Dir + " has the changes to another directory", Cure: try("an empty one")}
	case f.errno == unix.EINVAL && f.said == "":
		return Advice{Cause: "the file system of one of its directories cannot be part of it: proc, for instance, or overlays upon overlays", Cure: try("other directories; the kernel's log (dmesg) names the one")}
	}
	return Advice{}
}

func (f *failure) writableCure(o overlay) Cure {
	upper := f.plan.host.Files[o.Dir+"/upper"]
	return try("chown it to an id that the sandbox has (upper belongs to uid %d), or map its owner (idmap)", upper.UID)
}

// newFS is about a new file system.
func (f *failure) newFS(a mountFS) Advice {
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.errno == unix.ENODEV:
		return Advice{Cause: fmt.Sprintf("this kernel has no %s", a.Type), Cure: try("a kernel that has it")}
	case a.Type == "sysfs" && f.errno == unix.EPERM:
		return Advice{Cause: "the outer /sys is partly covered or read-only, and the kernel allows a new one only where the old is fully visible", Cure: try("%s, or start the outer container with a whole /sys", set("sys", "host"))}
	}
	return Advice{}
}

// lock is about a directory that only one overlay may have.
func (f *failure) lock(a lockLayer) Advice {
	switch f.errno {
	case unix.EAGAIN:
		return Advice{Cause: "another sandbox keeps its changes in " + a.Dir + ", and runs", Cure: try("a directory of its own for each")}
	case unix.EACCES:
		return Advice{Cause: fmt.Sprintf("uid %d may not read %s, and so not lock it", f.plan.host.UID, a.Dir), Cure: try("a directory that it may read")}
	}
	return Advice{}
}

// layerDir is about the directory of an overlay, which the launcher makes.
func (f *failure) layerDir(a makeLayerDir) Advice {
	switch f.errno {
	case unix.EACCES, unix.EPERM, unix.EROFS:
		return Advice{Cause: fmt.Sprintf("uid %d may not make %s", f.plan.host.UID, a.Dir), Cure: try("XDG_STATE_HOME, or another directory")}
	}
	return Advice{}
}

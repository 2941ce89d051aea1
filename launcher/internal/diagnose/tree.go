package diagnose

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// retry is the cure where something changed between the look and the launch.
const retry = "run it again"

// tree is about the steps that build the root.
func (f *Failure) tree(a plan.Action) plan.Advice {
	if f.Errno == unix.EINVAL && (f.Call == "fchownat" || f.Call == "fsconfig" && hasOwner(a)) {
		return plan.Advice{Cause: "the owner of the new file is not mapped in the sandbox's user namespace", Cure: plan.Try("set uid and gid to ids that are")}
	}
	switch a := a.(type) {
	case step.BindMount:
		return f.bind(a)
	case step.CloneRoot:
		return f.source(a.Path)
	case step.CloneEarly:
		return f.source(a.Source)
	case step.OverlayRoot:
		return f.overlay(a.Overlay)
	case step.MountOverlay:
		if f.atTarget() {
			return f.target(a.At)
		}
		return f.overlay(a.Overlay)
	case step.MountFS:
		return f.newFS(a)
	case step.MountProc:
		if f.atTarget() {
			return f.target(a.At)
		}
	case step.CoverProc:
		return f.target(a.At)
	case step.MountFile:
		return f.target(a.At)
	case step.MakeSymlink:
		return f.target(a.At)
	case step.MakeDir:
		return f.target(a.At)
	case step.MaskMount:
		if f.Call == "statx" {
			return f.source("/dev/null")
		}
		return f.target(a.At)
	case step.PlaceSocket:
		if f.atTarget() || f.Call == "bind" && f.Errno == unix.EOVERFLOW {
			return f.target(a.At)
		}
	case step.MakeScratch, step.TmpfsRoot:
		return f.target(step.MountPoint{Path: "/"})
	case step.MakeLayerDir:
		return f.layerDir(a)
	case step.LockLayer:
		return f.lock(a)
	}
	return plan.Advice{}
}

// atTarget reports whether it was the mount point that failed, and not what is mounted.
func (f *Failure) atTarget() bool {
	switch f.Call {
	case "openat2", "mkdirat", "mknodat", "symlinkat", "move_mount":
		return true
	}
	return false
}

// target is about a mount point: one that has to be there, or is made.
func (f *Failure) target(m step.MountPoint) plan.Advice {
	if m.Path == "" {
		return plan.Advice{} // no tree was built
	}
	making := f.Call == "mkdirat" || f.Call == "mknodat" || f.Call == "symlinkat" || f.Call == "openat"
	switch f.Errno {
	case unix.EOVERFLOW:
		return plan.Advice{Cause: "the new file would belong to an id that is not mapped in the sandbox", Cure: plan.Try("%s, which maps the caller", plan.Set("idmap", "keep"))}
	case unix.EACCES, unix.EPERM:
		if !making {
			return plan.Advice{Cause: fmt.Sprintf("a directory above %s is closed to the sandbox's ids", m.Path), Cure: plan.Try("%s, which keeps the caller's ids, or open the directory to others", plan.Set("idmap", "keep"))}
		}
		return plan.Advice{Cause: fmt.Sprintf("the directory for %s belongs to an id that is not mapped in the sandbox", m.Path), Cure: f.makeOutside(m.Path)}
	case unix.EEXIST:
		return plan.Advice{Cause: "since the plan was made, another file was put there", Cure: plan.Try(retry)}
	case unix.EROFS:
		return plan.Advice{Cause: "the file system there is read-only", Cure: plan.Try("create the mount point there, or mount a tmpfs above it")}
	case unix.ENOSPC:
		return plan.Advice{Cause: "the file system in memory is full", Cure: plan.Try("set a larger size")}
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.EXDEV:
		return plan.Advice{Cause: fmt.Sprintf("%s is not what it was when the plan was made", m.Path), Cure: plan.Try(retry)}
	}
	return plan.Advice{}
}

// source is about a file or directory of the host that is opened and cloned.
func (f *Failure) source(file string) plan.Advice {
	switch {
	case f.Call == "statx" && f.Errno == unix.ESTALE:
		return plan.Advice{Cause: fmt.Sprintf("since the plan was made, %s was replaced", file), Cure: plan.Try(retry)}
	case f.Errno == unix.ENOENT, f.Errno == unix.ENOTDIR, f.Errno == unix.ELOOP:
		return plan.Advice{Cause: fmt.Sprintf("since the plan was made, %s went away", file), Cure: plan.Try(retry)}
	case f.Errno == unix.EACCES:
		if d := f.fuse(file); d.Some() {
			return d
		}
		return plan.Advice{Cause: fmt.Sprintf("a directory above %s is closed to the ids that the sandbox has (idmap)", file), Cure: plan.Try("%s, which keeps the caller's, or open the directory to others", plan.Set("idmap", "keep"))}
	}
	return plan.Advice{}
}

func (f *Failure) bind(a step.BindMount) plan.Advice {
	user := f.Plan.Source.Namespaces.New(config.User)
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.Call == "open_tree" && f.Errno == unix.EINVAL && !a.Recursive && user:
		return plan.Advice{Cause: fmt.Sprintf("in a user namespace, the mounts below %s cannot be left out", a.Source), Cure: f.recursive(a)}
	case f.Call == "mount_setattr" && f.Errno == unix.EPERM && a.Attributes.Clear != 0:
		return plan.Advice{Cause: fmt.Sprintf("in a user namespace the access times of %s follow the host's mount", a.Source), Cure: plan.Try("leave out the option, or mount it with the option on the host")}
	case f.Call == "mount_setattr" && f.Errno == unix.EPERM && a.Attributes.Allow != 0:
		return plan.Advice{Cause: fmt.Sprintf("the host's mount of %s forbids this, and a user namespace cannot lift that", a.Source), Cure: plan.Try("leave out the option, or allow it on the host: " + tree.Attributes{Allow: a.Attributes.Allow}.Words())}
	}
	return f.source(a.Source)
}

// makeOutside is the cure for a mount point that the sandbox may not create: its owner creates it on the host.
func (f *Failure) makeOutside(target string) plan.Cure {
	dir, known := f.hostPath(path.Dir(target))
	if !known {
		return plan.Try("create it on the host, as the owner of its directory")
	}
	command := "touch"
	if f.Call == "mkdirat" {
		command = "mkdir"
	}
	return plan.Try("as the owner of the directory: %s %s", command, quote.Word(path.Join(dir, path.Base(target))))
}

// recursive is the cure for a bind that shows what lies below its mounts: that it shows those.
func (f *Failure) recursive(a step.BindMount) plan.Cure {
	for _, m := range f.Plan.Source.Mounts {
		if m.Type == config.MountBind && m.Source == a.Source && !m.Recursive {
			return plan.Change(m.Key+".recursive", true)
		}
	}
	return plan.Try("recursive = true")
}

// overlay is about the making of one.
func (f *Failure) overlay(o step.Overlay) plan.Advice {
	var locked []string
	for _, lower := range o.Lower {
		locked = append(locked, f.Plan.Host.Files[lower].Mounts...)
	}
	what := strings.Join(o.Lower, ", ")
	switch {
	case f.Call == "faccessat2" && o.Dir != "":
		return plan.Advice{Cause: fmt.Sprintf("%s is not writable for the ids of the sandbox, so changes cannot be stored", o.Dir), Cure: f.writableCure(o)}
	case f.Call == "faccessat2":
		return plan.Advice{Cause: "it could not be written to"}
	case f.Call == "openat" && f.Errno == unix.EACCES && o.Dir != "":
		return f.source(cmp.Or(o.Dir, what))
	case f.Call == "openat", f.Call == "openat2", f.Call == "statx":
		return f.source(what)
	case f.Call == "fsopen" && f.Errno == unix.ENODEV:
		return plan.Advice{Cause: "this kernel has no overlays", Cure: plan.Try("modprobe overlay, or a kernel built with CONFIG_OVERLAY_FS")}
	case f.Call == "fsopen" && f.Errno == unix.EPERM:
		return plan.Advice{Cause: "this kernel allows overlays only to root of the machine", Cure: plan.Try("use Linux 5.11 or newer, or run nslaunch as root")}
	case f.Errno == unix.EINVAL && o.User && len(locked) > 0:
		return plan.Advice{Cause: fmt.Sprintf("in a user namespace, the mounts below a directory cannot be left out: %s", plan.Few(locked)), Cure: plan.Try("use a directory without mounts below it")}
	case f.Errno == unix.ELOOP:
		return plan.Advice{Cause: "one of its directories lies in another, or appears twice", Cure: plan.Try("use directories that do not contain each other")}
	case f.Errno == unix.EBUSY:
		return plan.Advice{Cause: o.Dir + " is in use by another overlay", Cure: plan.Try("use another directory")}
	case f.Errno == unix.ESTALE:
		return plan.Advice{Cause: o.Dir + " has the changes of an overlay on another directory", Cure: plan.Try("use an empty directory")}
	case f.Errno == unix.EINVAL && f.Said == "":
		return plan.Advice{Cause: "an overlay cannot use the file system of one of its directories, such as proc or an overlay upon overlays", Cure: plan.Try("use other directories; the kernel's log (dmesg) may name the wrong one")}
	}
	return plan.Advice{}
}

func (f *Failure) writableCure(o step.Overlay) plan.Cure {
	upper := f.Plan.Host.Files[o.Dir+"/upper"]
	return plan.Try("as root: chown -R %d %s (its upper belongs to uid %d)", f.who().uid, quote.Word(o.Dir), upper.UID)
}

// newFS is about a new file system.
func (f *Failure) newFS(a step.MountFS) plan.Advice {
	switch {
	case f.atTarget():
		return f.target(a.At)
	case f.Errno == unix.ENODEV:
		return plan.Advice{Cause: fmt.Sprintf("this kernel has no %s", a.Type), Cure: plan.Try("use a kernel that has it")}
	case a.Type == "sysfs" && f.Errno == unix.EPERM:
		return plan.Advice{Cause: "the outer /sys is partly covered or read-only, and the kernel allows a new one only where the old is fully visible", Cure: plan.Try("%s, or start the outer container with a whole /sys", plan.Set("sys", "host"))}
	}
	return plan.Advice{}
}

// lock is about a directory that only one overlay may have.
func (f *Failure) lock(a step.LockLayer) plan.Advice {
	switch f.Errno {
	case unix.EAGAIN:
		return plan.Advice{Cause: "another running sandbox keeps its changes in " + a.Dir, Cure: plan.Try("use another directory, or nslaunch ps to find that sandbox")}
	case unix.EACCES:
		return plan.Advice{Cause: fmt.Sprintf("uid %d may not read %s, so nslaunch cannot lock it", f.Plan.Host.UID, a.Dir), Cure: plan.Try("use a directory that it may read")}
	}
	return plan.Advice{}
}

// layerDir is about the directory of an overlay, which the launcher makes.
func (f *Failure) layerDir(a step.MakeLayerDir) plan.Advice {
	switch f.Errno {
	case unix.EACCES, unix.EPERM, unix.EROFS:
		return plan.Advice{Cause: fmt.Sprintf("uid %d may not make %s", f.Plan.Host.UID, a.Dir), Cure: plan.Try("set XDG_STATE_HOME to a directory that is writable, or use another directory")}
	}
	return plan.Advice{}
}

// hasOwner reports whether an action makes a tmpfs for an owner.
func hasOwner(a plan.Action) bool {
	switch a := a.(type) {
	case step.TmpfsRoot:
		return a.Owner != nil
	case step.MountFS:
		return a.Type == "tmpfs" && slices.ContainsFunc(a.Options, func(o string) bool {
			return strings.HasPrefix(o, "uid=") || strings.HasPrefix(o, "gid=")
		})
	}
	return false
}

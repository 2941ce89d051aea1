package diagnose

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// propagation is about mount(2) that changes a mount's kind.
func (f *Failure) propagation(a step.SetPropagation) plan.Advice {
	if f.Errno == unix.EINVAL && a.Target == "/" {
		return plan.Advice{Cause: "/ is not a mount point here: nslaunch runs in a chroot",
			Cure: plan.Try("enter the directory with pivot_root(8), or run this before the chroot: mount --rbind DIR DIR")}
	}
	return f.onProc()
}

// onProc is about /proc as a mount point.
func (f *Failure) onProc() plan.Advice {
	switch f.Errno {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP:
		if f.Call == "openat2" {
			return plan.Advice{Cause: "/proc is not a directory here, but is missing, a file or a symbolic link", Cure: plan.Try("mkdir /proc")}
		}
	case unix.ENODEV:
		return plan.Advice{Cause: "this kernel does not have the file system", Cure: plan.Try("use a kernel built with CONFIG_PROC_FS and CONFIG_TMPFS")}
	}
	return plan.Advice{}
}

// mountProc is about a new proc. In a user namespace the kernel makes the mount
// only where it shows nothing that was hidden before: some proc of the mount
// namespace has to be fully visible.
func (f *Failure) mountProc() plan.Advice {
	if f.Errno != unix.EPERM || f.Call != "fsmount" {
		return f.onProc()
	}
	cure := plan.Try("%s, or start the outer container without masked paths", plan.Set("proc", "host"))
	hidden, found := hiddenProc(f.machine.mounts())
	switch {
	case !found:
		return plan.Advice{Cause: "no proc is mounted in the outer container, and the kernel allows a new one only where another is fully visible",
			Cure: plan.Try("mount one outside, or %s", plan.Set("proc", "none"))}
	case len(hidden) > 0:
		return plan.Advice{Cause: "the outer /proc is partly masked (" + list(hidden, 3) + "), and the kernel allows a new one only where the old is fully visible",
			Cure: cure}
	case f.machine.filtered():
		return plan.Advice{}
	}
	return plan.Advice{Cause: "most likely the outer /proc is partly masked, and the kernel allows a new one only where the old is fully visible",
		Cure: cure}
}

// hiddenProc lists what is mounted below the mounts of proc, and those that
// are read-only; found reports whether there is a proc. On an empty directory
// of proc, such as that of binfmt_misc, a mount hides nothing.
func hiddenProc(mounts []mountprop.Mount) (hidden []string, found bool) {
	for _, proc := range mounts {
		if proc.FSType != "proc" || proc.Root != "/" {
			continue
		}
		found = true
		if proc.HasOption("ro") {
			hidden = append(hidden, proc.Target+" is read-only")
		}
		for _, m := range mounts {
			if m.Parent == proc.ID && m.Target != proc.Target && !strings.HasSuffix(m.Target, "/fs/binfmt_misc") && !strings.HasSuffix(m.Target, "/fs/nfsd") {
				hidden = append(hidden, m.Target)
			}
		}
	}
	slices.Sort(hidden)
	return slices.Compact(hidden), found
}

// list names the first of many.
func list(words []string, most int) string {
	if len(words) > most {
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// protect is about a path below /proc.
func (f *Failure) protect(a step.Protect) plan.Advice {
	switch {
	case f.Errno == unix.ENOENT && f.Call == "openat2":
		return plan.Advice{Cause: a.Path + " exists in the caller's /proc, but not in the sandbox's", Cure: plan.Try("leave it out")}
	case f.Errno == unix.ELOOP && f.Call == "openat2":
		return plan.Advice{Cause: a.Path + " leads through a symbolic link", Cure: plan.Try("name what that points to, or leave it out")}
	case f.Errno == unix.ESTALE:
		return plan.Advice{Cause: "since the plan was made, /dev/null was replaced", Cure: plan.Try(again)}
	}
	return f.onProc()
}

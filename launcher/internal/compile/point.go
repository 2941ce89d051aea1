package compile

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// point works out a mount point: one that is there, or can be made.
func (c *compiler) point(key, target string, dir bool) step.MountPoint {
	at := step.MountPoint{Path: target, Dir: dir}
	f, real, l := c.foundAt(target), c.h.Real(target), c.lies[target]
	switch {
	case l.At == "/" && c.noRoot():
	case l.Closed:
		c.errorf(key, "%snothing can be mounted below %s", c.leads(target), l.At)
	case l.Entry != nil && l.Entry.Type == config.MountBind && l.Entry.Propagation == mountprop.Shared:
		c.errorf(key, "%s%s is shared, so mounts below it would appear outside (use propagation = \"slave+shared\" there)", c.leads(target), l.At)
	case f.Err != 0 && f.Err != unix.ENOENT:
		c.errorf(key, "nothing can be mounted on %q: %s", target, tree.ErrnoWords(f.Err))
	case f.Err == 0 && f.Dir != dir:
		want, is := "a directory", "a file"
		if !dir {
			want, is = is, want
		}
		cure := ""
		if strings.HasPrefix(key, "mounts.") {
			cure = " (choose " + want + " as the target)"
		}
		c.errorf(key, "%s%s can only be mounted on %s, and %q is %s%s", c.leads(target), want, want, real, is, cure)
	case l.Ours && (f.Err != 0 || len(l.Base) > 1):
		// What an overlay of several directories shows is known to the kernel alone.
		c.canMake(key)
		at.At, at.Make = l.At, strings.Split(l.Relative(real), "/")
		at.Above = c.above(l, at.Make)
	case f.Err != 0:
		c.missing(key, target, l)
	}
	return at
}

// canMake refuses to make something where no id could own it. It says so once.
func (c *compiler) canMake(what string) {
	const key = "idmap.mode"
	if !c.isNew(config.User) || c.p.IDMap.Mode != config.IDMapNone {
		return
	}
	if !slices.ContainsFunc(c.errs, func(e *config.Error) bool { return e.Key == key }) {
		c.errorf(key, "\"none\" maps no id, but what nslaunch makes for %s needs an owner", what)
	}
}

// noRoot reports whether the root itself is not there, which is an error of its own.
func (c *compiler) noRoot() bool {
	f := c.found(c.p.Root.Path)
	return c.p.Root.Mode == config.RootPath && (f.Err != 0 || !f.Dir)
}

// leads begins an error about a target that is, or is reached by, a symbolic link.
func (c *compiler) leads(target string) string {
	if real := c.h.Real(target); real != target {
		return target + " leads to " + real + " inside: "
	}
	return ""
}

// missing says that a mount point is not there and how to provide it.
func (c *compiler) missing(key, target string, l tree.Layer) {
	there := path.Join(l.Base[0], l.Relative(c.h.Real(target)))
	lead, pinned := c.leads(target), c.h.RootPins[l.At] // pinned: a part of the root
	cure := "give the root a layer: " + c.say("root.overlay", "tmpfs")
	switch {
	case !pinned && l.Entry != nil && l.Entry.Type == config.MountBind:
		cure = fmt.Sprintf("turn %s into an overlay", c.p.Origin(l.Entry.Key).Key)
	case !pinned && l.At != "/": // of the kernel's
		c.errorf(key, "%s%q is missing", lead, there)
		return
	case lead == "":
		c.lacks.add(c, key, there, cure)
		return
	}
	c.errorf(key, "%s%q is missing, and nslaunch makes nothing in the host's directories (make it, or %s)", lead, there, cure)
}

// lacks are the mount points that the root does not have. They have one cure, so they are one error, at the first of them.
type lacks struct {
	err   *config.Error
	paths []string
}

func (l *lacks) add(c *compiler, key, there, cure string) {
	at := plan.Place(c.p, c.p.Origin(key))
	if l.err == nil {
		l.err = &config.Error{Pos: at.Pos, Key: at.Key}
		c.errs = append(c.errs, l.err)
	}
	if comparePos(at.Pos, l.err.Pos) < 0 {
		l.err.Pos, l.err.Key = at.Pos, at.Key
	}
	l.paths = append(l.paths, strconv.Quote(there))
	slices.Sort(l.paths)
	are, them := "is", "it"
	if len(l.paths) > 1 {
		are, them = "are", "them"
	}
	l.err.Msg = fmt.Sprintf("%s %s missing, and nslaunch makes nothing in the host's directories (make %s, or %s)", strings.Join(l.paths, ", "), are, them, cure)
}

// madePoint is the place of something that is not a mount. It must lie in a layer of the sandbox's own.
func (c *compiler) madePoint(m config.MountEntry) step.MountPoint {
	f, l := c.foundAt(m.Target), c.lies[m.Target]
	switch {
	case l.At == "/" && c.noRoot():
	case f.Err != 0 && f.Err != unix.ENOENT:
		c.errorf(m.Key, "%q cannot be made: %s", m.Target, tree.ErrnoWords(f.Err))
	case l.Closed:
		c.errorf(m.Key, "%snothing can be made below %s", c.leads(m.Target), l.At)
	case !l.Ours:
		c.missing(m.Key, m.Target, l)
	default:
		c.canMake(m.Key)
	}
	at := step.MountPoint{Path: m.Target, At: l.At, Make: strings.Split(l.Relative(c.h.Real(m.Target)), "/")}
	at.Above = c.above(l, at.Make)
	return at
}

// above is whose the directories are that are made above a mount point. The mount point itself is covered. It does not help
// who could change it, and root's by convention.
func (c *compiler) above(l tree.Layer, names []string) *step.Owner {
	if len(names) < 2 || l.At == "/dev" && l.Entry == nil {
		return nil
	}
	return c.given(config.MountEntry{})
}

// ownPoint is the place of what proc, dev or sys says: a directory of the
// root itself. A link there would put the kernel's files where nobody looks for them.
func (c *compiler) ownPoint(key, target string) step.MountPoint {
	if real := c.h.Real(target); real != target {
		c.errorf(key, "%s is a symbolic link to %s in the root, and must be a directory", target, real)
		return step.MountPoint{}
	}
	at := c.point(key, target, true)
	at.Strict = true
	return at
}

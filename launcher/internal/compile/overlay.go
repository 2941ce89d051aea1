package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// overlay puts together an overlay of directories; key returns the place of each,
// dirKey that of the entry's dir, which holds upper and work.
func (c *compiler) overlay(key func(int) string, lower []string, dirKey string, m config.MountEntry) step.Overlay {
	dir := m.Dir
	// The attributes "trusted" are for the initial user namespace alone, and the caller may be in another.
	o := step.Overlay{Lower: lower, Dir: dir, User: c.isNew(config.User) || !c.h.InitialUser(), Mode: 0o755}
	switch {
	case c.h.AtLeast(6, 13):
		o.Given = step.AsDescriptors
	case c.h.AtLeast(6, 8):
		o.Given = step.OnePath
	}
	for i, l := range lower {
		o.Files = append(o.Files, c.directory(key(i), l))
		c.overlayPath(key(i), o.Files[i].Real(l), o.Given)
	}
	if dir != "" {
		o.Parts = [2]tree.File{c.found(dir + "/upper"), c.found(dir + "/work")}
		c.overlayPath(dirKey, o.Parts[0].Real(dir+"/upper"), o.Given)
		c.onlyOverlay(dirKey, dir)
	}
	if all := strings.Join(step.EscapeAll(o.LowerDirs()), ":"); o.Given == step.AsList {
		c.overlayPath(key(0), all, step.AsList)
	}
	o.Mode = o.Files[0].Mode
	o.Owner, o.LikeLower = c.topOwner(o, m)
	return o
}

// topOwner is for the top of an upper: it belongs to whom the directory below it does, or to the command if nobody inside is that,
// unless the entry says else. like: it is as in the directory below.
func (c *compiler) topOwner(o step.Overlay, m config.MountEntry) (top *step.Owner, like bool) {
	lower, said := c.insideOwner(o.Files[0]), m.UID != nil || m.GID != nil
	made := c.stageIDs()
	switch {
	case o.Dir == "" && lower != nil && !said:
		return lower, true
	case o.Dir == "":
	case !m.Create || o.Parts[0].Dir: // it is not made
		return nil, false
	case !said && lower != nil && !c.isNew(config.User) && !c.h.Has(host.CapChown):
		return nil, false
	default:
		made = c.madeLayer(o.Files[0])
	}
	want := c.commandIDs()
	if lower != nil {
		want = *lower
	}
	top = want.With(m.UID, m.GID).From(made)
	c.ownable(m, top)
	c.mayGive(m, top)
	return top, false
}

// madeLayer is whose an upper is inside that makeLayer has made.
func (c *compiler) madeLayer(lower tree.File) step.Owner {
	o := c.layerOwner(lower)
	if o == nil {
		o = c.insideOwner(tree.File{UID: c.h.UID, GID: c.h.GID})
	}
	if o == nil || c.isJoined(config.User) {
		return step.Owner{UID: -1, GID: -1}
	}
	return *o
}

// onlyOverlay refuses a second overlay that keeps its changes in the same
// directory: the kernel does not, and what becomes of the files is not defined.
func (c *compiler) onlyOverlay(key, dir string) {
	for _, s := range c.steps {
		if m, ok := s.Action.(step.MountOverlay); ok && m.Dir == dir {
			c.errorf(key, "%q already holds the changes to %s (give each overlay its own directory)", dir, m.At.Path)
		}
		if m, ok := s.Action.(step.OverlayRoot); ok && m.Dir == dir {
			c.errorf(key, "%q already holds the changes to / (give each overlay its own directory)", dir)
		}
	}
}

// overlayPath refuses what an older kernel does not take as an option.
func (c *compiler) overlayPath(key, path string, given step.OverlayGiven) {
	const most = 255 // of a value of fsconfig(2)
	switch {
	case given != step.AsDescriptors && len(path) > most:
		c.errorf(key, "before Linux 6.13, the kernel accepts at most %d bytes of paths for an overlay", most)
	case !c.h.AtLeast(6, 5) && strings.Contains(path, ","):
		c.errorf(key, "before Linux 6.5, the kernel accepts no comma in the paths of an overlay, got %q", path)
	}
}

// layerOwner is to whom the launcher gives a new upper that is laid over f; nil: it keeps it.
func (c *compiler) layerOwner(f tree.File) *step.Owner {
	if !c.h.Has(host.CapChown) {
		return nil
	}
	return c.insideOwner(f)
}

// insideOwner is whose a file is in the sandbox; nil if nobody there has both
// its ids.
func (c *compiler) insideOwner(f tree.File) *step.Owner {
	if !c.isNew(config.User) {
		// An id that the caller's user namespace does not have is shown as another one, and cannot be given.
		if len(c.h.UIDMap) > 0 && (!host.Covers(c.h.UIDMap, f.UID, 1) || !host.Covers(c.h.GIDMap, f.GID, 1)) {
			return nil
		}
		return &step.Owner{UID: int64(f.UID), GID: int64(f.GID)}
	}
	uid, okUID := insideID(c.ids.uid, f.UID)
	gid, okGID := insideID(c.ids.gid, f.GID)
	if !okUID || !okGID {
		return nil
	}
	return &step.Owner{UID: int64(uid), GID: int64(gid)}
}

// insideID is the id inside that an outside one is mapped to.
func insideID(ranges []config.IDRange, outside uint32) (uint32, bool) {
	for _, r := range ranges {
		if outside >= r.Outside && outside-r.Outside < r.Count {
			return r.Inside + (outside - r.Outside), true
		}
	}
	return 0, false
}

// layerDirs makes the directories of overlays that may be made, and locks all, before anything
// otherwise nothing is undone where one is in use.
func (c *compiler) layerDirs() {
	if r := c.p.Root; r.Overlay.Mode == config.OverlayDir {
		if r.Overlay.Create {
			c.makeLayer("root.overlay.create", r.Overlay.Dir, cmp.Or(r.Path, "/"))
		}
		c.add(plan.ByLauncher, "root.overlay.dir", step.LockLayer{Dir: r.Overlay.Dir})
	}
	for _, m := range c.p.Mounts {
		if m.Type == config.MountOverlay && m.Dir != "" {
			if m.Create {
				c.makeLayer(m.Key+".create", m.Dir, m.Lower[0])
			}
			if !c.h.LeftOut(m) {
				c.add(plan.ByLauncher, m.Key+".dir", step.LockLayer{Dir: m.Dir})
			}
		}
	}
}

// makeLayer makes upper and work, upper like the directory that it is laid over.
func (c *compiler) makeLayer(key, dir, lower string) {
	upper := c.found(dir + "/upper")
	if upper.Err != 0 {
		upper.UID, upper.GID = c.h.UID, c.h.GID
	}
	if c.isNew(config.User) && c.insideOwner(upper) == nil {
		c.errorf(key, "%q belongs to uid %d and gid %d, which are not mapped, so the sandbox cannot write there (%s maps the caller, too)",
			dir, upper.UID, upper.GID, c.say("idmap", "root+subid"))
		return
	}
	f := c.found(lower)
	a := step.MakeLayerDir{Dir: dir, Mode: f.Mode}
	for i, part := range []string{dir + "/upper", dir + "/work"} {
		a.Parts[i] = c.found(part).Real(part)
	}
	if c.layerOwner(f) != nil {
		a.Owner = &[2]uint32{f.UID, f.GID}
	}
	c.add(plan.ByLauncher, key, a)
}

// layerDir checks the directory that holds an overlay's upper and work.
func (c *compiler) layerDir(key, dir string, create bool) {
	for _, part := range []string{"", "/upper", "/work"} {
		if c.planted(key, dir+part, c.found(dir+part).Planted) {
			return
		}
	}
	// An overlay of the host's tree is one for each directory, with one key for all: it is said once.
	said := slices.ContainsFunc(c.errs, func(e *config.Error) bool { return e.Key == key })
	if create || said {
		return
	}
	for _, sub := range []string{"/upper", "/work"} {
		if f := c.found(dir + sub); f.Err != 0 || !f.Dir {
			c.errorf(key, "an overlay keeps its changes in the directories upper and work of %q, and %s is missing (make them, or create = true with a dir below ${state})", dir, sub[1:])
			return
		}
	}
}

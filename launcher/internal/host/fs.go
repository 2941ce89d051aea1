package host

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// probeTree looks at the sources of mounts and at the mount points that have to be there.
func (h *Host) probeTree(p *config.Profile, alone bool) error {
	written := p
	if len(p.Globs) > 0 {
		h.matchSources(p)
	}
	p = h.withService(h.WithMatches(p))
	if !tree.ChangesTree(p) {
		return nil
	}
	if expands(p) {
		if err := h.readTop(p); err != nil {
			return err
		}
		p = h.expand(p)
	}
	if err := h.probeRoot(p, alone); err != nil {
		return err
	}
	h.Umask = umask()
	if slices.ContainsFunc(p.Mounts, func(m config.MountEntry) bool { return m.Type == config.MountPasswd || m.Type == config.MountGroup }) {
		user := passwd.ByID(int(h.UID))
		h.User, h.Home = user.Name, user.Home
	}
	h.Look("/")
	h.Look("/dev/null")
	if p.Root.Mode == config.RootPath {
		h.Look(p.Root.Path)
		if p.Dev.Mode == "" {
			h.Look(p.Root.Path + "/dev/null")
		}
	}
	if p.Root.Overlay.Mode == config.OverlayDir {
		h.lookLayer(p.Root.Overlay.Dir)
	}
	if p.Dev.Mode == config.DevMinimal {
		for _, name := range tree.DeviceNames() {
			h.Look("/dev/" + name)
		}
		h.findConsole(p)
	}
	if tree.BindsDev(p) {
		h.Look("/dev")
	}
	if p.Sys == config.SysHost {
		h.Look("/sys")
	}
	if tree.BindsProc(p) {
		h.Look("/proc")
	}
	for _, m := range p.Mounts {
		switch m.Type {
		case config.MountBind:
			h.Look(m.Source)
		case config.MountOverlay:
			for _, dir := range m.Lower {
				h.Look(dir)
			}
			if m.Dir != "" {
				h.lookLayer(m.Dir)
			}
		case config.MountFile:
			if m.Content == nil {
				if err := h.readContent(m.Source); err != nil {
					return err
				}
			}
		}
	}
	p, t := h.resolveInOrder(p)
	if tree.HasMasks(written) {
		h.matchMasks(written, t)
		p, t = h.resolveInOrder(h.Whole(written))
	}
	if err := h.findNames(p, t); err != nil {
		return err
	}
	if h.Names != nil {
		p, t = h.resolveInOrder(h.Whole(written))
	}
	if err := h.findKept(p, t); err != nil {
		return err
	}
	if h.findPins(p, t); h.Pins != nil || h.Kept != nil {
		p, _ = h.resolveInOrder(h.Whole(written))
	}
	h.findPlanted(p)
	h.findPrivate(p)
	return h.findMountPoints(p)
}

// resolveTargets looks at the mount points in the order in which they are mounted on,
// and returns the tree with all that is mounted.
func (h *Host) resolveTargets(p *config.Profile) *tree.Tree {
	t := tree.New(p)
	for _, target := range []string{"/proc", "/dev", "/sys"} {
		h.Targets[target] = t.Resolve(target, true)
	}
	t.AddOwn(p)
	for i := range p.Mounts {
		m := &p.Mounts[i]
		f := t.Resolve(m.Target, m.Type != config.MountSymlink)
		f.NoPlace = f.Err == unix.ENOENT && !t.Of(cmp.Or(f.Resolved, m.Target)).Ours
		h.Targets[m.Target] = f
		h.AddTo(t, m)
	}
	return t
}

// AddTo adds an entry to the tree, unless it is left out or there already.
func (h *Host) AddTo(t *tree.Tree, m *config.MountEntry) {
	there := m.Type == config.MountDir && h.Targets[m.Target].Err == 0
	if !there && !h.LeftOut(*m) && h.Real(m.Target) != "/" { // that is an error
		t.Add(m, h.Real(m.Target), m.Type == config.MountBind && !h.Files[m.Source].Dir)
	}
}

// Real is where a mount point lies, symbolic links resolved.
func (h *Host) Real(target string) string {
	return cmp.Or(h.Targets[target].Resolved, target)
}

// findMountPoints finds which targets are mount points of the host, where that matters.
func (h *Host) findMountPoints(p *config.Profile) error {
	hiding := hidesMounts(p)
	if p.Propagation != mountprop.Shared && len(hiding) == 0 {
		return nil
	}
	mounts, err := mountprop.Self()
	if err != nil {
		return err
	}
	for target, f := range h.Targets {
		_, f.MountPoint = mountprop.At(mounts, h.Real(target))
		h.Targets[target] = f
	}
	for _, dir := range hiding {
		f := h.Files[dir]
		for _, m := range mounts {
			if m.Target != dir && tree.Below(m.Target, dir) && !slices.Contains(f.Mounts, m.Target) {
				f.Mounts = append(f.Mounts, m.Target)
			}
		}
		h.Files[dir] = f
	}
	return nil
}

// hidesMounts lists the directories of which the sandbox does not see what is mounted below them.
func hidesMounts(p *config.Profile) []string {
	var dirs []string
	if p.Root.Mode == config.RootPath && (p.Root.Overlay.Mode != config.OverlayNone || p.Root.Readonly) {
		dirs = append(dirs, p.Root.Path)
	}
	for _, m := range p.Mounts {
		switch {
		case m.Type == config.MountBind && !m.Recursive:
			dirs = append(dirs, m.Source)
		case m.Type == config.MountOverlay:
			dirs = append(dirs, m.Lower...)
		}
	}
	return dirs
}

// lookLayer looks at what an overlay keeps its changes in.
func (h *Host) lookLayer(dir string) {
	h.Look(dir)
	h.Look(dir + "/upper")
	h.Look(dir + "/work")
}

// findConsole finds the caller's terminal, where the sandbox is to have it.
func (h *Host) findConsole(p *config.Profile) {
	if p.Process.Terminal != config.TerminalInherit {
		return
	}
	if _, err := unix.IoctlGetTermios(0, unix.TCGETS); err != nil {
		return
	}
	name, err := os.Readlink("/proc/self/fd/0")
	if err != nil || !strings.HasPrefix(name, "/dev/") {
		return
	}
	if h.Look(name); h.Files[name].Type == unix.S_IFCHR {
		h.Console = name
	}
}

// readContent reads a file that is copied.
func (h *Host) readContent(path string) error {
	h.Look(path)
	if f := h.Files[path]; f.Err != 0 || f.Type != unix.S_IFREG || f.Size > tree.MostContent {
		return nil // the compiler says so
	}
	text, err := h.Files[path].Read(path)
	h.Contents[path] = string(text)
	return err
}

// LeftOut reports whether an optional entry has no source or no place, or what it masks is not there.
func (h *Host) LeftOut(m config.MountEntry) bool {
	switch {
	case !m.Optional:
		return false
	case m.Type == config.MountBind:
		return h.Files[m.Source].Err == unix.ENOENT && h.Files[m.Source].Planted.Link == ""
	case m.Type == config.MountMasked:
		return h.Targets[m.Target].Err == unix.ENOENT
	}
	return h.Targets[m.Target].NoPlace
}

// umask reads the umask without changing it for the other threads.
func umask() uint32 {
	text, _ := ReadFile("/proc/self/status")
	if mask, err := strconv.ParseUint(StatusLine(text, "Umask"), 8, 32); err == nil {
		return uint32(mask)
	}
	return 0o022
}

package launcher

import (
	"cmp"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// probeTree looks at the sources of mounts and at the mount points that have to be there.
func (h *Host) probeTree(p *config.Profile, alone bool) error {
	written := p
	if len(p.Globs) > 0 {
		h.matchSources(p)
	}
	p = h.withService(h.withMatches(p))
	if !changesTree(p) {
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
	h.look("/")
	h.look("/dev/null")
	if p.Root.Mode == config.RootPath {
		h.look(p.Root.Path)
		if p.Dev.Mode == "" {
			h.look(p.Root.Path + "/dev/null")
		}
	}
	if p.Root.Overlay.Mode == config.OverlayDir {
		h.lookLayer(p.Root.Overlay.Dir)
	}
	if p.Dev.Mode == config.DevMinimal {
		for _, name := range deviceNames() {
			h.look("/dev/" + name)
		}
		h.findConsole(p)
	}
	if bindsDev(p) {
		h.look("/dev")
	}
	if p.Sys == config.SysHost {
		h.look("/sys")
	}
	if bindsProc(p) {
		h.look("/proc")
	}
	for _, m := range p.Mounts {
		switch m.Type {
		case config.MountBind:
			h.look(m.Source)
		case config.MountOverlay:
			for _, dir := range m.Lower {
				h.look(dir)
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
	if hasMasks(written) {
		h.matchMasks(written, t)
		p, t = h.resolveInOrder(h.whole(written))
	}
	if err := h.findNames(p, t); err != nil {
		return err
	}
	if h.Names != nil {
		p, t = h.resolveInOrder(h.whole(written))
	}
	if err := h.findKept(p, t); err != nil {
		return err
	}
	if h.findPins(p, t); h.Pins != nil || h.Kept != nil {
		p, _ = h.resolveInOrder(h.whole(written))
	}
	h.findPlanted(p)
	h.findPrivate(p)
	return h.findMountPoints(p)
}

// resolveTargets looks at the mount points in the order in which they are mounted on,
// and returns the tree with all that is mounted.
func (h *Host) resolveTargets(p *config.Profile) *tree {
	t := newTree(p)
	for _, target := range []string{"/proc", "/dev", "/sys"} {
		h.Targets[target] = t.resolve(target, true)
	}
	t.addOwn(p)
	for i := range p.Mounts {
		m := &p.Mounts[i]
		f := t.resolve(m.Target, m.Type != config.MountSymlink)
		f.NoPlace = f.Err == unix.ENOENT && !t.of(cmp.Or(f.Resolved, m.Target)).Ours
		h.Targets[m.Target] = f
		h.addTo(t, m)
	}
	return t
}

// addTo adds an entry to the tree, unless it is left out or there already.
func (h *Host) addTo(t *tree, m *config.MountEntry) {
	there := m.Type == config.MountDir && h.Targets[m.Target].Err == 0
	if !there && !h.leftOut(*m) && h.real(m.Target) != "/" { // that is an error
		t.add(m, h.real(m.Target), m.Type == config.MountBind && !h.Files[m.Source].Dir)
	}
}

// real is where a mount point lies, symbolic links resolved.
func (h *Host) real(target string) string {
	return cmp.Or(h.Targets[target].Resolved, target)
}

// findMountPoints tells which targets are mount points of the host, where that matters.
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
		_, f.MountPoint = mountprop.At(mounts, h.real(target))
		h.Targets[target] = f
	}
	for _, dir := range hiding {
		f := h.Files[dir]
		for _, m := range mounts {
			if m.Target != dir && below(m.Target, dir) && !slices.Contains(f.Mounts, m.Target) {
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
	h.look(dir)
	h.look(dir + "/upper")
	h.look(dir + "/work")
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
	if h.look(name); h.Files[name].Type == unix.S_IFCHR {
		h.Console = name
	}
}

// mostContent is how much of a file can be copied, a part of [program.MaxData].
const mostContent = 8 << 20

// readContent reads a file that is copied.
func (h *Host) readContent(path string) error {
	h.look(path)
	if f := h.Files[path]; f.Err != 0 || f.Type != unix.S_IFREG || f.Size > mostContent {
		return nil // the compiler says so
	}
	text, err := h.Files[path].read(path)
	h.Contents[path] = string(text)
	return err
}

// read returns the content of a file that was looked at as name, or ESTALE if it is another by now.
func (f File) read(name string) ([]byte, error) {
	file, err := os.OpenFile(f.real(name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if now := statAt(int(file.Fd()), "", unix.AT_EMPTY_PATH); now.Err != 0 || now.Dev != f.Dev || now.Ino != f.Ino {
		return nil, &os.PathError{Op: "open", Path: name, Err: unix.ESTALE}
	}
	return io.ReadAll(io.LimitReader(file, mostContent+1))
}

// leftOut tells whether an optional entry has no source or no place, or what it masks is not there.
func (h *Host) leftOut(m config.MountEntry) bool {
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
	text, _ := readFile("/proc/self/status")
	if mask, err := strconv.ParseUint(statusLine(text, "Umask"), 8, 32); err == nil {
		return uint32(mask)
	}
	return 0o022
}

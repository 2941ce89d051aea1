package launcher

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/config"
)

// layer is a file system of the sandbox, or a part of one.
type layer struct {
	// At is where it is mounted inside, "/" for the root.
	At string
	// Ours: made by the plan, so that what is missing can be made in it.
	Ours bool
	// Base has the host's directories that it shows, of an overlay the top first.
	Base []string
	// Devices are the names of those that the plan puts into it.
	Devices []string
	// Closed: nothing can be mounted below it.
	Closed bool
	// File: it is no directory.
	File bool
	// Entry is the one that mounts it, nil for the root and what dev, sys and proc say.
	Entry *config.MountEntry
}

// relative is a path of the sandbox relative to where the layer is mounted.
func (l layer) relative(p string) string {
	return strings.TrimPrefix(strings.TrimPrefix(p, l.At), "/")
}

// tree is the sandbox's "/" as far as it is built: what is mounted where.
// Its paths are real ones, without symbolic links.
type tree struct {
	layers map[string]layer
	links  map[string]string // symbolic links that the plan makes
	above  map[string]bool   // directories that lead to what entries mount or make
}

// newTree is the root alone.
func newTree(p *config.Profile) *tree {
	root := layer{At: "/", Ours: p.Root.Overlay.Mode != config.OverlayNone}
	switch p.Root.Mode {
	case config.RootTmpfs:
		root.Ours = true
	case config.RootPath:
		root.Base = []string{p.Root.Path}
	default:
		root.Base = []string{"/"}
	}
	if p.Root.Overlay.Mode == config.OverlayDir {
		root.Base = append([]string{p.Root.Overlay.Dir + "/upper"}, root.Base...)
	}
	t := &tree{layers: make(map[string]layer, 8+len(p.Mounts)), links: map[string]string{}, above: map[string]bool{}}
	t.layers["/"] = root
	return t
}

// addOwn adds what proc, dev and sys say.
func (t *tree) addOwn(p *config.Profile) {
	if p.Proc.Mode != config.ProcHost || bindsProc(p) {
		t.layers["/proc"] = layer{At: "/proc", Closed: true}
	}
	switch {
	case p.Dev.Mode == config.DevMinimal:
		t.layers["/dev"] = layer{At: "/dev", Ours: true, Devices: deviceNames()}
		t.layers["/dev/pts"] = layer{At: "/dev/pts", Closed: true}
		t.layers["/dev/shm"] = layer{At: "/dev/shm", Ours: true}
		for _, link := range deviceLinks() {
			t.links["/dev/"+link[0]] = link[1]
		}
	case bindsDev(p):
		t.layers["/dev"] = layer{At: "/dev", Base: []string{"/dev"}}
	}
	switch {
	case p.Sys == config.SysNone:
		t.layers["/sys"] = layer{At: "/sys", Closed: true}
	case p.Sys == config.SysNew, bindsSys(p):
		t.layers["/sys"] = layer{At: "/sys", Base: []string{"/sys"}}
	}
}

// add adds an entry of [mounts]; file tells that it is no directory.
func (t *tree) add(m *config.MountEntry, at string, file bool) {
	for dir := path.Dir(at); !t.above[dir]; dir = path.Dir(dir) {
		t.above[dir] = true
	}
	l := layer{At: at, File: file, Entry: m}
	switch m.Type {
	case config.MountBind:
		l.Base = []string{m.Source}
		l.Closed = file
	case config.MountTmpfs, config.MountDir:
		l.Ours = true
	case config.MountOverlay:
		l.Ours, l.Base = true, m.Lower
		if m.Dir != "" {
			l.Base = append([]string{m.Dir + "/upper"}, m.Lower...)
		}
	case config.MountSysfs:
		l.Base = []string{"/sys"}
	case config.MountSymlink:
		t.links[at] = m.To
		return
	default:
		l.Closed = true
	}
	t.layers[at] = l
}

// of tells which layer the mount point at p lies in: that of the nearest mount above it.
func (t *tree) of(p string) layer {
	for p != "/" {
		p = path.Dir(p)
		if l, ok := t.layers[p]; ok {
			return l
		}
	}
	return t.layers["/"]
}

// below tells whether a clean absolute path is dir or below it.
func below(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

// showsHost tells whether the root is the host's tree as it is, with all that is
// mounted in it.
func showsHost(p *config.Profile) bool {
	return p.Root.Mode == config.RootHost && p.Root.Overlay.Mode == config.OverlayNone
}

// changesTree tells whether the profile does anything to the file system but
// for proc. The sandbox then gets a root of its own, into which it pivots: while it is built, "/"
// is still the host's tree, in which sources are found.
func changesTree(p *config.Profile) bool {
	return !showsHost(p) || p.Root.Readonly || len(p.Root.Options)+len(p.Mounts)+len(p.Globs) > 0 || p.Dev.Mode != "" || p.Sys != ""
}

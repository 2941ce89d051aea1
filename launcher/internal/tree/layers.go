// Package tree predicts the file system of a sandbox: its layers, and where a path leads in them. Packages host and compile use it.
package tree

import (
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/mountprop"
)

// Writable reports whether a layer is a bind that the sandbox can write to.
func (l Layer) Writable() bool {
	return l.Entry != nil && l.Entry.Type == config.MountBind && !l.Entry.Readonly
}

// Layer is a file system of the sandbox, or a part of one.
type Layer struct {
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

// Relative is a path of the sandbox relative to where the layer is mounted.
func (l Layer) Relative(p string) string {
	return strings.TrimPrefix(strings.TrimPrefix(p, l.At), "/")
}

// Tree is the sandbox's "/" as far as it is built: what is mounted where.
// Its paths are real ones, without symbolic links.
type Tree struct {
	Layers map[string]Layer
	links  map[string]string // symbolic links that the plan makes
	above  map[string]bool   // directories that lead to what entries mount or make
}

// New is the root alone.
func New(p *config.Profile) *Tree {
	root := Layer{At: "/", Ours: p.Root.Overlay.Mode != config.OverlayNone}
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
	t := &Tree{Layers: make(map[string]Layer, 8+len(p.Mounts)), links: map[string]string{}, above: map[string]bool{}}
	t.Layers["/"] = root
	return t
}

// AddOwn adds what proc, dev and sys say.
func (t *Tree) AddOwn(p *config.Profile) {
	if p.Proc.Mode != config.ProcHost || BindsProc(p) {
		t.Layers["/proc"] = Layer{At: "/proc", Closed: true}
	}
	switch {
	case p.Dev.Mode == config.DevMinimal:
		t.Layers["/dev"] = Layer{At: "/dev", Ours: true, Devices: DeviceNames()}
		t.Layers["/dev/pts"] = Layer{At: "/dev/pts", Closed: true}
		t.Layers["/dev/shm"] = Layer{At: "/dev/shm", Ours: true}
		for _, link := range DeviceLinks() {
			t.links["/dev/"+link[0]] = link[1]
		}
	case BindsDev(p):
		t.Layers["/dev"] = Layer{At: "/dev", Base: []string{"/dev"}}
	}
	switch {
	case p.Sys == config.SysNone:
		t.Layers["/sys"] = Layer{At: "/sys", Closed: true}
	case p.Sys == config.SysNew, BindsSys(p):
		t.Layers["/sys"] = Layer{At: "/sys", Base: []string{"/sys"}}
	}
}

// Add adds an entry of [mounts]; file says that it is not a directory.
func (t *Tree) Add(m *config.MountEntry, at string, file bool) {
	for dir := path.Dir(at); !t.above[dir]; dir = path.Dir(dir) {
		t.above[dir] = true
	}
	l := Layer{At: at, File: file, Entry: m}
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
	t.Layers[at] = l
}

// Of returns the layer that the mount point at p lies in: that of the nearest mount above it.
func (t *Tree) Of(p string) Layer {
	for p != "/" {
		p = path.Dir(p)
		if l, ok := t.Layers[p]; ok {
			return l
		}
	}
	return t.Layers["/"]
}

// Below reports whether a clean absolute path is dir or below it.
func Below(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

// ShowsHost reports whether the root is the host's tree as it is, with all that is
// mounted in it.
func ShowsHost(p *config.Profile) bool {
	return p.Root.Mode == config.RootHost && p.Root.Overlay.Mode == config.OverlayNone
}

// ChangesTree reports whether the profile does anything to the file system but
// for proc. The sandbox then gets a root of its own, into which it pivots: while it is built, "/"
// is still the host's tree, in which sources are found.
func ChangesTree(p *config.Profile) bool {
	return !ShowsHost(p) || p.Root.Readonly || len(p.Root.Options)+len(p.Mounts)+len(p.Globs) > 0 || p.Dev.Mode != "" || p.Sys != ""
}

// WritableIn reports whether a layer shows a tree of the host's that the sandbox can write to: a bind, or the root.
func (l Layer) WritableIn(p *config.Profile) bool {
	return l.Writable() || l.At == "/" && l.Entry == nil && WritableRoot(p)
}

// WritableRoot reports whether the root is a tree of the host's that the sandbox can write to. One that stays in the
// host's peer group has no mount points but the host's.
func WritableRoot(p *config.Profile) bool {
	return p.Root.Mode != config.RootTmpfs && !p.Root.Readonly && p.Root.Overlay.Mode == config.OverlayNone && p.Propagation != mountprop.Shared
}

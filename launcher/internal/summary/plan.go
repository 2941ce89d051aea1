package summary

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Of summarizes a plan. It looks at the steps wherever they say it. The machine says only at which
// paths it has the home directory, /proc and well-known sockets.
func Of(p *plan.Plan) *Summary {
	s := &Summary{Version: Version, Name: p.Name, Profile: p.Source.File, Command: p.Command, Namespaces: map[string]Origin{}}
	for _, k := range config.Kinds() {
		s.Namespaces[string(k)] = originOf(p.Source.Namespaces[k])
	}
	files := filesOf(p)
	s.Places = files.sorted()
	s.HostFiles = files.ofHost()
	known := knownTo(func(name string) string { return lookup(p.Host.Env, name) })
	s.Home = files.home(known)
	s.User = userOf(p)
	s.Network.Of = s.Namespaces[string(config.Net)]
	s.Processes = Processes{IPC: s.Namespaces[string(config.IPC)], Signals: s.Namespaces[string(config.PID)], Sees: files.sees(s.Namespaces[string(config.PID)], known)}
	var shared []string
	built := false // a root of its own, whose peer groups are not the host's
	for _, one := range p.Steps {
		switch a := one.Action.(type) {
		case step.CloseFDs:
			s.Descriptors = a.Keep
		case step.Execute:
			s.Environment = environmentOf(p, a.Env)
		case step.TmpfsRoot, step.OverlayRoot, step.CloneRoot:
			built = true
		case step.SetPropagation:
			if a.Propagation == mountprop.Shared && !built {
				shared = append(shared, a.Target)
			}
		case step.CloneEarly:
			if a.Peers {
				shared = append(shared, p.Host.Real(a.Target))
			}
		case step.LoopbackUp:
			s.Network.Loopback = true
		case step.SetHostname:
			s.Processes.Hostname = a.Name
		}
	}
	s.Limits = limitsOf(p)
	mounts, _ := mountprop.Self() // without them, the host has no settings to show
	s.Unprotected = s.gaps(files, ways{shared, known.sockets, mounts})
	for _, n := range p.Notes {
		s.Notes = append(s.Notes, Note{n.Text, n.Origin.Key, n.Origin.Pos.File, n.Origin.Pos.Line})
	}
	s.Notes = append(s.Notes, leftOut(p)...)
	return s
}

// leftOut notes the optional entries of [mounts] that do not exist on the host. Those of presets are not the reader's.
func leftOut(p *plan.Plan) []Note {
	var notes []Note
	for _, m := range p.Source.Mounts {
		o := plan.Place(p.Source, p.Source.Origin(m.Key))
		if config.IsPreset(o.Pos.File) || !p.Host.LeftOut(m) {
			continue
		}
		what := m.Target
		if m.Type == config.MountBind {
			what = m.Source
		}
		notes = append(notes, Note{quote.Word(what) + " does not exist, so it is left out", o.Key, o.Pos.File, o.Pos.Line})
	}
	return notes
}

func originOf(n config.Namespace) Origin {
	switch {
	case n.Mode == config.NamespaceNew:
		return Own
	case n.Joined():
		return OfOthers
	}
	return OfHost
}

func lookup(env []string, name string) string {
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// filesOf carries the steps of the file system out on a list.
func filesOf(p *plan.Plan) places {
	t := places{{Path: "/", Access: Write, Kept: true, Shows: Host, Source: "/"}}
	if p.Source.Namespaces[config.Mount].Joined() {
		t[0].Shows, t[0].Source = Joined, ""
	}
	real := p.Host.Real
	for _, s := range p.Steps {
		switch a := s.Action.(type) {
		case step.CloneRoot:
			t.put(shown(a.Path, "/", a.Attributes))
		case step.TmpfsRoot:
			t.put(Place{Path: "/", Access: access(a.Attributes), Shows: Memory})
		case step.OverlayRoot:
			t.put(overlaid(a.Overlay, "/", a.Attributes))
		case step.SealRoot:
			for _, part := range append([]string{"/"}, a.Parts...) {
				t.seal(part)
			}
		case step.SealHost:
			for i := range t {
				t.seal(t[i].Path)
			}
		case step.BindMount:
			place := shown(a.File.Real(a.Source), real(a.At.Path), a.Attributes)
			if a.File.Type == unix.S_IFCHR || a.File.Type == unix.S_IFBLK {
				place = Place{Path: place.Path, Access: Write, Shows: Device, Source: place.Source, nodev: place.nodev}
			}
			place.file, place.socket = a.File.Type == unix.S_IFREG, a.File.Type == unix.S_IFSOCK
			t.put(place)
		case step.MountOverlay:
			t.put(overlaid(a.Overlay, real(a.At.Path), a.Attributes))
		case step.MountFS:
			place := Place{Path: real(a.At.Path), Access: access(a.Attributes), Shows: Kernel}
			if a.Type == "tmpfs" {
				place.Shows = Memory
			}
			place.kernel = settingsOf(a.Type, a.Options)
			t.put(place)
		case step.MountFile:
			t.put(Place{Path: real(a.At.Path), Access: access(a.Attributes), Shows: Content})
		case step.MaskMount:
			t.put(hidden(real(a.At.Path)))
		case step.MountProc:
			t.put(Place{Path: "/proc", Access: Write, Shows: Kernel, kernel: settingsOf("proc", a.Options)})
		case step.CoverProc:
			t.put(hidden("/proc"))
		case step.Protect:
			t.protect(a)
		case step.CoverProcSettings:
			t.coverSettings(a)
		case step.SealMounts:
			for _, at := range a.Paths {
				t.mark(Place{Path: at, Access: Read, Shows: Kernel})
			}
		case step.MaskFiles:
			for _, at := range a.Paths {
				t.put(hidden(at))
			}
		case step.BindConsole:
			t.put(Place{Path: a.At.Path, Access: Write, Shows: Device})
		case step.PlaceSocket:
			t.put(Place{Path: real(a.At.Path), Access: Write, Shows: Socket})
		}
	}
	return t
}

func access(a tree.Attributes) Access {
	if a.Set&unix.MOUNT_ATTR_RDONLY != 0 {
		return Read
	}
	return Write
}

// shown is a place that shows files of the host.
func shown(source, at string, a tree.Attributes) Place {
	can := access(a)
	return Place{Path: at, Access: can, Kept: can == Write, Shows: Host, Source: source, nodev: a.Set&unix.MOUNT_ATTR_NODEV != 0}
}

func overlaid(o step.Overlay, at string, a tree.Attributes) Place {
	can := access(a)
	p := Place{Path: at, Access: can, Kept: can == Write && o.Dir != "", Shows: Overlay, Changes: o.Dir}
	if p.Lower = o.LowerDirs(); len(p.Lower) > 0 {
		p.Source = p.Lower[0]
	}
	return p
}

func hidden(at string) Place { return Place{Path: at, Access: Hidden, Shows: Nothing} }

func (t *places) protect(a step.Protect) {
	if a.Mask {
		t.put(hidden(a.Path))
		return
	}
	t.put(Place{Path: a.Path, Access: Read, Shows: Kernel})
}

func (t *places) coverSettings(a step.CoverProcSettings) {
	for _, name := range a.Readonly {
		t.put(Place{Path: path.Join("/proc", name), Access: Read, Shows: Kernel})
	}
	for _, name := range a.Masked {
		t.put(hidden(path.Join("/proc", name)))
	}
}

// sees says whose processes /proc shows, given whose the pid namespace is.
func (t places) sees(pid Origin, known known) Origin {
	for _, proc := range known.proc {
		if _, ok := t.showing(proc); ok || slices.ContainsFunc(t.partsOf(proc), func(part string) bool { return ofProcess(part, proc) }) {
			return OfHost
		}
	}
	p, _ := t.at("/proc")
	switch {
	case p.Path == "/proc" && p.Shows == Kernel:
		return pid
	case p.Shows == Joined:
		return OfOthers
	}
	return NoProc
}

// ofProcess reports whether a path below a proc is that of a process, or in its directory.
func ofProcess(p, proc string) bool {
	name, _, _ := strings.Cut(within(p, proc), "/")
	_, err := strconv.Atoi(name)
	return err == nil || name == "self" || name == "thread-self"
}

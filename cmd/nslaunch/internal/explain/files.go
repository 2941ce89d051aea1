package explain

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
)

// files says what a summary has of the file system.
type files struct {
	s   *launcher.Summary
	all bool
}

// Bounds of lists that are not for all.
const (
	mostKept  = 8 // lines
	mostPaths = 8 // of a list on one line
	mostAlike = 3 // paths in one directory
)

// matching are the places that a list is about. Unless all were asked for, it leaves out devices, file systems of the kernel, and the launcher's
// sockets: other rows are about those.
func (f files) matching(is func(launcher.Place) bool) []launcher.Place {
	return slices.DeleteFunc(slices.Clone(f.s.Places), func(p launcher.Place) bool {
		dull := p.Shows == launcher.ShowsKernel || p.Shows == launcher.ShowsDevice || p.Shows == launcher.ShowsSocket ||
			p.Shows == launcher.ShowsMemory && (p.Path == "/dev" || p.Path == "/dev/shm" || p.Path == "/" && p.Access == launcher.AccessRead)
		return dull && !f.all || !is(p)
	})
}

func (f files) writable() []line {
	var lines []line
	stays := f.matching(func(p launcher.Place) bool { return p.Access == launcher.AccessWrite && p.Kept })
	most := max(mostKept, f.homeFirst(stays))
	for _, p := range stays {
		switch {
		case p.Path == "/" && p.Source == "/":
			lines = append(lines, line{"all files of the host that your user can write", "kept", kept})
		case p.Shows == launcher.ShowsJoined:
			lines = append(lines, line{"the files of the mount namespace that it joins", "kept", kept})
		case p.Changes != "":
			lines = append(lines, line{named(p), "changes kept in " + quote.Word(p.Changes), kept})
		default:
			lines = append(lines, line{named(p), "kept", kept})
		}
	}
	if more := len(lines) - most; more > 0 && !f.all {
		lines = append(lines[:most], line{fmt.Sprintf("and %d more", more), "kept", kept})
	}
	lost := f.matching(func(p launcher.Place) bool { return p.Access == launcher.AccessWrite && !p.Kept })
	if f.s.HostFiles && f.thrownAway() {
		lines = append(lines, line{"all files of the host that your user can write", "thrown away at the end", thrown})
		lost = slices.DeleteFunc(lost, func(p launcher.Place) bool { return p.Path == "/" || p.Shows == launcher.ShowsOverlay && !elsewhere(p) })
	}
	for _, p := range lost {
		if p.Shows == launcher.ShowsOverlay && elsewhere(p) {
			lines = append(lines, line{named(p), "thrown away at the end", thrown})
		}
	}
	lost = slices.DeleteFunc(lost, func(p launcher.Place) bool { return p.Shows == launcher.ShowsOverlay && elsewhere(p) })
	if len(lost) > 0 {
		lines = append(lines, line{f.list(pathsOf(lost)), "thrown away at the end", thrown})
	}
	if len(lines) == 0 {
		return []line{{text: "nothing"}}
	}
	return lines
}

// thrownAway reports whether the root directory can be written to and its changes are lost.
func (f files) thrownAway() bool {
	return slices.ContainsFunc(f.s.Places, func(p launcher.Place) bool {
		return p.Path == "/" && p.Access == launcher.AccessWrite && !p.Kept
	})
}

// named is a place with what it shows, if that has another path on the host.
func named(p launcher.Place) string {
	switch {
	case !elsewhere(p):
		return quote.Word(p.Path)
	case len(p.Lower) > 1:
		return quote.Word(p.Path) + ", the host's " + quote.Words(p.Lower, " over ")
	}
	return quote.Word(p.Path) + ", the host's " + quote.Word(p.Source)
}

// elsewhere reports whether a place shows files that have other paths on the host.
func elsewhere(p launcher.Place) bool {
	return p.Source != "" && p.Source != p.Path || len(p.Lower) > 1
}

func (f files) readable() []line {
	var lines []line
	ofHost := f.matching(func(p launcher.Place) bool {
		return p.Access == launcher.AccessRead && (p.Shows == launcher.ShowsHost || p.Shows == launcher.ShowsOverlay)
	})
	if f.s.HostFiles && f.access("/") == launcher.AccessRead {
		lines = append(lines, line{text: "all files of the host that your user can read"})
		ofHost = slices.DeleteFunc(ofHost, func(p launcher.Place) bool { return !elsewhere(p) })
	}
	if f.s.HostFiles && f.access("/") == launcher.AccessWrite {
		lines = append(lines, line{text: "all files of the host that your user can read"})
	}
	f.homeFirst(ofHost)
	most := mostKept
	var same, others []string
	for _, p := range ofHost {
		if !elsewhere(p) || p.Source == "/usr"+p.Path {
			same = append(same, p.Path)
		} else {
			if others = append(others, named(p)); f.ofHome(p) {
				most = max(most, len(others))
			}
		}
	}
	if len(same) > 0 {
		lines = append(lines, line{text: f.list(same), tag: "read-only"})
	}
	for i, text := range others {
		if i == most && !f.all {
			lines = append(lines, line{text: fmt.Sprintf("and %d more", len(others)-i), tag: "read-only"})
			break
		}
		lines = append(lines, line{text: text, tag: "read-only"})
	}
	if made := f.matching(func(p launcher.Place) bool {
		return p.Access == launcher.AccessRead && p.Shows == launcher.ShowsContent
	}); len(made) > 0 {
		lines = append(lines, line{text: f.list(pathsOf(made)), tag: "made for it, read-only"})
	}
	if empty := f.matching(func(p launcher.Place) bool { return p.Access == launcher.AccessRead && p.Shows == launcher.ShowsMemory }); len(empty) > 0 {
		lines = append(lines, line{text: f.list(pathsOf(empty)), tag: "otherwise empty, read-only"})
	}
	if len(lines) == 0 {
		return []line{{text: "what it can write"}}
	}
	return lines
}

// access is what can be done with the place of a path.
func (f files) access(at string) launcher.Access {
	for _, p := range f.s.Places {
		if p.Path == at {
			return p.Access
		}
	}
	return ""
}

func (f files) unseen() []line {
	var lines []line
	if slices.ContainsFunc(f.s.Places, func(p launcher.Place) bool { return p.Shows == launcher.ShowsJoined }) {
		lines = append(lines, line{text: "what the mount namespace that it joins does not show", tone: hidden})
	} else if !f.s.HostFiles {
		lines = append(lines, line{text: "all other files of the host", tone: hidden})
	}
	if h := f.s.Home; h != nil && h.Access == launcher.AccessHidden {
		text := "your home directory " + quote.Word(h.Path)
		if len(h.Except) > 0 {
			var names []string
			for _, p := range h.Except {
				names = append(names, strings.TrimPrefix(p, h.Path+"/"))
			}
			text += ", except " + f.list(names)
		}
		lines = append(lines, line{text: text, tone: hidden})
	}
	covered := f.matching(func(p launcher.Place) bool {
		return p.Access == launcher.AccessHidden && (f.all || !strings.HasPrefix(p.Path, "/proc/"))
	})
	if len(covered) > 0 {
		lines = append(lines, line{f.list(pathsOf(covered)), "masked", hidden})
	}
	if f.s.HostFiles {
		if own := f.matching(func(p launcher.Place) bool { return p.Shows == launcher.ShowsMemory && p.Path != "/" }); len(own) > 0 {
			lines = append(lines, line{"what the host has in " + f.list(pathsOf(own)), "", hidden})
		}
	}
	if len(lines) == 0 {
		return []line{{text: "nothing is hidden"}}
	}
	return lines
}

// ownRoot is what a list of paths has in place of "/".
const ownRoot = "all else in its own root directory"

func pathsOf(list []launcher.Place) []string {
	paths := make([]string, len(list))
	for i, p := range list {
		if paths[i] = p.Path; p.Path == "/" {
			paths[i] = ownRoot
		}
	}
	return paths
}

// ofHome reports whether a place shows the home directory of the host, all or a part of it.
func (f files) ofHome(p launcher.Place) bool {
	in := func(below, above string) bool { return below == above || strings.HasPrefix(below, above+"/") }
	return f.s.Home != nil && p.Source != "" && (in(p.Source, f.s.Home.Path) || in(f.s.Home.Path, p.Source))
}

// homeFirst moves the places that show the home directory to the front of a list, and returns how many they are.
func (f files) homeFirst(list []launcher.Place) int {
	home := slices.DeleteFunc(slices.Clone(list), func(p launcher.Place) bool { return !f.ofHome(p) })
	rest := slices.DeleteFunc(slices.Clone(list), f.ofHome)
	copy(list, append(home, rest...))
	return len(home)
}

// list is a list of paths on one line: those that show the home directory first, then those at the top. Unless all paths were asked for, a number
// replaces many paths below one directory, and the end of a long list.
func (f files) list(paths []string) string {
	type item struct {
		text  string
		paths int
	}
	var home, top, deep []item
	left := len(paths)
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		shows := slices.ContainsFunc(f.s.Places, func(place launcher.Place) bool { return place.Path == p && f.ofHome(place) })
		if shows {
			home = append(home, item{quote.Word(p), 1})
		}
		return shows
	})
	below := map[string][]string{} // by the first component
	for _, p := range paths {
		below[first(p)] = append(below[first(p)], p)
	}
	for _, p := range paths {
		group := below[first(p)]
		switch {
		case p == ownRoot:
			top = append(top, item{p, 1})
		case path.Dir(p) == "/":
			top = append(top, item{quote.Word(p), 1})
		case f.all || len(group) <= mostAlike:
			deep = append(deep, item{quote.Word(p), 1})
		case group[0] == p || group[0] == first(p) && group[1] == p:
			n := len(group)
			if group[0] == first(p) {
				n--
			}
			deep = append(deep, item{fmt.Sprintf("%d in %s", n, quote.Word(first(p))), n})
		}
	}
	items := slices.Concat(home, top, deep)
	most := max(mostPaths, len(home))
	var words []string
	for i, one := range items {
		if i == most && len(items) > most+1 && !f.all {
			words = append(words, fmt.Sprintf("and %d more", left))
			break
		}
		words = append(words, one.text)
		left -= one.paths
	}
	return strings.Join(words, ", ")
}

// first is the first component of a path.
func first(p string) string {
	if i := strings.Index(strings.TrimPrefix(p, "/"), "/"); i >= 0 {
		return p[:i+len(p)-len(strings.TrimPrefix(p, "/"))]
	}
	return p
}

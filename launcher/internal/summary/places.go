package summary

import (
	"os"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// places is the file system of a sandbox as it is built: what is mounted later covers what was there.
type places []Place

// put adds a place, which covers what was at its path and below.
func (t *places) put(p Place) {
	*t = append(slices.DeleteFunc(*t, func(old Place) bool { return tree.Below(old.Path, p.Path) }), p)
}

// mark adds a place that covers nothing below it.
func (t *places) mark(p Place) {
	*t = append(slices.DeleteFunc(*t, func(old Place) bool { return old.Path == p.Path }), p)
}

// seal makes the place at a path read-only.
func (t places) seal(at string) {
	for i := range t {
		if t[i].Path == at && t[i].Access == Write {
			t[i].Access, t[i].Kept = Read, false
		}
	}
}

// at returns the place that a path inside lies in.
func (t places) at(p string) (found Place, ok bool) {
	for _, place := range t {
		if tree.Below(p, place.Path) && (!ok || len(place.Path) > len(found.Path)) {
			found, ok = place, true
		}
	}
	return found, ok
}

// above returns the place around that at a path.
func (t places) above(p string) (Place, bool) {
	if p == "/" {
		return Place{}, false
	}
	return t.at(path.Dir(p))
}

// sorted returns the places by path, without those that do not differ from what is around them.
func (t places) sorted() []Place {
	list := slices.Clone(t)
	slices.SortFunc(list, func(a, b Place) int { return strings.Compare(a.Path, b.Path) })
	return slices.DeleteFunc(list, func(p Place) bool {
		around, ok := t.above(p.Path)
		return ok && p.Shows == Host && around.Shows == Host && p.Access == around.Access && p.Source == path.Join(around.Source, within(p.Path, around.Path))
	})
}

// joined reports whether the root is that of a mount namespace that was there before, of which the plan knows no files.
func (t places) joined() bool {
	return slices.ContainsFunc(t, func(p Place) bool { return p.Shows == Joined })
}

// ofHost reports whether all of the host's files are at their own paths, except for what covers them. A root of its own can show each
// directory in the host's.
func (t places) ofHost() bool {
	if slices.ContainsFunc(t, func(p Place) bool { return p.Path == "/" && slices.Contains(p.sources(), "/") }) {
		return true
	}
	entries, err := os.ReadDir("/")
	shown := 0
	for _, entry := range entries {
		at := "/" + entry.Name()
		switch p, ok := t.at(at); {
		case !entry.IsDir(), slices.Contains([]string{"/dev", "/proc", "/sys", "/run", "/tmp", "/lost+found"}, at):
		case !ok || p.Path != at || !slices.Contains(p.sources(), at):
			return false
		default:
			shown++
		}
	}
	return err == nil && shown > 0
}

// within is a path relative to a directory that it is below.
func within(p, dir string) string { return strings.TrimPrefix(strings.TrimPrefix(p, dir), "/") }

// sources are the paths of the host whose files a place shows.
func (p Place) sources() []string {
	switch p.Shows {
	case Host:
		return append([]string{p.Source}, p.names...)
	case Overlay:
		return p.Lower
	}
	return nil
}

// showing returns the place that shows a path of the host, at the place itself or below it.
func (t places) showing(source string) (Place, bool) {
	for _, p := range t {
		if t.shownBy(p, source) {
			return p, true
		}
	}
	return Place{}, false
}

// shownBy reports whether a place shows a path of the host, and nothing covers that.
func (t places) shownBy(p Place, source string) bool {
	return slices.ContainsFunc(p.sources(), func(from string) bool {
		top, _ := t.at(path.Join(p.Path, within(source, from)))
		return tree.Below(source, from) && top.Path == p.Path
	})
}

// partsOf returns the sources of places that show something below a path of the host.
func (t places) partsOf(dir string) []string {
	var parts []string
	for _, p := range t {
		for _, from := range p.sources() {
			if from == dir || !tree.Below(from, dir) {
				continue
			}
			if !slices.ContainsFunc(parts, func(above string) bool { return tree.Below(from, above) }) {
				parts = append(slices.DeleteFunc(parts, func(below string) bool { return tree.Below(below, from) }), from)
			}
		}
	}
	slices.Sort(parts)
	return parts
}

// home says what is seen of the home directory, nil if that is not known.
func (t places) home(k known) *Home {
	if len(k.home) == 0 || t.joined() {
		return nil
	}
	h := &Home{Path: k.home[0], Access: Hidden}
	for _, dir := range k.home {
		if p, ok := t.showing(dir); ok && h.Access != Write {
			h.Access, h.Kept = p.Access, p.Kept
		}
	}
	if h.Access != Hidden {
		return h
	}
	for _, dir := range k.home {
		for _, part := range t.partsOf(dir) {
			if at := path.Join(h.Path, within(part, dir)); !slices.Contains(h.Except, at) {
				h.Except = append(h.Except, at)
			}
		}
	}
	return h
}

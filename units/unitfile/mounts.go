package unitfile

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config"
)

// mountsFor returns the value of RequiresMountsFor=: what the launch fails without, as far as it may be
// mounted late, from the network say. Each implies all directories above it.
func mountsFor(p *config.Profile, profile string) []string {
	all := slices.Concat(sources(p), p.Extends(), []string{profile})
	slices.Sort(all)
	var words []string
	for _, path := range slices.Compact(all) {
		if covered(path, all) || alwaysThere(path) {
			continue
		}
		// An escape is one character here, and no control character has one.
		if utf8.ValidString(path) && !strings.ContainsFunc(path, unicode.IsControl) {
			words = append(words, word(percents(path)))
		}
	}
	return words
}

// sources are the paths of the host that the profile cannot be without.
func sources(p *config.Profile) []string {
	var all []string
	add := func(path string) {
		if path != "" {
			all = append(all, path)
		}
	}
	add(p.Root.Path)
	add(p.Root.Overlay.Dir)
	for _, m := range p.Mounts {
		if m.Optional {
			continue // the service starts without
		}
		add(m.Source)
		add(m.Dir)
		all = append(all, m.Lower...)
	}
	for _, g := range p.Globs {
		if !g.Entry.Optional && g.Entry.Type == config.MountBind {
			add(g.Dir())
		}
	}
	return all
}

// covered reports whether a path below this one is in the list.
func covered(path string, all []string) bool {
	prefix := strings.TrimSuffix(path, "/") + "/"
	return slices.ContainsFunc(all, func(other string) bool { return other != path && strings.HasPrefix(other, prefix) })
}

// alwaysThere reports whether the path is of what systemd mounts before all else.
func alwaysThere(path string) bool {
	for _, api := range []string{"/dev", "/proc", "/sys"} {
		if path == api || strings.HasPrefix(path, api+"/") {
			return true
		}
	}
	return path == "/"
}

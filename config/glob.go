package config

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// Glob is an element of `mounts.ro`, `mounts.rw` or `mounts.masked` that has a
// "*" in it. Which paths it matches is known at the launch.
type Glob struct {
	// Pattern is an absolute path in its shortest form. A "*" matches any
	// bytes but "/"; a backslash takes the meaning of a "*" or a backslash after it.
	Pattern string
	// Entry is the entry of each match, without Target and Source.
	Entry MountEntry
}

// globKey is what a pattern is known by among the targets of entries, which start with a slash.
func globKey(pattern string) string { return "*" + pattern }

// plainGlob escapes the value of a variable, so that nothing in it is a pattern.
func plainGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`).Replace(s)
}

// IsGlob reports whether a pattern has a "*" that matches other text.
func IsGlob(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
		case pattern[i] == '*':
			return true
		}
	}
	return false
}

// GlobText returns the text that a pattern without a "*" matches. A character after a backslash matches itself.
func GlobText(pattern string) string {
	if !strings.Contains(pattern, `\`) {
		return pattern
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '\\' && i+1 < len(pattern) && (pattern[i+1] == '*' || pattern[i+1] == '\\') {
			i++
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}

// globPath reads a path of the host's that may be a pattern, as [lang.HostFile] reads
// one that may not, and returns it as a pattern.
func globPath(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.TextEach(v, "a string", plainGlob)
	switch {
	case !ok:
		return "", false
	case !lang.IsPath(s):
		d.Problem(v, "want %s, got %q%s", lang.WantPath, s, lang.PathHint[string](s))
		return "", false
	case !path.IsAbs(s):
		dir := d.Dir(v.Key)
		if dir == "" {
			d.Problem(v, "relative path %q, and the working directory is not known", s)
			return "", false
		}
		s = plainGlob(dir) + "/" + s
	}
	s = filepath.Clean(s)
	d.Became(v.Key, s)
	for name := range strings.SplitSeq(s, "/") {
		if strings.Contains(strings.NewReplacer(`\\`, "", `\*`, "").Replace(name), "**") {
			d.Problem(v, "\"**\" is not known: each \"*\" matches within one directory, got %q", s)
			return "", false
		}
	}
	return s, true
}

// WithMatches returns the profile with entries for what its globs match. An entry that
// names a target itself wins over a glob, and of globs one that masks over
// "ro", and that over "rw". matches returns the entries of a glob.
func (p *Profile) WithMatches(matches func(Glob) []MountEntry) *Profile {
	if len(p.Globs) == 0 {
		return p
	}
	var entries []MountEntry
	strictest := slices.Clone(p.Globs)
	slices.SortStableFunc(strictest, func(a, b Glob) int { return a.width() - b.width() })
	for _, g := range strictest {
		entries = append(entries, matches(g)...)
	}
	return p.WithEntries(entries)
}

// WithEntries returns the profile with more entries. It leaves out those whose target has an entry already.
func (p *Profile) WithEntries(entries []MountEntry) *Profile {
	if len(entries) == 0 {
		return p
	}
	with := *p
	with.Mounts = slices.Clone(p.Mounts)
	taken := make(map[string]bool, len(p.Mounts)+len(entries))
	for _, m := range p.Mounts {
		taken[m.Target] = true
	}
	for _, m := range entries {
		if !taken[m.Target] {
			taken[m.Target] = true
			with.Mounts = append(with.Mounts, m)
		}
	}
	sortEntries(&with)
	return &with
}

// width orders globs by how much they open.
func (g Glob) width() int {
	switch {
	case g.Entry.Type == MountMasked:
		return 0
	case g.Entry.Readonly:
		return 1
	}
	return 2
}

// Dir returns the directory that all matches are below: what comes before the first component with a "*".
func (g Glob) Dir() string {
	dir := "/"
	for name := range strings.SplitSeq(strings.TrimPrefix(g.Pattern, "/"), "/") {
		if IsGlob(name) {
			break
		}
		dir = path.Join(dir, GlobText(name))
	}
	return dir
}

package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// What a profile may extend, directly or not.
const (
	maxExtends = 16 // one after another, with the profile itself
	maxSources = 64 // in all
)

// composer finds the sources of a profile. Each is taken once, after all that
// it extends: of two files that extend a third, the second does not undo what
// the first changes of it.
type composer struct {
	r      *reading
	layers []*lang.Layer
	taken  map[string]bool // by path, also while what they extend is looked for
	open   []string        // the paths on the way from the profile to here
	failed bool            // a source cannot be read at all
}

// compose reads the profile of several sources: what top extends, top itself,
// and above that the settings. top is nil for a profile of flags alone.
func (r *reading) compose(top *lang.Layer, settings []Setting) (*Profile, error) {
	c := &composer{r: r, taken: map[string]bool{}}
	r.p.sources = map[string]*toml.Source{}
	flags := r.flagLayer(settings)
	c.extend(flags)
	if top != nil {
		c.add(top, top.Src.Path())
	}
	for i, l := range c.layers {
		l.Src.Layer = i + 1
	}
	for _, m := range flags.Marks {
		m.Src.Layer = len(c.layers) + 1
		r.p.sources[m.Src.Name] = m.Src
	}
	c.layers = append(c.layers, flags)
	if c.failed {
		return nil, r.p.andMore(r.p.sorted(r.Errs), r.More)
	}
	r.Marks = toml.Marks{}
	r.Took = map[string]bool{}
	tree := map[string]any{}
	for i, l := range c.layers {
		r.replacesInherit(l, tree, i > 0)
		r.Merge(tree, l, rivals())
	}
	r.unusedVars(c.layers)
	return r.profile(tree, nil)
}

// add takes a layer from the file at path, and before it what that extends.
func (c *composer) add(l *lang.Layer, path string) {
	c.r.p.sources[l.Src.Name] = l.Src
	c.taken[path] = true
	c.open = append(c.open, path)
	c.version(l)
	c.extend(l)
	c.open = c.open[:len(c.open)-1]
	c.layers = append(c.layers, l)
}

// version checks that a file is in the language that we know.
func (c *composer) version(l *lang.Layer) {
	switch n, isNumber := l.Tree["version"].(int64); {
	case isNumber && n != Version:
		c.r.ProblemIn(l, "version", "unknown version %d, want %d (write version = %d, or update nslaunch)", n, Version, Version)
		c.failed = true
	case !isNumber && l.Tree["version"] != nil && l.Src.From != nil: // that of the profile itself is read with the rest
		c.r.ProblemIn(l, "version", "want an integer, got %s", lang.TypeName(l.Tree["version"]))
		c.failed = true
	case l.Tree["version"] == nil && !misspelt(l.Tree, "version"):
		c.r.Errs = append(c.r.Errs, versionMissing(l.Src))
	}
}

// misspelt reports whether a key may have been meant to be the one named.
func misspelt(table map[string]any, key string) bool {
	for name := range table {
		if lang.Suggest(name, []string{key}) != "" {
			return true
		}
	}
	return false
}

// extend takes what a layer extends.
func (c *composer) extend(l *lang.Layer) {
	raw, ok := l.Tree["extends"]
	if !ok {
		return
	}
	l.Extends = raw
	delete(l.Tree, "extends")
	c.r.Marks = l.Marks
	values, ok := c.r.Elements(lang.Value{Key: "extends", Raw: raw}, "an array of strings")
	c.failed = c.failed || !ok
	for _, v := range values {
		c.r.Marks = l.Marks
		if s, ok := c.r.FilledText(v); ok {
			c.extendOne(l, v, s)
		} else {
			c.failed = true
		}
	}
}

// problem notes why there is no profile at all.
func (c *composer) problem(v lang.Value, format string, args ...any) {
	c.failed = true
	c.r.Problem(v, format, args...)
}

// extendOne takes the file or preset s, which the element v of a layer names.
func (c *composer) extendOne(l *lang.Layer, v lang.Value, s string) {
	from := l.At(v.Key)
	src := &toml.Source{Name: s, From: &from}
	if name, ok := strings.CutPrefix(s, presetPrefix); ok {
		if src.Text, ok = preset(name); !ok {
			c.problem(v, "%s", noPreset(name))
			return
		}
	} else {
		locate(src, s)
	}
	path := src.Path()
	switch {
	case slices.Contains(c.open, path) && path == c.open[len(c.open)-1]:
		c.problem(v, "%q is this file itself", s)
		return
	case slices.Contains(c.open, path):
		c.problem(v, "%q closes a cycle", s)
		return
	case c.taken[path]:
		return
	case len(c.open) >= maxExtends:
		c.problem(v, "%q is one file too many, want at most %d that extend each other", s, maxExtends)
		return
	case len(c.taken) >= maxSources:
		c.problem(v, "%q is one file too many, want at most %d in all", s, maxSources)
		return
	}
	if src.Text == nil {
		var err error
		if src.Text, err = readFile(src.Name); err != nil {
			c.problem(v, "%s: %q%s", err, s, fileHint(src.Name, s))
			return
		}
	}
	tree, marks, err := toml.Read(src)
	if err != nil {
		c.r.p.sources[src.Name] = src
		c.r.Errs = append(c.r.Errs, err)
		c.failed = true
		c.taken[path] = true
		return
	}
	c.add(&lang.Layer{Src: src, Tree: tree, Marks: marks}, path)
}

// locate names the source of the file at path, which another extends: by the path that it is opened
// at, which is relative where that of the other is.
func locate(s *toml.Source, path string) {
	by := s.From.Src
	if filepath.IsAbs(path) {
		s.Name = filepath.Clean(path)
		s.Dir = filepath.Dir(path)
		return
	}
	near := ""
	if by.Text != nil { // not a flag
		near = filepath.Dir(by.Name)
	}
	s.Name = filepath.Join(near, path)
	if by.Dir != "" {
		s.Dir = filepath.Dir(filepath.Join(by.Dir, path))
	}
}

// fileHint returns which file the user may have meant by one that does not exist.
func fileHint(path, s string) string {
	dir, base := filepath.Split(s)
	if hint := lang.Suggest(base, siblings(filepath.Dir(path))); hint != "" && hint != base {
		return lang.DidYouMean(s, []string{dir + hint})
	}
	if slices.Contains(presetNames(), s) {
		return lang.DidYouMean(presetPrefix+s, []string{presetPrefix + s})
	}
	return ""
}

// Extends returns the absolute paths of the files that the profile extends,
// directly or not. It names neither presets nor files whose directory is not known.
func (p *Profile) Extends() []string {
	var files []string
	for _, src := range p.sources {
		if src.From != nil && src.Dir != "" {
			files = append(files, src.Path())
		}
	}
	slices.Sort(files)
	return files
}

package tree

import (
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// Matches is what a [config.Glob] matches on this host.
type Matches struct {
	Paths   []Match // sorted by Path
	Outside []string
	// Shown are links to directories that hiding would make no sense of: the profile shows them, or something in them, by entries of their own.
	Shown []Match
	// Planted is a link on the way to the pattern's fixed part that a sandbox may have made.
	Planted Planted
	// Problem says why its matches cannot be known; "" where they are known.
	Problem string
}

// Match is one path that a glob matches.
type Match struct {
	Path   string // where it is mounted
	Source string // of a bind: where the host has it, without symbolic links
}

// mostMatches and mostLooks bound what one glob matches and how long it is looked for.
const (
	mostMatches = 512
	mostLooks   = 100_000
)

// HasMasks reports whether a glob hides what it matches.
func HasMasks(p *config.Profile) bool {
	return slices.ContainsFunc(p.Globs, func(g config.Glob) bool { return g.Entry.Type == config.MountMasked })
}

// globber looks for what matches a pattern in a tree.
type globber struct {
	*Tree
	binds   bool
	fixed   string // where the pattern's fixed part leads to
	looks   int
	matches Matches
}

// Match finds what a glob matches. A link is followed as the kernel follows it. Of a bind it
// is followed only as long as it stays below the fixed part of the pattern:
// what a sandbox has made in one run must not lead the next one elsewhere.
func (t *Tree) Match(g config.Glob) Matches {
	w := &globber{Tree: t, binds: g.Entry.Type == config.MountBind}
	dir := g.Dir()
	f := w.Resolve(dir, true)
	if w.fixed = dir; f.Resolved != "" {
		w.fixed = f.Resolved
	}
	switch {
	case f.Err == unix.ENOENT || f.Err == 0 && !f.Dir:
	case f.Err != 0:
		w.matches.Problem = fmt.Sprintf("%q cannot be looked into: %s", dir, ErrnoWords(f.Err))
	default:
		names := strings.Split(strings.TrimPrefix(g.Pattern, "/"), "/")
		for !config.IsGlob(names[0]) {
			names = names[1:]
		}
		w.walk(dir, names)
	}
	if w.matches.Problem != "" {
		w.matches.Paths = nil
	}
	slices.SortFunc(w.matches.Paths, func(a, b Match) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(w.matches.Outside)
	slices.SortFunc(w.matches.Shown, func(a, b Match) int { return strings.Compare(a.Path, b.Path) })
	return w.matches
}

// walk matches the rest of a pattern below a directory.
func (w *globber) walk(dir string, rest []string) {
	names := []string{config.GlobText(rest[0])}
	if config.IsGlob(rest[0]) {
		var err error
		if names, err = w.list(dir); err != nil {
			w.problem("%q cannot be listed: %s", dir, err)
			return
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !fits(rest[0], name) })
	}
	for _, name := range names {
		if w.matches.Problem != "" {
			return
		}
		if w.looks++; w.looks > mostLooks {
			w.problem("the pattern has more than %d names to be compared with (name a directory)", mostLooks)
			return
		}
		w.one(path.Join(dir, name), rest[1:])
	}
}

// one goes on with a path that fits so far.
func (w *globber) one(at string, rest []string) {
	last := len(rest) == 0
	f := w.Resolve(at, true)
	real := at
	if f.Resolved != "" {
		real = f.Resolved
	}
	switch {
	case f.Err == unix.ENOENT, f.Err == unix.ELOOP, f.Err == unix.ENOTDIR:
		return // a link that leads nowhere, or no link and not there
	case w.binds && !Below(real, w.fixed):
		if f.Err == 0 {
			w.matches.Outside = append(w.matches.Outside, at)
		}
	case f.Err != 0:
		w.problem("%q cannot be looked at: %s", at, ErrnoWords(f.Err))
	case !last && f.Dir:
		w.walk(at, rest)
	case !last:
	case !w.binds && f.Dir && real != at && w.entriesIn(real):
		w.matches.Shown = append(w.matches.Shown, Match{at, real})
	case len(w.matches.Paths) == mostMatches:
		w.problem("the pattern matches more than %d names (name the directory)", mostMatches)
	default:
		m := Match{Path: at}
		if w.binds {
			m.Source = real
		}
		w.matches.Paths = append(w.matches.Paths, m)
	}
}

// entriesIn reports whether a directory has something of the profile's on it or below it, or the pattern itself. A
// link that leads there hides no secret of its own, and may have been put there so that the next launch fails.
func (w *globber) entriesIn(dir string) bool {
	_, mounted := w.Layers[dir]
	return mounted || w.above[dir] || Below(w.fixed, dir)
}

func (w *globber) problem(format string, args ...any) {
	if w.matches.Problem == "" {
		w.matches.Problem = fmt.Sprintf(format, args...)
	}
}

// list returns the names in a directory of the sandbox, sorted.
func (t *Tree) list(dir string) ([]string, error) {
	if f := t.Resolve(dir, true); f.Resolved != "" {
		dir = f.Resolved
	}
	l, mounted := t.Layers[dir]
	if !mounted {
		l = t.Of(dir)
	}
	var names []string
	for _, base := range l.Base {
		f, err := os.Open(path.Join(base, l.Relative(dir)))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, unwrapped(err)
		}
		all, err := f.Readdirnames(mostLooks + 1)
		f.Close()
		if err != nil && len(all) == 0 && err != io.EOF {
			return nil, unwrapped(err)
		}
		// A list that is cut off may lack what matches: a sandbox could make so many names on purpose.
		if len(all) > mostLooks {
			return nil, fmt.Errorf("it has more than %d names", mostLooks)
		}
		names = append(names, all...)
	}
	add := func(p string) {
		if p != "/" && path.Dir(p) == dir {
			names = append(names, path.Base(p))
		}
	}
	for p := range t.Layers {
		add(p)
	}
	for p := range t.links {
		add(p)
	}
	for p := range t.above {
		add(p)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// unwrapped is an error of package os without the path.
func unwrapped(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}

// fits reports whether a name fits one component of a pattern. A dot at its start fits a written dot alone.
func fits(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	// Of the last "*" only the end of its match is ever moved, so this is quadratic at most.
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch c, size, glob := next(pattern, p); {
		case glob:
			star, mark = p, n
			p += size
		case size > 0 && c == name[n]:
			p += size
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) {
		_, size, glob := next(pattern, p)
		if !glob {
			return false
		}
		p += size
	}
	return true
}

// next returns the byte that a pattern wants at p, the length of its text, and whether it is a "*".
func next(pattern string, p int) (c byte, size int, glob bool) {
	switch {
	case p >= len(pattern):
		return 0, 0, false
	case pattern[p] == '*':
		return 0, 1, true
	case pattern[p] == '\\' && p+1 < len(pattern) && (pattern[p+1] == '*' || pattern[p+1] == '\\'):
		return pattern[p+1], 2, false
	}
	return pattern[p], 1, false
}

package config

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
)

// eachTarget is written to take away what a list of [mounts] says.
func eachTarget(list string) string {
	return "mounts." + list + ".remove = […], or mounts.\"/path\" = false for each target"
}

// mountsType is that of [mounts]: lists, and tables whose keys are targets.
type mountsType struct{ p *Profile }

// mountReader reads the entries of [mounts] into a profile.
type mountReader struct {
	*decoder
	p       *Profile
	mounted map[string][]placed // the entries of each target, where several sources make the profile
}

func (t mountsType) fields() []field { return mountsFields(&mountReader{p: t.p}, new(targetType)) }

// mountsFields are the lists of [mounts], and the table of a target.
func mountsFields(r *mountReader, target *targetType) []field {
	list := func(name string, m MountEntry) field {
		return field{name: name, typ: mountListType{r, m}, many: asSet, sums: true, off: eachTarget(name)}
	}
	return []field{
		list("ro", MountEntry{Type: MountBind, Readonly: true, Recursive: true}),
		list("rw", MountEntry{Type: MountBind, Recursive: true}),
		list("tmpfs", MountEntry{Type: MountTmpfs}),
		list("masked", MountEntry{Type: MountMasked}),
		{name: anyPath, typ: target, free: true},
	}
}

// Read puts parents before children.
func (t mountsType) Read(d *decoder, v value) {
	members, ok := v.raw.(map[string]any)
	if !ok {
		d.wrongType(v, "a table")
		return
	}
	r := &mountReader{decoder: d, p: t.p}
	target := new(targetType)
	fields := mountsFields(r, target)
	r.place(v, members, fields)
	t.p.Mounts = slices.Grow(t.p.Mounts, countMounts(members))
	for _, name := range names(members) {
		r.entry(v, v.member(name, members[name]), name, fields, target)
	}
	sortEntries(t.p)
}

// entry reads one key of [mounts].
func (r *mountReader) entry(table, v value, name string, fields []field, target *targetType) {
	f, isField := fieldNamed(fields, name)
	_, isTable := v.raw.(map[string]any)
	switch {
	case isField && !f.free:
		r.field(f, v)
	case strings.ContainsAny(name, "/.~$"), isTable && suggest(name, fieldNames(fields)) == "" && !hasField(r.top, name):
		path, ok := r.target(v, name)
		switch {
		case ok && v.raw == false:
			r.takeAway(v, path)
			return
		case ok && r.replaced(v, path):
			return
		}
		target.m = MountEntry{Key: v.key, Target: path}
		target.Read(r.decoder, v)
		if ok {
			r.p.Mounts = append(r.p.Mounts, target.m)
		}
	case hasField(target.fields(), name):
		r.misplaced(v.key, "unknown key %q in [mounts] (it belongs in the table of a target: %q = { … })", name, anyPath)
	default:
		r.unknown(table, name, fields, nil)
	}
}

// Shapes has the lists, and the tables of targets.
func (t mountsType) Shapes() []*Shape {
	s := closed(map[string]*Shape{})
	for _, f := range t.fields() {
		if f.free {
			s.KeysLike = map[string]*Shape{`^(` + component + `)+$|` + hasVariable: f.shape()}
		} else {
			s.Keys[f.name] = f.shape()
		}
	}
	return []*Shape{s}
}

// SortMounts puts parents before children, as the profile's own entries are.
func (p *Profile) SortMounts() { sortEntries(p) }

// sortEntries puts parents before children. Entries of one target stay in source order.
func sortEntries(p *Profile) {
	slices.SortStableFunc(p.Mounts, func(a, b MountEntry) int {
		if order := compareTargets(a.Target, b.Target); order != 0 {
			return order
		}
		return cmp.Compare(p.origins[a.Key].Key, p.origins[b.Key].Key)
	})
}

// countMounts tells how many entries [mounts] has at most.
func countMounts(members map[string]any) int {
	n := 0
	for _, member := range members {
		if list, ok := member.([]any); ok {
			n += len(list)
		} else {
			n++
		}
	}
	return n
}

// mountListType is that of a list of entries like m.
type mountListType struct {
	r *mountReader
	m MountEntry
}

func (t mountListType) Read(d *decoder, v value) {
	elements, _ := d.elements(v, "an array of strings")
	for _, e := range elements {
		t.r.listed(e, t.m)
	}
}

func (t mountListType) Shapes() []*Shape {
	path := []*Shape{like(hostPathPattern)}
	if t.m.Type != MountTmpfs {
		path = []*Shape{like(optionalPath), like(hostPathPattern)}
	}
	return []*Shape{arrayOf(path, false)}
}

// listed reads an element of a list: a path of the host's, which is the
// target, too. A "-" in front makes the entry an optional one, as in systemr. One with a "*" is a glob.
func (r *mountReader) listed(v value, m MountEntry) {
	m.Key = v.key
	if s, ok := v.raw.(string); ok {
		if s, m.Optional = strings.CutPrefix(s, "-"); m.Optional && m.Type == MountTmpfs {
			r.problem(v, "a tmpfs has no source that could be missing, want %q", s)
			return
		}
		v.raw = s
	}
	raw, _ := v.raw.(string)
	if m.Optional && r.noRepository(raw, v.key) {
		r.leftOut(v.key)
		return
	}
	pattern, ok := globPath(r.decoder, v)
	if !ok {
		return
	}
	if m.Optional {
		r.became(v.key, "-"+pattern)
	}
	glob := IsGlob(pattern)
	s := GlobText(pattern)
	if glob {
		s = globKey(pattern)
	}
	switch {
	case glob && m.Type == MountTmpfs:
		r.problem(v, "a \"*\" is a pattern in ro, rw and masked alone, got %q: name each directory (for a star in a name write mounts.\"/path\")", raw)
	case r.replaced(v, s):
	case s == "/":
		r.problem(v, "%s", rootTarget(raw))
	case glob && strings.Contains(raw, "${") && slices.ContainsFunc(r.p.Globs, func(g Glob) bool {
		return g.Pattern == pattern && toml.ParentKey(g.Entry.Key) == toml.ParentKey(m.Key)
	}):
		r.leftOut(v.key)
	case glob:
		r.p.Globs = append(r.p.Globs, Glob{pattern, m})
	default:
		m.Target = s
		if m.Type == MountBind {
			m.Source = s
		}
		if strings.Contains(raw, "${") && r.listedAlready(m) {
			r.leftOut(v.key)
			return
		}
		r.p.Mounts = append(r.p.Mounts, m)
	}
}

// noRepository reports whether s has a variable of a git repository, and there is none for the element at key.
func (r *mountReader) noRepository(s, key string) bool {
	if !strings.Contains(s, "${git:") || r.facts.vars.Git == nil {
		return false
	}
	r.here = true
	_, err := r.facts.vars.Git("dir")
	if other := (*gitrepo.Others)(nil); errors.As(err, &other) && r.p.others == nil {
		r.p.others = &leftForOthers{key, other}
	}
	return errors.Is(err, fs.ErrNotExist)
}

// listedAlready reports whether an earlier element says the same as m. As variables may
// stand for one path, that is no mistake: both are one entry, which is optional if both are.
func (r *mountReader) listedAlready(m MountEntry) bool {
	for i := range r.p.Mounts {
		if o := &r.p.Mounts[i]; o.Target == m.Target && o.Source == m.Source && o.Type == m.Type && o.Readonly == m.Readonly &&
			toml.ParentKey(o.Key) == toml.ParentKey(m.Key) {
			o.Optional = o.Optional && m.Optional
			return true
		}
	}
	return false
}

// rootTarget says why "/" is no target, which was written like this.
func rootTarget(written string) string {
	const own = "the root has a key of its own: root"
	switch {
	case strings.Contains(written, "${cwd}"):
		return "the working directory is /, and " + own + " (start nslaunch in the directory of a project)"
	case strings.Contains(written, "${home}"):
		return "the home directory is /, and " + own + " (set HOME to a directory of your own)"
	case strings.Contains(written, "${git:work_tree}"):
		return "the git work tree is /, and " + own + " (start nslaunch in the directory of a project)"
	}
	return own
}

// target reads a key that is a path inside, its variables replaced. It is in
// its shortest form, so that what it names can be told without a file system.
func (r *mountReader) target(v value, name string) (string, bool) {
	before := len(r.errs)
	s, ok := r.expand(v, name)
	for _, e := range r.errs[before:] {
		e.Pos = r.marks.KeyPos(v.key) // what is to be changed is the key
	}
	switch {
	case !ok:
		return "", false
	case strings.Contains(s, "\x00"):
		r.misplaced(v.key, "a NUL byte is not allowed, got %q", s)
	case !strings.HasPrefix(s, "/"):
		r.misplaced(v.key, "want an absolute path for a target, got %q%s", s, pathHint[string](s))
	case path.Clean(s) != s:
		r.misplaced(v.key, "want a path without \"..\", \".\" and superfluous slashes, got %q", s)
	case s == "/":
		r.misplaced(v.key, "%s", rootTarget(name))
	default:
		return s, true
	}
	return "", false
}

// compareTargets orders paths by their components, a parent before its children.
func compareTargets(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

// mountsOn tells whether an entry has that target.
func (p *Profile) mountsOn(target string) bool {
	return slices.ContainsFunc(p.Mounts, func(m MountEntry) bool { return m.Target == target })
}

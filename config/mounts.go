package config

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/internal/gitrepo"
)

// eachTarget is written to take away what a list of [mounts] says.
func eachTarget(list string) string {
	return "mounts." + list + ".remove = [\"/path\"] or mounts.\"/path\" = false for each target"
}

// mountsType is that of [mounts]: lists, and tables whose keys are targets.
type mountsType struct{ p *Profile }

// mountReader reads the entries of [mounts] into a profile.
type mountReader struct {
	*lang.Decoder
	p       *Profile
	mounted map[string][]placed // the entries of each target, where several sources make the profile
}

func (t mountsType) Fields() []lang.Field { return mountsFields(&mountReader{p: t.p}, new(targetType)) }

// mountsFields are the lists of [mounts], and the table of a target.
func mountsFields(r *mountReader, target *targetType) []lang.Field {
	list := func(name string, m MountEntry) lang.Field {
		return lang.Field{Name: name, Type: mountListType{r, m}, Many: lang.AsSet, Sums: true, Off: eachTarget(name)}
	}
	return []lang.Field{
		list("ro", MountEntry{Type: MountBind, Readonly: true, Recursive: true}),
		list("rw", MountEntry{Type: MountBind, Recursive: true}),
		list("tmpfs", MountEntry{Type: MountTmpfs}),
		list("masked", MountEntry{Type: MountMasked}),
		{Name: lang.AnyPath, Type: target, Free: true},
	}
}

// Read puts parents before children.
func (t mountsType) Read(d *lang.Decoder, v lang.Value) {
	members, ok := v.Raw.(map[string]any)
	if !ok {
		d.WrongType(v, "a table")
		return
	}
	r := &mountReader{Decoder: d, p: t.p}
	target := new(targetType)
	fields := mountsFields(r, target)
	r.place(v, members, fields)
	t.p.Mounts = slices.Grow(t.p.Mounts, countMounts(members))
	for _, name := range lang.SortedKeys(members) {
		r.entry(v, v.Member(name, members[name]), name, fields, target)
	}
	sortEntries(t.p)
}

// entry reads one key of [mounts].
func (r *mountReader) entry(table, v lang.Value, name string, fields []lang.Field, target *targetType) {
	f, isField := lang.FieldNamed(fields, name)
	_, isTable := v.Raw.(map[string]any)
	switch {
	case isField && !f.Free:
		r.Field(f, v)
	case strings.ContainsAny(name, "/.~$"), isTable && lang.Suggest(name, lang.FieldNames(fields)) == "" && !lang.HasField(r.Top, name):
		path, ok := r.target(v, name)
		switch {
		case ok && v.Raw == false:
			r.takeAway(v, path)
			return
		case ok && r.replaced(v, path):
			return
		}
		if !ok && !strings.Contains(name, "/") {
			return // its table may be of anything
		}
		target.m = MountEntry{Key: v.Key, Target: path}
		target.Read(r.Decoder, v)
		if ok {
			r.p.Mounts = append(r.p.Mounts, target.m)
		}
	case lang.HasField(target.Fields(), name):
		r.Misplaced(v.Key, "unknown key %q in [mounts] (it belongs to one mount: %q = { %s = %s })", name, lang.AnyPath, name, lang.Given(v.Raw))
	default:
		r.Unknown(table, name, fields, nil)
	}
}

// Shapes has the lists, and the tables of targets.
func (t mountsType) Shapes() []*Shape {
	s := lang.Closed(map[string]*Shape{})
	for _, f := range t.Fields() {
		if f.Free {
			s.KeysLike = map[string]*Shape{`^(` + lang.Component + `)+$|` + lang.HasVariable: f.Shape()}
		} else {
			s.Keys[f.Name] = f.Shape()
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

// countMounts returns the most entries that [mounts] can have.
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

// optionalPath is a regular expression for a path of the host's that may have a "-" in front.
const optionalPath = `^-?\.{0,2}/`

// mountListType is that of a list of entries like m.
type mountListType struct {
	r *mountReader
	m MountEntry
}

func (t mountListType) Read(d *lang.Decoder, v lang.Value) {
	if _, isTable := v.Raw.(map[string]any); isTable {
		d.Problem(v, "want an array of paths, got a table (one mount has a table of its own: \"/path\" = { ro = \"/srv\" } in [mounts])")
		return
	}
	elements, _ := d.Elements(v, "an array of strings")
	for _, e := range elements {
		t.r.listed(e, t.m)
	}
}

func (t mountListType) Shapes() []*Shape {
	path := []*Shape{lang.Like(lang.HostPathPattern)}
	if t.m.Type != MountTmpfs {
		path = []*Shape{lang.Like(optionalPath)}
	}
	return []*Shape{lang.ArrayOf(path, false)}
}

// listed reads an element of a list: a path of the host's, which is the
// target, too. A "-" in front makes the entry an optional one, as in systemr. One with a "*" is a glob.
func (r *mountReader) listed(v lang.Value, m MountEntry) {
	m.Key = v.Key
	if s, ok := v.Raw.(string); ok {
		if s, m.Optional = strings.CutPrefix(s, "-"); m.Optional && m.Type == MountTmpfs {
			r.Problem(v, "a tmpfs has no source that could be missing, want %q", s)
			return
		}
		v.Raw = s
	}
	raw, _ := v.Raw.(string)
	if at, options, ok := strings.Cut(raw, ":"); ok && m.Type == MountTmpfs && strings.Contains(options, "=") {
		r.Problem(v, "a tmpfs with options is a table of its own (write \"%s\" = { type = \"tmpfs\", size = \"64M\" })", at)
		return
	}
	if m.Optional && r.noRepository(raw, v.Key) {
		r.LeftOut(v.Key)
		return
	}
	pattern, ok := globPath(r.Decoder, v)
	if !ok {
		return
	}
	if m.Optional {
		r.Became(v.Key, "-"+pattern)
	}
	glob := IsGlob(pattern)
	s := GlobText(pattern)
	if glob {
		s = globKey(pattern)
	}
	switch {
	case glob && m.Type == MountTmpfs:
		r.Problem(v, "a \"*\" is a pattern only in ro, rw and masked, got %q: list each directory (for a star in a name, write mounts.\"/path\")", raw)
	case r.replaced(v, s):
	case s == "/":
		r.Problem(v, "%s", rootTarget(raw))
	case glob && strings.Contains(raw, "${") && slices.ContainsFunc(r.p.Globs, func(g Glob) bool {
		return g.Pattern == pattern && toml.ParentKey(g.Entry.Key) == toml.ParentKey(m.Key)
	}):
		r.LeftOut(v.Key)
	case glob:
		r.p.Globs = append(r.p.Globs, Glob{pattern, m})
	default:
		m.Target = s
		if m.Type == MountBind {
			m.Source = s
		}
		if strings.Contains(raw, "${") && r.listedAlready(m) {
			r.LeftOut(v.Key)
			return
		}
		r.p.Mounts = append(r.p.Mounts, m)
	}
}

// noRepository reports whether s has a variable of a git repository, and there is none for the element at key.
func (r *mountReader) noRepository(s, key string) bool {
	if !strings.Contains(s, "${git:") || r.Facts.Vars.Git == nil {
		return false
	}
	r.Here = true
	_, err := r.Facts.Vars.Git("dir")
	if other := (*gitrepo.Others)(nil); errors.As(err, &other) && r.p.others == nil {
		r.p.others = &leftForOthers{key, other}
	}
	return errors.Is(err, fs.ErrNotExist)
}

// listedAlready reports whether an earlier element says the same as m. As variables may
// lead to one path, this is correct: both are one entry, which is optional if both are.
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
// its shortest form, so that nslaunch knows what it names without a file system.
func (r *mountReader) target(v lang.Value, name string) (string, bool) {
	before := len(r.Errs)
	s, ok := r.Expand(v, name)
	for _, e := range r.Errs[before:] {
		e.Pos = r.Marks.KeyPos(v.Key) // the key must change
	}
	switch {
	case !ok:
		return "", false
	case strings.Contains(s, "\x00"):
		r.Misplaced(v.Key, "a NUL byte is not allowed, got %q", s)
	case !strings.HasPrefix(s, "/"):
		r.Misplaced(v.Key, "want an absolute path for a target, got %q%s", s, targetHint(s, v.Raw))
	case path.Clean(s) != s:
		r.Misplaced(v.Key, "want a path without \"..\", \".\" and extra slashes, got %q%s", s, lang.DidYouMean(path.Clean(s), []string{path.Clean(s)}))
	case s == "/":
		r.Misplaced(v.Key, "%s", rootTarget(name))
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

// mountsOn reports whether an entry has that target.
func (p *Profile) mountsOn(target string) bool {
	return slices.ContainsFunc(p.Mounts, func(m MountEntry) bool { return m.Target == target })
}

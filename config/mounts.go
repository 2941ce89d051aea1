package config

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// anyPath stands among the keys of [mounts] for every target.
const anyPath = "/path"

// eachTarget is written to take away what a list of [mounts] says.
func eachTarget(list string) string {
	return "mounts." + list + ".remove = […], or mounts.\"/path\" = false for each target"
}

// mountsFields are the lists of [mounts], and the table of a target.
func mountsFields() []field {
	return []field{
		{name: "ro", read: mountList(MountEntry{Type: MountBind, Readonly: true, Recursive: true}), many: asSet, off: eachTarget("ro")},
		{name: "rw", read: mountList(MountEntry{Type: MountBind, Recursive: true}), many: asSet, off: eachTarget("rw")},
		{name: "tmpfs", read: mountList(MountEntry{Type: MountTmpfs}), many: asSet, off: eachTarget("tmpfs")},
		{name: "masked", read: mountList(MountEntry{Type: MountMasked}), many: asSet, off: eachTarget("masked")},
		{name: anyPath, fields: mountFields},
	}
}

// readMounts reads the lists and the tables, whose keys are targets, and puts
// parents before children.
func readMounts(d *decoder, table value) {
	if d.asked() {
		d.takesMounts(table)
		return
	}
	fields := mountsFields()
	var keys []mountKey
	d.place(table)
	d.p.Mounts = slices.Grow(d.p.Mounts, countMounts(table.raw))
	d.each(table, "", func(name string, v value) {
		f, _ := fieldNamed(fields, name)
		_, isTable := v.raw.(map[string]any)
		switch {
		case f.read != nil:
			d.field(f, v)
		case strings.ContainsAny(name, "/.~$"), isTable && suggest(name, fieldNames(fields)) == "" && !hasField(topFields(), name):
			target, ok := d.target(v, name)
			switch {
			case ok && v.raw == false:
				d.takeAway(v, target)
				return
			case ok && d.replaced(v, target):
				return
			}
			m := MountEntry{Key: v.key, Target: target}
			if keys == nil {
				keys = mountKeys()
			}
			d.mountTable(v, keys, &m)
			if ok {
				d.p.Mounts = append(d.p.Mounts, m)
			}
		case hasField(mountFields(), name):
			d.misplaced(v.key, "unknown key %q in [mounts] (it belongs in the table of a target: %q = { … })", name, anyPath)
		default:
			d.unknown(table, name, fields)
		}
	})
	sortEntries(d.p)
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
func countMounts(raw any) int {
	n := 0
	members, _ := raw.(map[string]any)
	for _, member := range members {
		if list, ok := member.([]any); ok {
			n += len(list)
		} else {
			n++
		}
	}
	return n
}

// mountList returns the reader of a list of entries like m.
func mountList(m MountEntry) func(d *decoder, v value) {
	return func(d *decoder, v value) {
		elements, _ := d.elements(v, "an array of strings")
		for _, e := range elements {
			d.listed(e, m)
		}
	}
}

// listed reads an element of a list: a path of the host's, which is the
// target, too. A "-" in front makes the entry an optional one, as in systemd. One with a "*" is a glob.
func (d *decoder) listed(v value, m MountEntry) {
	m.Key = v.key
	if m.Type != MountTmpfs {
		d.takes(v, like(optionalPath))
	}
	if s, ok := v.raw.(string); ok {
		if s, m.Optional = strings.CutPrefix(s, "-"); m.Optional && m.Type == MountTmpfs {
			d.problem(v, "a tmpfs has no source that could be missing, want %q", s)
			return
		}
		v.raw = s
	}
	raw, _ := v.raw.(string)
	if m.Optional && d.noRepository(raw, v.key) {
		d.leftOut(v.key)
		return
	}
	pattern, ok := d.globPath(v)
	if !ok {
		return
	}
	if m.Optional {
		d.became(v.key, "-"+pattern)
	}
	glob := IsGlob(pattern)
	s := GlobText(pattern)
	if glob {
		s = globKey(pattern)
	}
	switch {
	case glob && m.Type == MountTmpfs:
		d.problem(v, "a \"*\" is a pattern in ro, rw and masked alone, got %q: name each directory (for a star in a name write mounts.\"/path\")", raw)
	case d.replaced(v, s):
	case s == "/":
		d.problem(v, "%s", rootTarget(raw))
	case glob && strings.Contains(raw, "${") && slices.ContainsFunc(d.p.Globs, func(g Glob) bool {
		return g.Pattern == pattern && toml.ParentKey(g.Entry.Key) == toml.ParentKey(m.Key)
	}):
		d.leftOut(v.key)
	case glob:
		d.p.Globs = append(d.p.Globs, Glob{pattern, m})
	default:
		m.Target = s
		if m.Type == MountBind {
			m.Source = s
		}
		if strings.Contains(raw, "${") && d.listedAlready(m) {
			d.leftOut(v.key)
			return
		}
		d.p.Mounts = append(d.p.Mounts, m)
	}
}

// listedAlready reports whether an earlier element says the same as m. As variables may
// stand for one path, that is no mistake: both are one entry, which is optional if both are.
func (d *decoder) listedAlready(m MountEntry) bool {
	for i := range d.p.Mounts {
		if o := &d.p.Mounts[i]; o.Target == m.Target && o.Source == m.Source && o.Type == m.Type && o.Readonly == m.Readonly &&
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
func (d *decoder) target(v value, name string) (string, bool) {
	before := len(d.errs)
	s, ok := d.expand(v, name)
	for _, e := range d.errs[before:] {
		e.Pos = d.p.origins.KeyPos(v.key) // what is to be changed is the key
	}
	switch {
	case !ok:
		return "", false
	case strings.Contains(s, "\x00"):
		d.misplaced(v.key, "a NUL byte is not allowed, got %q", s)
	case !strings.HasPrefix(s, "/"):
		d.misplaced(v.key, "want an absolute path for a target, got %q%s", s, pathHint[string](s))
	case path.Clean(s) != s:
		d.misplaced(v.key, "want a path without \"..\", \".\" and superfluous slashes, got %q", s)
	case s == "/":
		d.misplaced(v.key, "%s", rootTarget(name))
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

package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// mountKey is one key of the table of a target.
type mountKey struct {
	name string
	of   []MountType // those that take it; nil for a key that says the type
	read func(d *decoder, v value, m *MountEntry)
}

// mountKeys are the keys of the table of a target, first the four of which it
// has one.
func mountKeys() []mountKey {
	binds := []MountType{MountBind}
	return []mountKey{
		{"ro", nil, func(d *decoder, v value, m *MountEntry) { m.bind(d, v, true) }},
		{"rw", nil, func(d *decoder, v value, m *MountEntry) { m.bind(d, v, false) }},
		{"masked", nil, readMasked},
		{"type", nil, readMountType},

		{"optional", []MountType{MountBind, MountMasked, MountTmpfs, MountFile, MountPasswd, MountGroup},
			func(d *decoder, v value, m *MountEntry) { d.boolean(v, &m.Optional) }},
		{"recursive", binds, func(d *decoder, v value, m *MountEntry) { d.boolean(v, &m.Recursive) }},
		{"propagation", binds, func(d *decoder, v value, m *MountEntry) { m.Propagation = readPropagation(d, v) }},
		{"idmap", binds, readMountIDMap},
		{"options", []MountType{MountBind, MountTmpfs, MountOverlay}, func(d *decoder, v value, m *MountEntry) { m.Options = readMountOptions(d, v) }},
		{"size", []MountType{MountTmpfs}, readMountSize},
		{"mode", []MountType{MountTmpfs, MountDir, MountFile, MountPasswd, MountGroup, MountDevpts},
			func(d *decoder, v value, m *MountEntry) { m.Mode = d.octal(v, "0755", 0o7777) }},
		{"uid", madeTypes(), func(d *decoder, v value, m *MountEntry) { m.UID = d.optionalID(v) }},
		{"gid", madeTypes(), func(d *decoder, v value, m *MountEntry) { m.GID = d.optionalID(v) }},
		{"lower", []MountType{MountOverlay}, readLower},
		{"dir", []MountType{MountOverlay}, func(d *decoder, v value, m *MountEntry) { m.Dir, _ = d.hostFile(v) }},
		{"create", []MountType{MountOverlay}, func(d *decoder, v value, m *MountEntry) { d.boolean(v, &m.Create) }},
		{"content", []MountType{MountFile}, readContent},
		{"source", []MountType{MountFile}, func(d *decoder, v value, m *MountEntry) { m.Source, _ = d.hostFile(v) }},
		{"readonly", []MountType{MountFile}, func(d *decoder, v value, m *MountEntry) { d.boolean(v, &m.Readonly) }},
		{"to", []MountType{MountSymlink}, func(d *decoder, v value, m *MountEntry) { m.To, _ = d.str(v) }},
	}
}

// madeTypes are the types of what nslaunch makes, and so somebody owns.
func madeTypes() []MountType {
	return []MountType{MountTmpfs, MountDir, MountFile, MountSymlink, MountPasswd, MountGroup, MountOverlay}
}

// mountFields are the names of mountKeys.
func mountFields() []field {
	var fields []field
	for _, k := range mountKeys() {
		fields = append(fields, field{name: k.name})
	}
	return fields
}

// mountTable reads the table of a target into m.
func (d *decoder) mountTable(v value, keys []mountKey, m *MountEntry) {
	members, ok := v.raw.(map[string]any)
	if !ok {
		want := "a table"
		if s, ok := v.raw.(string); ok {
			want = fmt.Sprintf("{ ro = %q } or { rw = %q }", s, s)
		}
		d.wrongType(v, want)
		return
	}
	known, first := 0, ""
	for _, k := range keys {
		raw, ok := members[k.name]
		if !ok {
			continue
		}
		known++
		e := v.member(k.name, raw)
		switch {
		case k.of == nil && first != "":
			d.misplaced(e.key, "%s and %s exclude each other", first, k.name)
		case k.of == nil:
			first = k.name
			k.read(d, e, m)
		case m.Type != "" && !slices.Contains(k.of, m.Type):
			how := first
			if first == "type" {
				how = fmt.Sprintf("type = %q", m.Type)
			}
			d.misplaced(e.key, "not with %s, only with %s", how, takers(k))
		default:
			k.read(d, e, m)
		}
	}
	if known < len(members) {
		fields := mountFields()
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !hasField(fields, name) {
				d.unknownMountKey(v, name, fields)
			}
		}
	}
	if first == "" {
		d.typeMissing(v, keys)
	}
	d.mountRequires(v, members, m)
}

// takers lists how the types that take a key are written: ro, rw,
// type = "tmpfs" or "overlay".
func takers(k mountKey) string {
	var all []string
	prefix := "type = "
	for _, t := range k.of {
		switch t {
		case MountBind:
			all = append(all, "ro", "rw")
		case MountMasked:
			all = append(all, "masked")
		default:
			all = append(all, fmt.Sprintf("%s%q", prefix, t))
			prefix = ""
		}
	}
	return words(all)
}

// typeMissing notes that nothing says the type of a mount, unless a misspelt
// key was meant to.
func (d *decoder) typeMissing(v value, keys []mountKey) {
	var names []string
	for _, k := range keys {
		if k.of == nil {
			if d.spoilt[toml.JoinKey(v.key, k.name)] {
				return
			}
			names = append(names, k.name)
		}
	}
	d.problem(v, "want one of %s", words(names))
}

// unknownMountKey is unknown, and knows the words of mount(8).
func (d *decoder) unknownMountKey(v value, name string, fields []field) {
	if slices.Contains(mountOptions(), name) {
		d.misplaced(toml.JoinKey(v.key, name), "unknown key %q in [%s] (it is an option: options = [%q])", name, v.key, name)
		return
	}
	d.unknown(v, name, fields)
}

// mountRequires notes what a type lacks.
func (d *decoder) mountRequires(v value, members map[string]any, m *MountEntry) {
	switch m.Type {
	case MountOverlay:
		d.require(v, "lower")
		if m.Create && members["dir"] == nil {
			d.misplaced(toml.JoinKey(v.key, "create"), "needs a dir")
		}
		d.createsBelowState(v, m.Dir, m.Create)
		for _, key := range []string{"uid", "gid"} {
			if members[key] != nil && members["dir"] != nil && !m.Create {
				d.misplaced(toml.JoinKey(v.key, key), "needs create = true, or no dir (nslaunch does not change the owner of a directory that is there)")
			}
		}
	case MountFile:
		switch {
		case members["source"] == nil:
			d.require(v, "content")
		case members["content"] != nil:
			d.misplaced(toml.JoinKey(v.key, "source"), "content and source exclude each other")
		}
	case MountSymlink:
		d.require(v, "to")
	}
}

// bind reads the source of a bind mount.
func (m *MountEntry) bind(d *decoder, v value, readonly bool) {
	m.Type, m.Readonly, m.Recursive = MountBind, readonly, true
	if s, ok := v.raw.(string); ok && strings.HasPrefix(s, "-") {
		d.problem(v, "the \"-\" is for lists, want optional = true beside %q", s[1:])
		return
	}
	m.Source, _ = d.hostFile(v)
}

func readMasked(d *decoder, v value, m *MountEntry) {
	m.Type = MountMasked
	if d.takes(v, &Shape{Const: true}) {
		return
	}
	masked := true
	if d.boolean(v, &masked); !masked {
		d.problem(v, "want true, got false")
	}
}

// readMountType reads a type, other than the two that have keys of their own.
func readMountType(d *decoder, v value, m *MountEntry) {
	switch v.raw {
	case string(MountBind):
		d.problem(v, "a bind mount is written ro = SOURCE or rw = SOURCE, without a type")
	case string(MountMasked):
		d.problem(v, "a mask is written masked = true, without a type")
	default:
		m.Type = enum(d, v, MountTmpfs, MountOverlay, MountFile, MountSymlink, MountDir, MountPasswd, MountGroup,
			MountProc, MountSysfs, MountDevpts, MountMqueue, MountCgroup2)
	}
}

// readMountSize reads the size of a tmpfs. To the kernel 0 is no limit, and
// the highest is that of a file.
func readMountSize(d *decoder, v value, m *MountEntry) {
	if _, ok := v.raw.(int64); ok {
		if n, ok := d.integer(v, 1, math.MaxInt64); ok {
			m.Size = uint64(n)
		}
		return
	}
	d.takes(v, like(sizePattern))
	s, ok := d.textOf(v, `an integer or a size such as "512M"`)
	if !ok {
		return
	}
	n, err := parseSize(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
	case n == 0:
		d.problem(v, "want a size above 0, got %q", s)
	case n > math.MaxInt64:
		d.problem(v, "%q is too large, want less than 8E", s)
	default:
		m.Size = n
	}
}

func readLower(d *decoder, v value, m *MountEntry) {
	if d.asked() {
		d.survey.filled[v.key] = true
	}
	if raw, ok := v.raw.([]any); ok && len(raw) == 0 {
		d.problem(v, "want at least one directory")
	}
	m.Lower = list(d, v, "an array of strings", d.hostFile)
}

func readContent(d *decoder, v value, m *MountEntry) {
	if s, ok := d.text(v); ok {
		m.Content = &s
	}
}

package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// targetType is that of the table of a target, which is read into m.
type targetType struct {
	m    MountEntry
	keys []mountKey // of m; nil before they are needed
}

// mountKey is one key of the table of a target.
type mountKey struct {
	field
	of []MountType // those that take it; nil for a key that says the type
}

// mountKeys are the keys of the table of a target, first the four of which it
// has one.
func (t *targetType) mountKeys() []mountKey {
	if t.keys != nil {
		return t.keys
	}
	m := &t.m
	binds, overlays, files := []MountType{MountBind}, []MountType{MountOverlay}, []MountType{MountFile}
	t.keys = []mountKey{
		{field{name: "ro", typ: bindType{m, true}}, nil},
		{field{name: "rw", typ: bindType{m, false}}, nil},
		{field{name: "masked", typ: maskedType{m}}, nil},
		{field{name: "type", typ: typeType{m}}, nil},

		{field{name: "optional", typ: boolean(&m.Optional)}, []MountType{MountBind, MountMasked, MountTmpfs, MountFile, MountPasswd, MountGroup}},
		{field{name: "recursive", typ: boolean(&m.Recursive)}, binds},
		{field{name: "propagation", typ: enum(&m.Propagation, mountprop.All()...)}, binds},
		{field{name: "idmap", typ: mountIDMapType{m}}, binds},
		{field{name: "options", typ: mountOptionsType{&m.Options}}, []MountType{MountBind, MountTmpfs, MountOverlay}},
		{field{name: "size", typ: to(&m.Size, mountSize())}, []MountType{MountTmpfs}},
		{field{name: "mode", typ: optional(&m.Mode, octal("0755", 0o7777))},
			[]MountType{MountTmpfs, MountDir, MountFile, MountPasswd, MountGroup, MountDevpts}},
		{field{name: "uid", typ: optional(&m.UID, id())}, madeTypes()},
		{field{name: "gid", typ: optional(&m.GID, id())}, madeTypes()},
		{field{name: "lower", typ: lowerType{m}}, overlays},
		{field{name: "dir", typ: to(&m.Dir, hostFile())}, overlays},
		{field{name: "create", typ: boolean(&m.Create)}, overlays},
		{field{name: "content", typ: optional(&m.Content, anyText())}, files},
		{field{name: "source", typ: to(&m.Source, hostFile())}, files},
		{field{name: "readonly", typ: boolean(&m.Readonly)}, files},
		{field{name: "to", typ: to(&m.To, filledText())}, []MountType{MountSymlink}},
	}
	return t.keys
}

// madeTypes are the types of what nslaunch makes, and so somebody owns.
func madeTypes() []MountType {
	return []MountType{MountTmpfs, MountDir, MountFile, MountSymlink, MountPasswd, MountGroup, MountOverlay}
}

func (t *targetType) fields() []field {
	var fields []field
	for _, k := range t.mountKeys() {
		fields = append(fields, k.field)
	}
	return fields
}

func (t *targetType) Read(d *decoder, v value) {
	m, keys := &t.m, t.mountKeys()
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
			k.typ.Read(d, e)
		case m.Type != "" && !slices.Contains(k.of, m.Type):
			how := first
			if first == "type" {
				how = fmt.Sprintf("type = %q", m.Type)
			}
			d.misplaced(e.key, "not with %s, only with %s", how, takers(k))
		default:
			k.typ.Read(d, e)
		}
	}
	if known < len(members) {
		fields := t.fields()
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !hasField(fields, name) {
				unknownMountKey(d, v, name, fields)
			}
		}
	}
	if first == "" {
		typeMissing(d, v, keys)
	}
	mountRequires(d, v, members, m)
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
func typeMissing(d *decoder, v value, keys []mountKey) {
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
func unknownMountKey(d *decoder, v value, name string, fields []field) {
	if slices.Contains(mountOptions(), name) {
		d.misplaced(toml.JoinKey(v.key, name), "unknown key %q in [%s] (it is an option: options = [%q])", name, v.key, name)
		return
	}
	d.unknown(v, name, fields, nil)
}

// mountRequires notes what a type lacks.
func mountRequires(d *decoder, v value, members map[string]any, m *MountEntry) {
	switch m.Type {
	case MountOverlay:
		d.require(v, "lower")
		if m.Create && members["dir"] == nil {
			d.misplaced(toml.JoinKey(v.key, "create"), "needs a dir")
		}
		createsBelowState(d, v, m.Dir, m.Create)
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

// bindType is the source of a bind mount.
type bindType struct {
	m        *MountEntry
	readonly bool
}

func (t bindType) Read(d *decoder, v value) {
	m := t.m
	m.Type, m.Readonly, m.Recursive = MountBind, t.readonly, true
	if s, ok := v.raw.(string); ok && strings.HasPrefix(s, "-") {
		d.problem(v, "the \"-\" is for lists, want optional = true beside %q", s[1:])
		return
	}
	m.Source, _ = d.hostFile(v)
}

func (bindType) Shapes() []*Shape { return hostFile().shapes() }

// maskedType is true.
type maskedType struct{ m *MountEntry }

func (t maskedType) Read(d *decoder, v value) {
	t.m.Type = MountMasked
	if masked, ok := d.boolean(v); ok && !masked {
		d.problem(v, "want true, got false")
	}
}

func (maskedType) Shapes() []*Shape { return []*Shape{{Const: true}} }

// typeType is a type, other than the two that have keys of their own.
type typeType struct{ m *MountEntry }

func mountTypes() []MountType {
	return []MountType{MountTmpfs, MountOverlay, MountFile, MountSymlink, MountDir, MountPasswd, MountGroup,
		MountProc, MountSysfs, MountDevpts, MountMqueue, MountCgroup2}
}

func (t typeType) Read(d *decoder, v value) {
	switch v.raw {
	case string(MountBind):
		d.problem(v, "a bind mount is written ro = SOURCE or rw = SOURCE, without a type")
	case string(MountMasked):
		d.problem(v, "a mask is written masked = true, without a type")
	default:
		t.m.Type = readEnum(d, v, mountTypes())
	}
}

func (typeType) Shapes() []*Shape { return []*Shape{oneWord(mountTypes()...)} }

// mountSize is the size of a tmpfs. To the kernel 0 is no limit, and
// the highest is that of a file.
func mountSize() kind[uint64] {
	return kind[uint64]{readMountSize, func() []*Shape { return []*Shape{whole(1, math.MaxInt64), like(sizePattern)} }}
}

func readMountSize(d *decoder, v value) (uint64, bool) {
	if _, ok := v.raw.(int64); ok {
		n, ok := d.integer(v, 1, math.MaxInt64)
		return uint64(n), ok
	}
	s, ok := d.textOf(v, `an integer or a size such as "512M"`)
	if !ok {
		return 0, false
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
		return n, true
	}
	return 0, false
}

// lowerType is the layers of an overlay, one at least.
type lowerType struct{ m *MountEntry }

func (t lowerType) Read(d *decoder, v value) {
	if raw, ok := v.raw.([]any); ok && len(raw) == 0 {
		d.problem(v, "want at least one directory")
	}
	t.m.Lower, _ = readSet(d, v, "an array of strings", (*decoder).hostFile)
}

func (lowerType) Shapes() []*Shape {
	s := arrayOf(hostFile().shapes(), true)
	s.Fewest = 1
	return []*Shape{s}
}

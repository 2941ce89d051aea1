package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// targetType is that of the table of a target, which is read into m.
type targetType struct {
	m       MountEntry
	keys    []mountKey // of m; nil before they are needed
	members map[string]any
}

// mountKey is one key of the table of a target.
type mountKey struct {
	lang.Field
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
		{lang.Field{Name: "ro", Type: bindType{m, true}}, nil},
		{lang.Field{Name: "rw", Type: bindType{m, false}}, nil},
		{lang.Field{Name: "masked", Type: maskedType{m}}, nil},
		{lang.Field{Name: "type", Type: typeType{t}}, nil},

		{lang.Field{Name: "optional", Type: lang.Bool(&m.Optional)}, []MountType{MountBind, MountMasked, MountTmpfs, MountFile, MountPasswd, MountGroup}},
		{lang.Field{Name: "recursive", Type: lang.Bool(&m.Recursive)}, binds},
		{lang.Field{Name: "propagation", Type: lang.Enum(&m.Propagation, mountprop.All()...)}, binds},
		{lang.Field{Name: "idmap", Type: mountIDMapType{m}}, binds},
		{lang.Field{Name: "options", Type: mountOptionsType{&m.Options}}, []MountType{MountBind, MountTmpfs, MountOverlay}},
		{lang.Field{Name: "size", Type: lang.To(&m.Size, mountSize())}, []MountType{MountTmpfs}},
		{lang.Field{Name: "mode", Type: lang.Optional(&m.Mode, lang.Octal("0755", 0o7777))},
			[]MountType{MountTmpfs, MountDir, MountFile, MountPasswd, MountGroup, MountDevpts}},
		{lang.Field{Name: "uid", Type: lang.Optional(&m.UID, id())}, madeTypes()},
		{lang.Field{Name: "gid", Type: lang.Optional(&m.GID, id())}, madeTypes()},
		{lang.Field{Name: "lower", Type: lowerType{m}}, overlays},
		{lang.Field{Name: "dir", Type: lang.To(&m.Dir, lang.HostFile())}, overlays},
		{lang.Field{Name: "create", Type: lang.Bool(&m.Create)}, overlays},
		{lang.Field{Name: "content", Type: lang.Optional(&m.Content, lang.Text())}, files},
		{lang.Field{Name: "source", Type: lang.To(&m.Source, lang.HostFile())}, files},
		{lang.Field{Name: "readonly", Type: lang.Bool(&m.Readonly)}, files},
		{lang.Field{Name: "to", Type: lang.To(&m.To, lang.FilledText())}, []MountType{MountSymlink}},
	}
	return t.keys
}

// madeTypes are the types of what nslaunch makes, and so somebody owns.
func madeTypes() []MountType {
	return []MountType{MountTmpfs, MountDir, MountFile, MountSymlink, MountPasswd, MountGroup, MountOverlay}
}

func (t *targetType) Fields() []lang.Field {
	var fields []lang.Field
	for _, k := range t.mountKeys() {
		fields = append(fields, k.Field)
	}
	return fields
}

func (t *targetType) Read(d *lang.Decoder, v lang.Value) {
	m, keys := &t.m, t.mountKeys()
	members, ok := v.Raw.(map[string]any)
	if !ok {
		d.WrongType(v, "a table such as { ro = \"/srv\" }")
		return
	}
	t.members = members
	known, first := 0, ""
	for _, k := range keys {
		raw, ok := members[k.Name]
		if !ok {
			continue
		}
		known++
		e := v.Member(k.Name, raw)
		switch {
		case k.of == nil && first != "":
			d.Misplaced(e.Key, "%s and %s exclude each other", first, k.Name)
		case k.of == nil:
			first = k.Name
			k.Type.Read(d, e)
		case m.Type != "" && !slices.Contains(k.of, m.Type):
			how := first
			if first == "type" {
				how = fmt.Sprintf("type = %q", m.Type)
			}
			d.Misplaced(e.Key, "not with %s, only with %s", how, takers(k))
		default:
			k.Type.Read(d, e)
		}
	}
	if known < len(members) {
		fields := t.Fields()
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !lang.HasField(fields, name) {
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
	return lang.Words(all)
}

// typeMissing notes that nothing says the type of a mount, unless a misspelt
// key was meant to.
func typeMissing(d *lang.Decoder, v lang.Value, keys []mountKey) {
	var names []string
	for _, k := range keys {
		if k.of == nil {
			if d.Spoilt[toml.JoinKey(v.Key, k.Name)] {
				return
			}
			names = append(names, k.Name)
		}
	}
	d.Problem(v, "needs one of %s%s", lang.Words(names), typeHint(v, keys))
}

// typeHint returns a hint at the type that the keys of a mount are of; "" if several can be.
func typeHint(v lang.Value, keys []mountKey) string {
	members, _ := v.Raw.(map[string]any)
	for _, k := range keys {
		if members[k.Name] != nil && len(k.of) == 1 && k.of[0] != MountBind {
			return fmt.Sprintf(" (add type = %q)", k.of[0])
		}
	}
	return ""
}

// mountRequires notes what a type lacks.
func mountRequires(d *lang.Decoder, v lang.Value, members map[string]any, m *MountEntry) {
	switch m.Type {
	case MountOverlay:
		d.Require(v, "lower", `lower = ["/usr"]`)
		if m.Create && members["dir"] == nil {
			d.Misplaced(toml.JoinKey(v.Key, "create"), "needs a dir")
		}
		createsBelowState(d, v, m.Dir, m.Create)
		for _, key := range []string{"uid", "gid"} {
			if members[key] != nil && members["dir"] != nil && !m.Create {
				d.Misplaced(toml.JoinKey(v.Key, key), "needs create = true, or no dir (nslaunch does not change the owner of an existing directory)")
			}
		}
	case MountFile:
		switch {
		case members["source"] == nil:
			d.Require(v, "content", `content = "text"`)
		case members["content"] != nil:
			d.Misplaced(toml.JoinKey(v.Key, "source"), "content and source exclude each other")
		}
	case MountSymlink:
		d.Require(v, "to", `to = "/target"`)
	}
}

// bindType is the source of a bind mount.
type bindType struct {
	m        *MountEntry
	readonly bool
}

func (t bindType) Read(d *lang.Decoder, v lang.Value) {
	m := t.m
	m.Type, m.Readonly, m.Recursive = MountBind, t.readonly, true
	if s, ok := v.Raw.(string); ok && strings.HasPrefix(s, "-") {
		d.Problem(v, "a \"-\" in front works only in lists, want optional = true beside %q", s[1:])
		return
	}
	m.Source, _ = d.HostFile(v)
}

func (bindType) Shapes() []*Shape { return lang.HostFile().Shapes() }

// maskedType is true.
type maskedType struct{ m *MountEntry }

func (t maskedType) Read(d *lang.Decoder, v lang.Value) {
	t.m.Type = MountMasked
	if masked, ok := d.Boolean(v); ok && !masked {
		d.Problem(v, "want true, got false (%s = false removes the mount)", toml.ParentKey(v.Key))
	}
}

func (maskedType) Shapes() []*Shape { return []*Shape{{Const: true}} }

// mountSize is the size of a tmpfs. To the kernel 0 is no limit, and
// the highest is that of a file.
func mountSize() lang.Kind[uint64] {
	return lang.KindOf(readMountSize, func() []*Shape { return []*Shape{lang.Whole(1, math.MaxInt64), lang.Like(lang.SizePattern)} })
}

func readMountSize(d *lang.Decoder, v lang.Value) (uint64, bool) {
	if _, ok := v.Raw.(int64); ok {
		n, ok := d.Integer(v, 1, math.MaxInt64)
		return uint64(n), ok
	}
	s, ok := d.TextOf(v, `an integer or a size such as "512M"`)
	if !ok {
		return 0, false
	}
	n, err := lang.ParseSize(s)
	switch {
	case err != nil:
		d.Problem(v, "%s", err)
	case n == 0:
		d.Problem(v, "want a size above 0, got %q", s)
	case n > math.MaxInt64:
		d.Problem(v, "%q is too large, want less than 8E", s)
	default:
		return n, true
	}
	return 0, false
}

// lowerType is the layers of an overlay, one at least.
type lowerType struct{ m *MountEntry }

func (t lowerType) Read(d *lang.Decoder, v lang.Value) {
	if raw, ok := v.Raw.([]any); ok && len(raw) == 0 {
		d.Problem(v, "want at least one directory")
	}
	t.m.Lower, _ = lang.ReadSet(d, v, "an array of strings", (*lang.Decoder).HostFile)
}

func (lowerType) Shapes() []*Shape {
	s := lang.ArrayOf(lang.HostFile().Shapes(), true)
	s.Fewest = 1
	return []*Shape{s}
}

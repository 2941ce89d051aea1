package config

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func idmapFields(m *IDMap) []lang.Field {
	return []lang.Field{
		{Name: "mode", Type: lang.Enum(&m.Mode, IDMapRoot, IDMapKeep, IDMapSubid, IDMapRootSubid, IDMapKeepSubid, IDMapIdentity, IDMapNone)},
		{Name: "uid", Type: rangesType{&m.UID}, Many: lang.AsSet},
		{Name: "gid", Type: rangesType{&m.GID}, Many: lang.AsSet},
		{Name: "setgroups", Off: `"allow"`, Type: lang.Enum(&m.Setgroups, SetgroupsAllow, SetgroupsDeny)},
	}
}

// rangeTable is one line of a map, read into r.
func rangeTable(r *IDRange) lang.Table {
	return lang.Table{Of: func() []lang.Field {
		return []lang.Field{
			{Name: "inside", Off: lang.AsRead, Type: lang.To(&r.Inside, id())},
			{Name: "outside", Off: lang.AsRead, Type: lang.To(&r.Outside, id())},
			{Name: "count", Off: lang.AsRead, Type: lang.To(&r.Count, lang.Int[uint32](1, maxID+1))},
		}
	}, Required: []string{"inside", "outside"}, Others: rangeKeyMeant}
}

// rangesType is the lines of a uid or gid map, of which there is at least one.
type rangesType struct{ dst *[]IDRange }

func (rangesType) Fields() []lang.Field { return rangeTable(new(IDRange)).Of() }

func (t rangesType) Read(d *lang.Decoder, v lang.Value) {
	if line := mapLine(v.Raw); line != nil {
		d.WrongType(v, "an array of tables")
		return
	}
	elements, ok := d.Elements(v, "an array of tables")
	if ok && len(elements) == 0 {
		d.Problem(v, `want at least one range (mode = "none" maps nothing)`)
	}
	all := []IDRange{} // not nil, as the key is there
	for _, e := range elements {
		r := IDRange{Count: 1}
		rangeTable(&r).Read(d, e)
		all = append(all, r)
	}
	*t.dst = all
}

func (rangesType) Shapes() []*Shape {
	s := lang.ArrayOf(rangeTable(new(IDRange)).Shapes(), false)
	s.Fewest = 1
	return []*Shape{s}
}

// id is a user or group id: an integer, or a variable with one as its value.
func id() lang.Kind[uint32] {
	return lang.KindOf(readID, func() []*Shape { return []*Shape{lang.Like(lang.HasVariable), lang.Whole(0, maxID)} })
}

func readID(d *lang.Decoder, v lang.Value) (uint32, bool) {
	if s, ok := v.Raw.(string); ok && strings.Contains(s, "${") {
		if s, ok = d.Text(v); !ok {
			return 0, false
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			d.Problem(v, "want a number, got %q", s)
			return 0, false
		}
		v.Raw = n
		d.Became(v.Key, n)
	}
	if s, isText := v.Raw.(string); isText && s != "" && s != "root" && strings.Trim(s, "0123456789") != "" {
		d.Problem(v, "want a number, got %q%s", s, numberOf(v.Key, s))
		return 0, false
	}
	n, ok := d.Integer(v, 0, maxID)
	return uint32(n), ok
}

// numberOf returns a hint at how to find out the number of a user or group, which was written as a name.
func numberOf(key, name string) string {
	switch {
	case !lang.AllBytes(name, lang.NameByte):
		return ""
	case strings.HasSuffix(key, "gid") || strings.Contains(key, "groups"):
		return " (getent group " + name + " prints it)"
	case strings.HasSuffix(key, "uid"):
		return " (id -u " + name + " prints it)"
	}
	return ""
}

// end is the id after the last of count ones from first.
func end(first, count uint32) uint64 { return uint64(first) + uint64(count) }

// OutsideID returns the id outside of one inside, and whether a map has it.
func OutsideID(ranges []IDRange, inside uint32) (uint32, bool) {
	for _, r := range ranges {
		if r.Inside <= inside && uint64(inside) < end(r.Inside, r.Count) {
			return r.Outside + inside - r.Inside, true
		}
	}
	return 0, false
}

// InsideID returns the id inside of one outside, and whether a map has it.
func InsideID(ranges []IDRange, outside uint32) (uint32, bool) {
	for _, r := range ranges {
		if r.Outside <= outside && uint64(outside) < end(r.Outside, r.Count) {
			return r.Inside + outside - r.Outside, true
		}
	}
	return 0, false
}

// maxRanges is the number of lines that the kernel takes (UID_GID_MAP_MAX_EXTENTS).
const maxRanges = 340

// span prints a range for a message: "5", or "5-9".
func span(first, count uint32) string {
	s := strconv.FormatUint(uint64(first), 10)
	if count > 1 {
		s += "-" + strconv.FormatUint(end(first, count)-1, 10)
	}
	return s
}

// exampleMaps are maps of a mount's own, as messages show them.
const exampleMaps = "{ uid = [{ inside = 0, outside = 1000 }], gid = [{ inside = 0, outside = 1000 }] }"

// mountIDMapType is "user", or a table with maps of its own.
type mountIDMapType struct{ m *MountEntry }

func mountIDMapTable(ids *MountIDMap) lang.Table {
	return lang.Table{Of: func() []lang.Field {
		return []lang.Field{
			{Name: "uid", Type: rangesType{&ids.UID}},
			{Name: "gid", Type: rangesType{&ids.GID}},
		}
	}, Required: []string{"uid", "gid"}}
}

func (t mountIDMapType) Read(d *lang.Decoder, v lang.Value) {
	if _, isTable := v.Raw.(map[string]any); isTable {
		ids := &MountIDMap{}
		mountIDMapTable(ids).Read(d, v)
		t.m.IDMap = ids
	} else if d.Word(v, "user", exampleMaps) {
		t.m.IDMap = &MountIDMap{User: true}
	}
}

func (mountIDMapType) Shapes() []*Shape {
	return append([]*Shape{lang.OneWord("user")}, mountIDMapTable(new(MountIDMap)).Shapes()...)
}

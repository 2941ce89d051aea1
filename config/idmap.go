package config

import (
	"strconv"
	"strings"
)

func idmapFields(m *IDMap) []field {
	return []field{
		{name: "mode", typ: enum(&m.Mode, IDMapRoot, IDMapKeep, IDMapSubid, IDMapRootSubid, IDMapKeepSubid, IDMapIdentity, IDMapNone)},
		{name: "uid", typ: rangesType{&m.UID}, many: asSet},
		{name: "gid", typ: rangesType{&m.GID}, many: asSet},
		{name: "setgroups", off: `"allow"`, typ: enum(&m.Setgroups, SetgroupsAllow, SetgroupsDeny)},
	}
}

// rangeTable is one line of a map, read into r.
func rangeTable(r *IDRange) table {
	return table{of: func() []field {
		return []field{
			{name: "inside", off: asRead, typ: to(&r.Inside, id())},
			{name: "outside", off: asRead, typ: to(&r.Outside, id())},
			{name: "count", off: asRead, typ: to(&r.Count, integerBetween[uint32](1, maxID+1))},
		}
	}, required: []string{"inside", "outside"}}
}

// rangesType is the lines of a uid or gid map, of which there is at least one.
type rangesType struct{ dst *[]IDRange }

func (rangesType) fields() []field { return rangeTable(new(IDRange)).of() }

func (t rangesType) Read(d *decoder, v value) {
	elements, ok := d.elements(v, "an array of tables")
	if ok && len(elements) == 0 {
		d.problem(v, `want at least one range (mode = "none" maps nothing)`)
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
	s := arrayOf(rangeTable(new(IDRange)).Shapes(), false)
	s.Fewest = 1
	return []*Shape{s}
}

// id is a user or group id: an integer, or a variable that stands for one.
func id() kind[uint32] {
	return kind[uint32]{readID, func() []*Shape { return []*Shape{like(hasVariable), whole(0, maxID)} }}
}

func readID(d *decoder, v value) (uint32, bool) {
	if s, ok := v.raw.(string); ok && strings.Contains(s, "${") {
		if s, ok = d.text(v); !ok {
			return 0, false
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			d.problem(v, "want a number, got %q", s)
			return 0, false
		}
		v.raw = n
		d.became(v.key, n)
	}
	n, ok := d.integer(v, 0, maxID)
	return uint32(n), ok
}

// end is the id after the last of count ones from first.
func end(first, count uint32) uint64 { return uint64(first) + uint64(count) }

// covers tells whether a map has a line for the id.
func covers(ranges []IDRange, id uint32) bool {
	for _, r := range ranges {
		if r.Inside <= id && uint64(id) < end(r.Inside, r.Count) {
			return true
		}
	}
	return false
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

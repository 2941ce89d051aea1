package config

import (
	"strconv"
	"strings"
)

func idmapFields() []field {
	return []field{
		{name: "mode", read: func(d *decoder, v value) {
			d.p.IDMap.Mode = enum(d, v, IDMapRoot, IDMapKeep, IDMapSubid, IDMapRootSubid, IDMapKeepSubid, IDMapIdentity, IDMapNone)
		}},
		{name: "uid", read: func(d *decoder, v value) { d.p.IDMap.UID = d.ranges(v) }, fields: anyRangeFields, list: true, many: asSet},
		{name: "gid", read: func(d *decoder, v value) { d.p.IDMap.GID = d.ranges(v) }, fields: anyRangeFields, list: true, many: asSet},
		{name: "setgroups", off: `"allow"`, read: func(d *decoder, v value) { d.p.IDMap.Setgroups = enum(d, v, SetgroupsAllow, SetgroupsDeny) }},
	}
}

func anyRangeFields() []field { return rangeFields(new(IDRange)) }

// rangeFields are the keys of one line of a map, read into r.
func rangeFields(r *IDRange) []field {
	return []field{
		{name: "inside", off: asRead, read: func(d *decoder, v value) { r.Inside, _ = d.id(v) }},
		{name: "outside", off: asRead, read: func(d *decoder, v value) { r.Outside, _ = d.id(v) }},
		{name: "count", off: asRead, read: func(d *decoder, v value) {
			if n, ok := d.integer(v, 1, maxID+1); ok {
				r.Count = uint32(n)
			}
		}},
	}
}

// ranges reads the lines of a uid or gid map, of which there is at least one.
func (d *decoder) ranges(v value) []IDRange {
	elements, ok := d.elements(v, "an array of tables")
	if ok && len(elements) == 0 {
		d.problem(v, `want at least one range (mode = "none" maps nothing)`)
	}
	all := []IDRange{} // not nil, as the key is there
	if d.asked() {
		d.survey.filled[v.key] = true
	}
	for _, e := range elements {
		r := IDRange{Count: 1}
		d.table(e, rangeFields(&r))
		all = append(all, r)
		d.require(e, "inside")
		d.require(e, "outside")
	}
	return all
}

// id reads a user or group id: an integer, or a variable that stands for one.
func (d *decoder) id(v value) (uint32, bool) {
	d.takes(v, like(hasVariable))
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

package config

import (
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// idmap checks the maps by themselves.
func (c *checker) idmap() {
	m := c.p.IDMap
	if m.Mode == "" && m.Setgroups == "" {
		return
	}
	if c.lacks(User) {
		c.needs("idmap", User)
		c.ranges("idmap.uid", m.UID)
		c.ranges("idmap.gid", m.GID)
		return
	}
	// A list that is there is not nil, even where it is spoilt.
	if m.Mode != IDMapExplicit && (m.UID != nil || m.GID != nil) {
		c.misplaced("idmap.mode", "cannot be combined with the lists uid and gid (remove idmap.mode, or the lists)")
	}
	if (m.UID == nil) != (m.GID == nil) && c.sound("idmap.uid", "idmap.gid") {
		here, missing, own, ranges := "idmap.uid", "idmap.gid", "${gid}", m.UID
		if m.UID == nil {
			here, missing, own, ranges = missing, here, "${uid}", m.GID
		}
		cure := ""
		if len(ranges) > 0 {
			line := map[string]any{"inside": int64(ranges[0].Inside), "outside": own}
			set := c.p.Worded(Setting{Key: missing, Value: []any{line}})
			cure = " (write " + strings.ReplaceAll(set, "$${", "${") + ")"
		}
		c.add(missing, c.p.origins.KeyPos(here), "missing, because %s is set%s", here, cure)
	}
	c.ranges("idmap.uid", m.UID)
	c.ranges("idmap.gid", m.GID)
}

// ranges checks one map: every id is in one line at most.
func (c *checker) ranges(key string, ranges []IDRange) {
	if !c.sound(key) {
		return
	}
	if len(ranges) > maxRanges {
		c.problem(toml.IndexKey(key, maxRanges), "the kernel allows at most %d ranges, got %d", maxRanges, len(ranges))
		return
	}
	for i, r := range ranges {
		here := toml.IndexKey(key, i)
		if end(r.Inside, r.Count) > maxID+1 || end(r.Outside, r.Count) > maxID+1 {
			c.problem(toml.JoinKey(here, "count"), "the range goes beyond the highest id, %d", uint32(maxID))
			continue
		}
		for _, side := range []struct {
			name  string
			first func(r IDRange) uint32
		}{
			{"inside", func(r IDRange) uint32 { return r.Inside }},
			{"outside", func(r IDRange) uint32 { return r.Outside }},
		} {
			a := side.first(r)
			for j, s := range ranges[:i] {
				b := side.first(s)
				if uint64(a) < end(b, s.Count) && uint64(b) < end(a, r.Count) {
					c.problem(toml.JoinKey(here, side.name), "%s overlaps %s, %s", span(a, r.Count), toml.IndexKey(key, j), span(b, s.Count))
					break
				}
			}
		}
	}
}

// ids checks that the maps cover the ids that the command is to have.
func (c *checker) ids() {
	proc, m := c.p.Process, c.p.IDMap
	if len(proc.Groups) > 0 && m.Setgroups == SetgroupsDeny && c.sound("idmap", "process.groups") {
		c.misplaced("process.groups", "needs idmap.setgroups = %q (it is %q)", SetgroupsAllow, SetgroupsDeny)
	}
	if !c.known(User) || !c.p.Namespaces.New(User) {
		return
	}
	if proc.UID != nil {
		c.mapped("process.uid", *proc.UID, "idmap.uid", m.UID)
	}
	if proc.GID != nil {
		c.mapped("process.gid", *proc.GID, "idmap.gid", m.GID)
	}
	for _, entry := range c.p.Mounts {
		if entry.UID != nil {
			c.mapped(toml.JoinKey(entry.Key, "uid"), *entry.UID, "idmap.uid", m.UID)
		}
		if entry.GID != nil {
			c.mapped(toml.JoinKey(entry.Key, "gid"), *entry.GID, "idmap.gid", m.GID)
		}
	}
	if !c.sound("process.groups") {
		return // the indexes may be others
	}
	for i, g := range proc.Groups {
		c.mapped(toml.IndexKey("process.groups", i), g, "idmap.gid", m.GID)
	}
}

// mapped notes an id of key that is sure not to be mapped. What subid and the
// like map is known on the machine alone.
func (c *checker) mapped(key string, id uint32, mapKey string, ranges []IDRange) {
	if !c.sound(key, "idmap") {
		return
	}
	switch c.p.IDMap.Mode {
	case IDMapExplicit:
		if _, ok := OutsideID(ranges, id); len(ranges) > 0 && !ok {
			c.problem(key, "%d is not mapped by %s", id, mapKey)
		}
	case IDMapRoot:
		if id != 0 {
			c.problem(key, "%d is not mapped: idmap.mode is %q, which maps 0 only", id, IDMapRoot)
		}
	case IDMapNone:
		c.problem(key, "%d is not mapped: idmap.mode is %q", id, IDMapNone)
	}
}

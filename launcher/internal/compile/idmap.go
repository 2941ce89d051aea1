package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// idMaps is what the id maps of a new user namespace are and how they are written.
type idMaps struct {
	uid, gid             []config.IDRange
	uidHelper, gidHelper string // "": the launcher writes the map itself
	deny                 bool   // setgroups is denied
	stageUID, stageGID   int64  // taken up by the stage; -1: unchanged
	uidDefault           int64  // of the command; -1: unchanged
	gidDefault           int64
}

func indexed(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

// idMaps works out the maps and refuses those that the kernel would.
func (c *compiler) idMaps() idMaps {
	none := idMaps{stageUID: -1, stageGID: -1, uidDefault: -1, gidDefault: -1}
	switch {
	case c.isJoined(config.User):
		// As nsenter(1) does: root of the namespace, where it has one.
		none.stageUID, none.stageGID = 0, 0
		return none
	case !c.isNew(config.User):
		return none
	case c.p.IDMap.Mode == config.IDMapNone:
		none.deny = c.setgroups(none)
		return none
	}
	before := len(c.errs)
	u := idSide{c: c, name: "uid", caller: c.h.UID, own: c.h.UIDMap, sub: c.h.SubUID, privileged: c.h.Has(host.CapSetuid),
		capability: "SETUID", helper: c.h.NewUIDMap, helperName: "newuidmap", explicit: c.p.IDMap.UID, declared: c.p.Process.UID}
	g := idSide{c: c, name: "gid", caller: c.h.GID, own: c.h.GIDMap, sub: c.h.SubGID, privileged: c.h.Has(host.CapSetgid),
		capability: "SETGID", helper: c.h.NewGIDMap, helperName: "newgidmap", explicit: c.p.IDMap.GID, declared: c.p.Process.GID}
	var m idMaps
	m.uid, m.uidDefault = u.ranges()
	m.gid, m.gidDefault = g.ranges()
	for i, id := range c.p.Process.Groups {
		if len(m.gid) > 0 && !host.Covers(m.gid, id, 1) {
			c.errorf(indexed("process.groups", i), "gid %d is not mapped in the sandbox, which has %s", id, mapWords(m.gid))
		}
	}
	if len(c.errs) > before {
		return none
	}
	m.uidHelper = u.writer(m.uid)
	m.gidHelper = g.writer(m.gid)
	m.deny = c.setgroups(m)
	m.stageUID = u.stage(m.uid, m.uidDefault)
	m.stageGID = g.stage(m.gid, m.gidDefault)
	return m
}

// idSide is the uid or the gid half of the maps.
type idSide struct {
	c          *compiler
	name       string // uid or gid
	caller     uint32
	own        []config.IDRange // map of the caller's user namespace
	sub        host.SubIDs
	privileged bool // may map any id that it has: it has the capability
	capability string
	helper     string
	helperName string
	explicit   []config.IDRange
	declared   *uint32 // process.uid or process.gid
}

// ranges returns the map and the id that the command has by default.
func (s *idSide) ranges() ([]config.IDRange, int64) {
	self := func(inside uint32) config.IDRange { return config.IDRange{Inside: inside, Outside: s.caller, Count: 1} }
	var ranges []config.IDRange
	var id int64
	switch s.c.p.IDMap.Mode {
	case config.IDMapRoot:
		ranges = []config.IDRange{self(0)}
	case config.IDMapKeep:
		ranges, id = []config.IDRange{self(s.caller)}, int64(s.caller)
	case config.IDMapSubid:
		ranges = lay(s.subordinate(), 0, noID)
	case config.IDMapRootSubid:
		ranges = append([]config.IDRange{self(0)}, lay(s.others(), 1, noID)...)
	case config.IDMapKeepSubid:
		ranges = append(lay(s.others(), 0, int64(s.caller)), self(s.caller))
		id = int64(s.caller)
	case config.IDMapIdentity:
		for _, r := range s.own {
			ranges = append(ranges, config.IDRange{Inside: r.Inside, Outside: r.Inside, Count: r.Count})
		}
		id = int64(s.caller)
	case config.IDMapExplicit:
		ranges = slices.Clone(s.explicit)
		id = s.explicitDefault()
	}
	slices.SortFunc(ranges, func(a, b config.IDRange) int { return cmp.Compare(a.Inside, b.Inside) })
	s.check(ranges)
	if s.declared != nil {
		id = int64(*s.declared)
		if len(ranges) > 0 && !host.Covers(ranges, *s.declared, 1) {
			s.c.errorf("process."+s.name, "%s %d is not mapped in the sandbox, which has %s", s.name, *s.declared, mapWords(ranges))
		}
	}
	return ranges, id
}

const noID = -1

// lay puts subordinate ids at first, first+1, … and leaves out the id gap.
func lay(sub []config.IDRange, first uint32, gap int64) []config.IDRange {
	var out []config.IDRange
	inside := int64(first)
	for _, r := range sub {
		outside, left := int64(r.Outside), int64(r.Count)
		for left > 0 {
			if inside == gap {
				inside++
			}
			n := left
			if gap > inside && inside+n > gap {
				n = gap - inside
			}
			out = append(out, config.IDRange{Inside: uint32(inside), Outside: uint32(outside), Count: uint32(n)})
			inside, outside, left = inside+n, outside+n, left-n
		}
	}
	return out
}

func (s *idSide) subordinate() []config.IDRange {
	if len(s.sub.Ranges) == 0 {
		cure := ""
		if s.sub.Free > 0 {
			cure = fmt.Sprintf(" (add a line to %s: %s:%d:%d)", s.sub.File, s.sub.User, s.sub.Free, host.SubCount)
		}
		s.c.errorf("idmap", "%s has no subordinate %ss in %s%s", s.sub.User, s.name, s.sub.File, cure)
	}
	return s.sub.Ranges
}

// others are the subordinate ids without the caller's own, which is mapped already.
func (s *idSide) others() []config.IDRange {
	return host.Outside(s.subordinate(), []config.IDRange{{Outside: s.caller, Count: 1}})
}

// explicitDefault is who the command is under explicit maps: root where there
// is one, else the caller where it is mapped; else it has to be said.
func (s *idSide) explicitDefault() int64 {
	if s.declared != nil || host.Covers(s.explicit, 0, 1) {
		return 0
	}
	if id, ok := config.InsideID(s.explicit, s.caller); ok {
		return int64(id)
	}
	set := s.c.say("process."+s.name, int64(s.explicit[0].Inside)) // a list has an element
	s.c.errorf("idmap."+s.name, "the map has only %s %s, so the profile has to name the one that the command gets (write %s)", s.name, mapWords(s.explicit), set)
	return noID
}

// check refuses what the kernel or its helper would.
func (s *idSide) check(ranges []config.IDRange) {
	const kernelMax = 340 // user_namespaces(7), since Linux 4.15
	if len(ranges) > kernelMax {
		s.c.errorf("idmap", "the %s map has %d lines, and the kernel accepts at most %d", s.name, len(ranges), kernelMax)
	} else if n, page := len(step.MapText(ranges)), s.c.h.PageSize; n >= page {
		s.c.errorf(s.c.mapKey(s.name), "the %s map has %d bytes of text, and the kernel accepts fewer than %d", s.name, n, page)
	}
	for i, r := range ranges {
		where := "idmap"
		if s.c.p.IDMap.Mode == config.IDMapExplicit {
			where = indexed("idmap."+s.name, slices.Index(s.c.explicitOrder(s.name), ranges[i]))
		}
		switch {
		case !host.Covers(s.own, r.Outside, r.Count) && r.Count == 1 && r.Outside == s.caller:
			s.c.errorf(where, "the caller's own %s is not mapped in its user namespace, which has %s (map it from outside first, as unshare --map-current-user does)", s.name, mapWords(s.own))
		case !host.Covers(s.own, r.Outside, r.Count) && s.isSubordinate(r):
			s.c.errorf(where, "%s %s: %s grants it, but it is not mapped in the caller's own user namespace, which has %s", s.name, span(r.Outside, r.Count), s.sub.Where(r.Outside), mapWords(s.own))
		case !host.Covers(s.own, r.Outside, r.Count):
			s.c.errorf(where, "%s %s: not mapped in the caller's own user namespace, which has %s", s.name, span(r.Outside, r.Count), mapWords(s.own))
		case s.name == "uid" && r.Outside == 0 && s.c.h.UID == 0 && !s.c.h.Has(host.CapSetfcap) && s.writesItself(ranges):
			s.c.errorf(where, "mapping uid 0 needs CAP_SETFCAP, which uid 0 does not have here (start nslaunch with it, in podman and docker --cap-add SETFCAP, or as another user)")
		case s.privileged, r.Count == 1 && r.Outside == s.caller, s.isSubordinate(r):
		case s.c.p.IDMap.Mode == config.IDMapIdentity:
			s.c.errorf(where, "%s %s: not the caller's, and \"identity\" maps all of its user namespace, which needs CAP_%s (%s maps the caller alone)",
				s.name, span(r.Outside, r.Count), s.capability, s.c.say("idmap", "keep"))
			return
		default:
			s.c.errorf(where, "%s %s: not the caller's: its own is %d, its subordinate ones in %s are %s (%s maps the caller alone)",
				s.name, span(r.Outside, r.Count), s.caller, s.sub.File, s.subWords(), s.c.say("idmap", "keep"))
		}
	}
}

func (c *compiler) explicitOrder(name string) []config.IDRange {
	if name == "uid" {
		return c.p.IDMap.UID
	}
	return c.p.IDMap.GID
}

func (s *idSide) isSubordinate(r config.IDRange) bool {
	return len(host.Outside([]config.IDRange{{Outside: r.Outside, Count: r.Count}}, s.sub.Ranges)) == 0
}

func (s *idSide) subWords() string {
	if len(s.sub.Ranges) == 0 {
		return "none"
	}
	words := make([]string, len(s.sub.Ranges))
	for i, r := range s.sub.Ranges {
		words[i] = span(r.Outside, r.Count)
	}
	return strings.Join(words, ", ")
}

// writesItself reports whether the launcher writes the map, without a helper.
func (s *idSide) writesItself(ranges []config.IDRange) bool {
	return s.privileged || len(ranges) == 1 && ranges[0].Count == 1 && ranges[0].Outside == s.caller
}

// writer says who writes the map: the launcher, or the helper whose path is returned.
func (s *idSide) writer(ranges []config.IDRange) string {
	if s.writesItself(ranges) {
		return ""
	}
	if s.helper == "" {
		s.c.errorf("idmap", "a %s map with subordinate ids needs %s, which is not on this machine (Debian: apt install uidmap)", s.name, s.helperName)
	}
	return s.helper
}

// setgroups reports whether setgroups is denied, which it must be where a
// caller without privilege writes its gid_map.
func (c *compiler) setgroups(m idMaps) bool {
	must := m.gid != nil && m.gidHelper == "" && !c.h.Has(host.CapSetgid)
	switch {
	case c.p.IDMap.Setgroups == config.SetgroupsDeny:
		return true
	case c.h.SetgroupsDenied && c.p.IDMap.Setgroups == config.SetgroupsAllow:
		c.errorf("idmap.setgroups", "setgroups is denied in the caller's user namespace, and so in all below it")
	case c.h.SetgroupsDenied && c.p.Process.Groups != nil:
		c.errorf("process.groups", "setgroups is denied in the caller's user namespace, and so in all below it")
	case c.h.SetgroupsDenied:
		return true
	case must && c.p.IDMap.Setgroups == config.SetgroupsAllow:
		c.errorf("idmap.setgroups", "\"allow\" needs CAP_SETGID or subordinate gids (%s)", c.say("idmap", "root+subid"))
	case must && c.p.Process.Groups != nil:
		c.errorf("process.groups", "setgroups is denied in this map: groups need CAP_SETGID or subordinate gids (%s)", c.say("idmap", "root+subid"))
	}
	return must
}

// stage is the id that the stage takes up for the set-up: root where there is one, else the command's.
func (s *idSide) stage(ranges []config.IDRange, command int64) int64 {
	if host.Covers(ranges, 0, 1) {
		return 0
	}
	return command
}

func span(first, count uint32) string {
	if count == 1 {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, uint64(first)+uint64(count)-1)
}

// mapWords lists the ids inside a map.
func mapWords(ranges []config.IDRange) string {
	words := make([]string, len(ranges))
	for i, r := range ranges {
		words[i] = span(r.Inside, r.Count)
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// writeMaps appends the launcher's steps: setgroups before gid_map, each map once.
func (c *compiler) writeMaps() {
	if c.ids.deny && !c.h.SetgroupsDenied {
		c.add(plan.ByLauncher, "idmap.setgroups", step.DenySetgroups{})
	}
	if c.ids.uid == nil {
		return
	}
	c.add(plan.ByLauncher, c.mapKey("gid"), step.WriteMap{File: "gid_map", Ranges: c.ids.gid, Helper: c.ids.gidHelper})
	c.add(plan.ByLauncher, c.mapKey("uid"), step.WriteMap{File: "uid_map", Ranges: c.ids.uid, Helper: c.ids.uidHelper})
}

// mapKey is the key that the uid or gid map comes from.
func (c *compiler) mapKey(name string) string {
	if c.p.IDMap.Mode == config.IDMapExplicit {
		return "idmap." + name
	}
	return "idmap"
}

package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// passwd is a passwd(5) for the ids inside: root and the caller, as far as they are
// mapped, and nobody.
func (c *compiler) passwd() string {
	var b strings.Builder
	people := c.people(c.ids.uid, c.h.UID)
	command := c.ids.uidDefault
	if c.p.Process.UID != nil {
		command = int64(*c.p.Process.UID)
	}
	command = c.commandUID(command)
	for _, u := range people {
		if home := c.p.Env.Set["HOME"]; home != "" && int64(u.id) == command {
			u.home = home
		}
		fmt.Fprintf(&b, "%s:x:%d:%d::%s:/bin/sh\n", u.name, u.id, c.groupOf(u.id), u.home)
	}
	if !isAmong(people, nobody) {
		b.WriteString("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n")
	}
	return b.String()
}

// group is a group(5) to go with it.
func (c *compiler) group() string {
	var b strings.Builder
	people := c.people(c.ids.gid, c.h.GID)
	for _, g := range people {
		fmt.Fprintf(&b, "%s:x:%d:\n", g.name, g.id)
	}
	if !isAmong(people, nobody) {
		b.WriteString("nogroup:x:65534:\n")
	}
	return b.String()
}

// nobody is the id that the kernel shows for those that are not mapped.
const nobody = 65534

func isAmong(people []person, id uint32) bool {
	return slices.ContainsFunc(people, func(p person) bool { return p.id == id })
}

type person struct {
	name, home string
	id         uint32
}

// people are root, where there is one, and the caller, under its id inside.
func (c *compiler) people(ranges []config.IDRange, caller uint32) []person {
	if !c.isNew(config.User) {
		ranges = []config.IDRange{{Inside: 0, Outside: 0, Count: 1<<32 - 1}}
	}
	var list []person
	if host.Covers(ranges, 0, 1) {
		list = append(list, person{"root", "/root", 0})
	}
	if id, ok := config.InsideID(ranges, caller); ok && id != 0 {
		list = append(list, person{cmp.Or(c.h.User, "user"), cmp.Or(c.h.Home, "/"), id})
	}
	slices.SortFunc(list, func(a, b person) int { return cmp.Compare(a.id, b.id) })
	return list
}

// groupOf is the group of the same person.
func (c *compiler) groupOf(uid uint32) uint32 {
	if uid == 0 {
		return 0
	}
	for _, g := range c.people(c.ids.gid, c.h.GID) {
		if g.id != 0 {
			return g.id
		}
	}
	return 0
}

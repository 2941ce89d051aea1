package ids

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// idmapRefusal is a map that cannot be, and what is said of it: the lines without
// "p.toml:". The profile's first two lines are the same for all.
type idmapRefusal struct {
	name, rest string
	want       []string
}

// What no caller can have.
func TestIDMapRefusedToAll(t *testing.T) {
	tests := []idmapRefusal{
		{"overlap", `[idmap]
uid = [{ inside = 0, outside = 1000, count = 2 }, { inside = 1, outside = 2000 }]
gid = [{ inside = 0, outside = 1000, count = 2 }, { inside = 5, outside = 1001 }]
`, []string{
			"4:62: idmap.uid[1].inside: 1 overlaps idmap.uid[0], 0-1",
			"5:75: idmap.gid[1].outside: 1001 overlaps idmap.gid[0], 1000-1001",
		}},
		{"used and not mapped", "idmap = \"root\"\n[process]\nuid = 5\ngid = 6\n", []string{
			`5:7: process.uid: 5 is not mapped: idmap.mode is "root", which maps 0 only`,
			`6:7: process.gid: 6 is not mapped: idmap.mode is "root", which maps 0 only`,
		}},
		{"used and not in the lists", `[idmap]
uid = [{ inside = 0, outside = 0, count = 3 }]
gid = [{ inside = 0, outside = 0, count = 3 }]
[process]
uid = 3
groups = [1, 7]
`, []string{"7:7: process.uid: 3 is not mapped by idmap.uid", "8:14: process.groups[1]: 7 is not mapped by idmap.gid"}},
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) { wantIDMapRefusals(t, u, tests) })
}

func wantIDMapRefusals(t *testing.T, u nstest.User, tests []idmapRefusal) {
	before := nstest.Snapshot(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			systest.WantRefusal(t, systest.ProfileCommand(t, u, systest.NewUserProfile+test.rest, "true"), test.lines()...)
		})
	}
	nstest.AssertNothingLeft(t, before)
}

func (r idmapRefusal) lines() []string {
	lines := make([]string, len(r.want))
	for i, line := range r.want {
		lines[i] = "p.toml:" + line
	}
	return lines
}

// What this caller cannot have.
func TestIDMapRefusedToUser(t *testing.T) {
	u := nstest.Ordinary(t)
	sub := subordinateOf(t, u)
	last := sub.Start + sub.Count - 1
	const mayNot = `setgroups is denied in this map: groups need CAP_SETGID or subordinate gids (idmap = "root+subid")`
	notOurs := func(id string) string {
		return fmt.Sprintf(`%s: not the caller's: its own is %d, its subordinate ones in /etc/sub%.3s are %d-%d (mode = "keep" in [idmap] maps the caller alone)`,
			id, u.UID, id, sub.Start, last)
	}
	wantIDMapRefusals(t, u, []idmapRefusal{
		{"another's", fmt.Sprintf(`[idmap]
uid = [{ inside = 0, outside = "${uid}" }, { inside = 1, outside = 4242, count = 2 }]
gid = [{ inside = 0, outside = "${gid}" }, { inside = 1, outside = %d, count = 2 }]
`, last), []string{
			"4:44: idmap.uid[1]: " + notOurs("uid 4242-4243"),
			"5:44: idmap.gid[1]: " + notOurs(fmt.Sprintf("gid %d-%d", last, last+1)),
		}},
		{"identity", "idmap = \"identity\"\n", []string{
			`3:1: idmap: uid 0-4294967294: not the caller's, and "identity" maps all of its user namespace, which needs CAP_SETUID (idmap = "keep" maps the caller alone)`,
			`3:1: idmap: gid 0-4294967294: not the caller's, and "identity" maps all of its user namespace, which needs CAP_SETGID (idmap = "keep" maps the caller alone)`,
		}},
		{"beyond the caller", "idmap = \"keep\"\n[process]\nuid = 0\ngid = 1\n", []string{
			fmt.Sprintf("5:1: process.uid: uid 0 is not mapped in the sandbox, which has %d", u.UID),
			fmt.Sprintf("6:1: process.gid: gid 1 is not mapped in the sandbox, which has %d", u.GID),
		}},
		{"beyond the subordinate ids", "idmap = \"subid\"\n[process]\nuid = 70000\ngroups = [1, 70001]\n", []string{
			fmt.Sprintf("5:1: process.uid: uid 70000 is not mapped in the sandbox, which has 0-%d", sub.Count-1),
			fmt.Sprintf("6:14: process.groups[1]: gid 70001 is not mapped in the sandbox, which has 0-%d", sub.Count-1),
		}},
		{"nobody to be", fmt.Sprintf(`[idmap]
uid = [{ inside = 5, outside = %d }]
gid = [{ inside = 5, outside = %[1]d }]
`, sub.Start), []string{
			"4:1: idmap.uid: the map has only uid 5, so the profile has to name the one that the command gets (write process.uid = 5)",
			"5:1: idmap.gid: the map has only gid 5, so the profile has to name the one that the command gets (write process.gid = 5)",
		}},
		{"setgroups", "[idmap]\nsetgroups = \"allow\"\n", []string{
			`4:1: idmap.setgroups: "allow" needs CAP_SETGID or subordinate gids (mode = "root+subid" in [idmap])`}},
		{"groups", "[process]\ngroups = [0]\n", []string{"4:1: process.groups: " + mayNot}},
	})
}

// Without subordinate ids.
func TestIDMapRefusedToBare(t *testing.T) {
	u := nstest.Bare(t)
	var tests []idmapRefusal
	for _, mode := range []string{"subid", "root+subid", "keep+subid"} {
		tests = append(tests, idmapRefusal{mode, fmt.Sprintf("idmap = %q\n", mode), []string{
			fmt.Sprintf("3:1: idmap: %s has no subordinate uids in /etc/subuid (add a line to /etc/subuid: %[1]s:100000:65536)", u.Name),
			fmt.Sprintf("3:1: idmap: %s has no subordinate gids in /etc/subgid (add a line to /etc/subgid: %[1]s:100000:65536)", u.Name),
		}})
	}
	o := nstest.OuterSubIDs(t, "another:1000000:65536\n")
	before := nstest.Snapshot(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			systest.WantRefusal(t, systest.OuterCommand(t, o, u, systest.NewUserProfile+test.rest, "true"), test.lines()...)
		})
	}
	nstest.AssertNothingLeft(t, before)
}

// From within a user namespace, only its ids can be mapped.
func TestIDMapRefusedNested(t *testing.T) {
	u := nstest.Ordinary(t)
	const denied = "setgroups is denied in the caller's user namespace, and so in all below it"
	for _, test := range []struct {
		around string
		idmapRefusal
	}{
		{"root", idmapRefusal{"not there", `[idmap]
uid = [{ inside = 0, outside = 5 }]
gid = [{ inside = 0, outside = 0 }, { inside = 1, outside = 7 }]
`, []string{
			"4:8: idmap.uid[0]: uid 5: not mapped in the caller's own user namespace, which has 0",
			"5:37: idmap.gid[1]: gid 7: not mapped in the caller's own user namespace, which has 0",
		}}},
		{"root", idmapRefusal{"setgroups", "[idmap]\nsetgroups = \"allow\"\n", []string{"4:1: idmap.setgroups: " + denied}}},
		{"root", idmapRefusal{"groups", "[process]\ngroups = [0]\n", []string{"4:1: process.groups: " + denied}}},
	} {
		t.Run(test.around+"/"+test.name, func(t *testing.T) {
			systest.WantRefusal(t, nested(t, u, test.around, systest.NewUserProfile+test.rest, "true"), test.lines()...)
		})
	}
}

// A machine whose files or programs are not as they should be, made in a mount
// namespace of its own.
func TestIDMapRefusedByMachine(t *testing.T) {
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	manyLines := ""
	for i := range 341 {
		manyLines += fmt.Sprintf("%s:%d:1\n", u.Name, 100000+2*i)
	}
	for _, test := range []struct {
		over, text string // what lies over which file
		idmapRefusal
	}{
		{"/etc/subuid", "other:1:2\n", idmapRefusal{"no entry", "idmap = \"subid\"\n", []string{
			fmt.Sprintf("3:1: idmap: %s has no subordinate uids in /etc/subuid (add a line to /etc/subuid: %[1]s:100000:65536)", u.Name)}}},
		{"/etc/subuid", manyLines, idmapRefusal{"too many lines", "idmap = \"subid\"\n", []string{
			"3:1: idmap: the uid map has 341 lines, and the kernel accepts at most 340"}}},
		{"/usr/bin/newuidmap", "", idmapRefusal{"no newuidmap", "idmap = \"subid\"\n", []string{
			"3:1: idmap: a uid map with subordinate ids needs newuidmap, which is not on this machine (Debian: apt install uidmap)"}}},
		{"/usr/bin/newgidmap", "", idmapRefusal{"no newgidmap", "idmap = \"subid\"\n", []string{
			"3:1: idmap: a gid map with subordinate ids needs newgidmap, which is not on this machine (Debian: apt install uidmap)"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			outer := nstest.NewOuter(t, mountprop.Private)
			file := root.WriteFile(t, filepath.Join(nstest.TempDir(t), "file"), test.text)
			nstest.MustRun(t, outer.Command(t, root, "mount", "--bind", file, test.over))
			systest.WantRefusal(t, systest.OuterCommand(t, outer, u, systest.NewUserProfile+test.rest, "true"), test.lines()...)
		})
	}
}

// The kernel takes a map of less than a page.
func TestIDMapTooLong(t *testing.T) {
	u := nstest.Superuser(t)
	var list strings.Builder
	text := 0
	for i := range 340 {
		first := 1000000000 + 2*i
		fmt.Fprintf(&list, "{ inside = %d, outside = %[1]d }, ", first)
		text += len(fmt.Sprintf("%d %[1]d 1\n", first))
	}
	nstest.Require(t, nstest.NewCondition("pages of at most 4 KiB", func() error {
		if size := os.Getpagesize(); size > text {
			return fmt.Errorf("they have %d bytes", size)
		}
		return nil
	}))
	profile := systest.NewUserProfile + fmt.Sprintf("[idmap]\nuid = [%s]\ngid = [{ inside = 0, outside = 0 }]\n[process]\nuid = 1000000000\n",
		strings.TrimSuffix(list.String(), ", "))
	systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "true"),
		fmt.Sprintf("p.toml:4:1: idmap.uid: the uid map has %d bytes of text, and the kernel accepts fewer than %d", text, os.Getpagesize()))
}

// Root maps subordinate ids that it has.
func TestIDMapRootSubid(t *testing.T) {
	u := nstest.Superuser(t)
	outer := nstest.NewOuter(t, mountprop.Private)
	file := u.WriteFile(t, filepath.Join(nstest.TempDir(t), "file"), "root:2000000:65536\n")
	for _, over := range []string{"/etc/subuid", "/etc/subgid"} {
		nstest.MustRun(t, outer.Command(t, u, "mount", "--bind", file, over))
	}
	for _, test := range []mapped{
		{mode: "subid", uidMap: "0 2000000 65536", setgroups: "allow", caps: true, uidOwner: 2000000},
		{mode: "root+subid", uidMap: "0 0 1, 1 2000000 65536", setgroups: "allow", caps: true},
		{mode: "keep+subid", uidMap: "0 0 1, 1 2000000 65536", setgroups: "allow", caps: true},
	} {
		t.Run(test.mode, func(t *testing.T) {
			file, words := makerWords(t)
			wantMapped(t, systest.OuterCommand(t, outer, u, test.profile(), words...), file, test)
		})
	}
}

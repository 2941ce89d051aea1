// Package ids tests users and groups: maps of ids, their refusals, and a Debian that has them all.
package ids

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// overflowID is what an id that is not mapped looks like.
const overflowID = 65534

// mapped is what an id map makes of a sandbox. Where a gid side is not given,
// it is as the uid side, for the gid.
type mapped struct {
	mode      string // value of idmap.mode, or lines of the section
	uidMap    string // "0 1000 1, 1 100000 65536": inside, outside, count
	uid, gid  int    // of the command, inside
	setgroups string
	caps      bool   // the command has all capabilities
	uidOwner  int    // outside, of a file that the command makes
	gidMap    string // "": as uidMap
	gidOwner  int    // likewise
}

// wantMapped runs the command of a sandbox, which is to make file and be the
// probe, and compares.
func wantMapped(t *testing.T, cmd *exec.Cmd, file string, want mapped) {
	t.Helper()
	got := nstest.ParseReport(t, nstest.MustRun(t, cmd))
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %v; want %v", what, got, want)
		}
	}
	if want.gidMap == "" {
		want.gidMap, want.gidOwner = want.uidMap, want.uidOwner
	}
	check("uid_map", mapText(got.IDs.UIDMap), want.uidMap)
	check("gid_map", mapText(got.IDs.GIDMap), want.gidMap)
	check("the command's uids", got.IDs.UID, [3]int{want.uid, want.uid, want.uid})
	check("the command's gids", got.IDs.GID, [3]int{want.gid, want.gid, want.gid})
	check("setgroups", got.IDs.Setgroups, want.setgroups)
	caps := uint64(0)
	if want.caps {
		caps = 1<<(got.Capabilities.Last+1) - 1
	}
	check("the effective capabilities", got.Capabilities.Effective, caps)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	check("the file's owner outside", stat.Uid, uint32(want.uidOwner))
	check("the file's group outside", stat.Gid, uint32(want.gidOwner))
}

func mapText(lines []report.Map) string {
	var words []string
	for _, m := range lines {
		words = append(words, fmt.Sprintf("%d %d %d", m.Inside, m.Outside, m.Count))
	}
	return strings.Join(words, ", ")
}

// profile is one with this map.
func (m mapped) profile() string {
	if strings.Contains(m.mode, "\n") {
		return "version = 1\nnamespaces = { user = \"new\" }\n" + m.mode
	}
	return fmt.Sprintf("version = 1\nnamespaces = { user = \"new\" }\nidmap = %q\n", m.mode)
}

// makerWords are a command that makes a file and is the probe. The file is new
// and in a directory that every id may write to.
func makerWords(t *testing.T) (file string, words []string) {
	t.Helper()
	dir := nstest.TempDir(t)
	if err := os.Chmod(dir, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "file")
	return file, []string{"sh", "-c", `touch "$1" && exec "$2"`, "sh", file, nstest.Probe(t)}
}

// subordinateOf is the first range of u's, which is the same for uids and gids.
func subordinateOf(t *testing.T, u nstest.User) nstest.Range {
	t.Helper()
	if len(u.SubUIDs) != 1 || !slices.Equal(u.SubUIDs, u.SubGIDs) {
		t.Fatalf("subordinate uids %v and gids %v; want one range, the same", u.SubUIDs, u.SubGIDs)
	}
	return u.SubUIDs[0]
}

func TestIDMapModes(t *testing.T) {
	t.Run("root", func(t *testing.T) {
		u := nstest.Superuser(t)
		all := mapText(systest.SeenBy(t, u, "version = 1\n").IDs.UIDMap)
		for _, test := range []mapped{
			{mode: "root", uidMap: "0 0 1", setgroups: "allow", caps: true},
			{mode: "keep", uidMap: "0 0 1", setgroups: "allow", caps: true},
			{mode: "identity", uidMap: all, setgroups: "allow", caps: true},
			{mode: "none", uid: overflowID, gid: overflowID, setgroups: "allow", uidOwner: u.UID},
		} {
			t.Run(test.mode, func(t *testing.T) {
				file, words := makerWords(t)
				wantMapped(t, systest.ProfileCommand(t, u, test.profile(), words...), file, test)
			})
		}
	})
	t.Run("user", func(t *testing.T) {
		u := nstest.Ordinary(t)
		sub := subordinateOf(t, u)
		for _, test := range []mapped{
			{mode: "root", uidMap: fmt.Sprintf("0 %d 1", u.UID), setgroups: "deny", caps: true, uidOwner: u.UID},
			{mode: "keep", uidMap: fmt.Sprintf("%d %[1]d 1", u.UID), uid: u.UID, gid: u.GID, setgroups: "deny", uidOwner: u.UID},
			{mode: "subid", uidMap: fmt.Sprintf("0 %d %d", sub.Start, sub.Count), setgroups: "allow", caps: true, uidOwner: sub.Start},
			{mode: "root+subid", uidMap: fmt.Sprintf("0 %d 1, 1 %d %d", u.UID, sub.Start, sub.Count), setgroups: "allow", caps: true, uidOwner: u.UID},
			{mode: "keep+subid", uidMap: fmt.Sprintf("0 %d %d, %[2]d %[2]d 1, %d %d %d",
				sub.Start, u.UID, u.UID+1, sub.Start+u.UID, sub.Count-u.UID), uid: u.UID, gid: u.GID, setgroups: "allow", uidOwner: u.UID},
			{mode: "none", uid: overflowID, gid: overflowID, setgroups: "allow", uidOwner: u.UID},
		} {
			t.Run(test.mode, func(t *testing.T) {
				file, words := makerWords(t)
				wantMapped(t, systest.ProfileCommand(t, u, test.profile(), words...), file, test)
			})
		}
	})
}

// Explicit lists, who the command is in them, and setgroups.
func TestIDMapLists(t *testing.T) {
	t.Run("root", func(t *testing.T) {
		u := nstest.Superuser(t)
		for name, test := range map[string]mapped{
			"a range": {mode: `[idmap]
uid = [{ inside = 0, outside = 5000, count = 10 }]
gid = [{ inside = 0, outside = 6000, count = 10 }, { inside = 77, outside = 7 }]
`, uidMap: "0 5000 10", setgroups: "allow", caps: true, uidOwner: 5000, gidMap: "0 6000 10, 77 7 1", gidOwner: 6000},
			"another user inside": {mode: `[idmap]
uid = [{ inside = 0, outside = 5000, count = 10 }]
gid = [{ inside = 0, outside = 6000, count = 10 }]
setgroups = "deny"
[process]
uid = 4
gid = 5
`, uidMap: "0 5000 10", uid: 4, gid: 5, setgroups: "deny", uidOwner: 5004, gidMap: "0 6000 10", gidOwner: 6005},
			"no root inside": {mode: `[idmap]
uid = [{ inside = 990, outside = 991 }]
gid = [{ inside = 990, outside = 992 }]
[process]
uid = 990
gid = 990
`, uidMap: "990 991 1", uid: 990, gid: 990, setgroups: "allow", uidOwner: 991, gidMap: "990 992 1", gidOwner: 992},
		} {
			t.Run(name, func(t *testing.T) {
				file, words := makerWords(t)
				wantMapped(t, systest.ProfileCommand(t, u, test.profile(), words...), file, test)
			})
		}
	})
	t.Run("user", func(t *testing.T) {
		u := nstest.Ordinary(t)
		sub := subordinateOf(t, u)
		for name, test := range map[string]mapped{
			"the caller alone": {mode: `[idmap]
uid = [{ inside = 1000, outside = "${uid}" }]
gid = [{ inside = 1000, outside = "${gid}" }]
`, uidMap: fmt.Sprintf("1000 %d 1", u.UID), uid: 1000, gid: 1000, setgroups: "deny", uidOwner: u.UID},
			"part of the subordinate ids": {mode: fmt.Sprintf(`[idmap]
uid = [{ inside = 0, outside = "${uid}" }, { inside = 1, outside = %d, count = 20 }]
gid = [{ inside = 0, outside = "${gid}" }, { inside = 1, outside = %[1]d, count = 20 }]
[process]
uid = 3
gid = 4
`, sub.Start+10), uidMap: fmt.Sprintf("0 %d 1, 1 %d 20", u.UID, sub.Start+10), uid: 3, gid: 4, setgroups: "allow",
				uidOwner: sub.Start + 12, gidMap: fmt.Sprintf("0 %d 1, 1 %d 20", u.GID, sub.Start+10), gidOwner: sub.Start + 13},
			"setgroups denied by choice": {mode: "[idmap]\nmode = \"subid\"\nsetgroups = \"deny\"\n",
				uidMap: fmt.Sprintf("0 %d %d", sub.Start, sub.Count), setgroups: "deny", caps: true, uidOwner: sub.Start},
			"no map and setgroups denied": {mode: "[idmap]\nmode = \"none\"\nsetgroups = \"deny\"\n",
				uid: overflowID, gid: overflowID, setgroups: "deny", uidOwner: u.UID},
		} {
			t.Run(name, func(t *testing.T) {
				file, words := makerWords(t)
				wantMapped(t, systest.ProfileCommand(t, u, test.profile(), words...), file, test)
			})
		}
	})
}

// The command has the groups that the profile says, where setgroups is allowed,
// and none of the caller's.
func TestIDMapGroups(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		idmap := "subid"
		if u.IsRoot() {
			idmap = "identity"
		}
		for groups, want := range map[string][]int{"": {}, "groups = [4, 50]\n": {4, 50}} {
			cmd := systest.ProfileCommand(t, u, fmt.Sprintf("version = 1\nnamespaces = { user = \"new\" }\nidmap = %q\n[process]\n%s", idmap, groups), nstest.Probe(t))
			if u.IsRoot() {
				cmd.SysProcAttr.Credential = &syscall.Credential{Groups: []uint32{9, 10}}
			}
			got := nstest.ParseReport(t, nstest.MustRun(t, cmd))
			if !slices.Equal(got.IDs.Groups, want) {
				t.Errorf("%q: groups %v; want %v", groups, got.IDs.Groups, want)
			}
		}
	})
}

// A caller who is in a user namespace has that one's ids, and its setgroups.
func TestIDMapNested(t *testing.T) {
	u := nstest.Ordinary(t)
	sub := subordinateOf(t, u)
	for _, test := range []struct {
		around string // idmap of the sandbox that nslaunch is in
		mapped
	}{
		{"root", mapped{mode: "root", uidMap: "0 0 1", setgroups: "deny", caps: true, uidOwner: u.UID}},
		{"root", mapped{mode: "keep", uidMap: "0 0 1", setgroups: "deny", caps: true, uidOwner: u.UID}},
		{"root", mapped{mode: "identity", uidMap: "0 0 1", setgroups: "deny", caps: true, uidOwner: u.UID}},
		{"keep", mapped{mode: "root", uidMap: fmt.Sprintf("0 %d 1", u.UID), setgroups: "deny", caps: true, uidOwner: u.UID}},
		{"keep", mapped{mode: "identity", uidMap: fmt.Sprintf("%d %[1]d 1", u.UID), uid: u.UID, gid: u.GID, setgroups: "deny", uidOwner: u.UID}},
		{"root+subid", mapped{mode: "identity", uidMap: fmt.Sprintf("0 0 1, 1 1 %d", sub.Count), setgroups: "allow", caps: true, uidOwner: u.UID}},
		{"root+subid", mapped{mode: `[idmap]
uid = [{ inside = 0, outside = 1000 }, { inside = 1, outside = 0 }]
gid = [{ inside = 0, outside = 1001 }]
`, uidMap: "0 1000 1, 1 0 1", setgroups: "allow", caps: true, uidOwner: sub.Start + 999, gidMap: "0 1001 1", gidOwner: sub.Start + 1000}},
	} {
		t.Run(test.around+"/"+test.mode, func(t *testing.T) {
			file, words := makerWords(t)
			wantMapped(t, nested(t, u, test.around, test.profile(), words...), file, test.mapped)
		})
	}
}

// nested is ProfileCommand from within a user namespace of these ids.
func nested(t *testing.T, u nstest.User, around, profile string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := systest.ProfileCommand(t, u, profile, words...)
	cmd.Args = append([]string{cmd.Path, "run", "--new", "user", "--idmap", around, "--"}, cmd.Args...)
	return cmd
}

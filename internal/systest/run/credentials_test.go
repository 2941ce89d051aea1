package run

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// outside runs the probe without a sandbox.
func outside(t *testing.T, u nstest.User) report.Report {
	t.Helper()
	return nstest.ParseReport(t, nstest.MustRun(t, u.Command(t, nstest.Probe(t))))
}

// Without a user namespace the capabilities are those of the caller, or less.
func TestCapabilitiesOfCaller(t *testing.T) {
	two := capSet(t, "CHOWN", "NET_ADMIN")
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		have := outside(t, u).Capabilities
		rows := []struct {
			profile                               string
			effective, bounding, ambient, inherit uint64
		}{
			{"capabilities = \"keep\"", have.Effective, have.Bounding, 0, 0},
			{"capabilities = \"none\"", 0, 0, 0, 0},
			{"capabilities = [\"CHOWN\", \"NET_ADMIN\"]", two, two, 0, 0},
			{"capabilities = \"keep\"\nuid = 20001", 0, have.Bounding, 0, 0},
			{"capabilities = \"none\"\nuid = 20001", 0, 0, 0, 0},
			{"capabilities = [\"CHOWN\", \"NET_ADMIN\"]\nuid = 20001", two, two, two, two},
			{"capabilities = [\"CHOWN\", \"NET_ADMIN\"]\nuid = 20001\nno_new_privs = false", two, two, two, two},
		}
		if !u.IsRoot() {
			// The bounding set is not an ordinary user's to limit: no_new_privs is what holds.
			rows = rows[:2]
			rows[1].bounding = have.Bounding
			systest.WantRefusal(t, systest.ProfileCommand(t, u, "version = 1\nprocess.capabilities = [\"CHOWN\"]\n", "true"),
				"p.toml:2:9: process.capabilities: the caller itself does not have CHOWN")
			systest.WantRefusal(t, systest.ProfileCommand(t, u, "version = 1\nprocess = { capabilities = \"none\", no_new_privs = false }\n", "true"),
				fmt.Sprintf("p.toml:2:13: process.capabilities: limiting the bounding set needs CAP_SETPCAP, which uid %d does not have here (set no_new_privs = true)", u.UID))
		}
		for _, row := range rows {
			r := systest.SeenBy(t, u, "version = 1\n[process]\n"+row.profile+"\n")
			c := r.Capabilities
			got := [5]uint64{c.Effective, c.Permitted, c.Bounding, c.Ambient, c.Inheritable}
			want := [5]uint64{row.effective, row.effective, row.bounding, row.ambient, row.inherit}
			if got != want || r.Process.Securebits != 0 {
				t.Errorf("%s: effective, permitted, bounding, ambient, inheritable %#x; want %#x", row.profile, got, want)
			}
		}
	})
}

// What a command gets from a set-user-id program, or one with capabilities of
// its own, within what no_new_privs and the bounding set allow.
func TestPrivilegedPrograms(t *testing.T) {
	root := nstest.Superuser(t)
	dir := nstest.TempDir(t)
	suid := filepath.Join(dir, "probe")
	nstest.MustRun(t, exec.Command("cp", nstest.Probe(t), suid))
	if err := os.Chmod(suid, os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	all := outside(t, root).Capabilities.Effective
	two := capSet(t, "CHOWN", "NET_ADMIN")
	for _, row := range []struct {
		profile string
		uid     int // effective
		caps    uint64
	}{
		{"uid = 20001", 20001, 0},
		{"uid = 20001\ncapabilities = \"none\"", 20001, 0},
		{"uid = 20001\nno_new_privs = false", 0, all},
		{"uid = 20001\nno_new_privs = false\ncapabilities = \"none\"", 0, 0},
		{"uid = 20001\nno_new_privs = false\ncapabilities = [\"CHOWN\", \"NET_ADMIN\"]", 0, two},
		{"no_new_privs = false\ncapabilities = \"none\"", 0, 0},
	} {
		r := nstest.ParseReport(t, nstest.MustRun(t, systest.ProfileCommand(t, root, "version = 1\n[process]\n"+row.profile+"\n", suid)))
		if r.IDs.UID[1] != row.uid || r.Capabilities.Effective != row.caps {
			t.Errorf("%s: effective uid %d, capabilities %#x; want %d, %#x", row.profile, r.IDs.UID[1], r.Capabilities.Effective, row.uid, row.caps)
		}
	}
}

// Supplementary groups are the declared ones, else none where the user is another, else the caller's.
func TestGroups(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		callers := outside(t, u).IDs.Groups
		type row struct {
			profile string
			groups  []int
		}
		rows := []row{{"version = 1\n", callers}}
		if u.IsRoot() {
			rows = append(rows,
				row{"version = 1\nprocess.groups = [7, 20001]\n", []int{7, 20001}},
				row{"version = 1\nprocess.groups = []\n", nil},
				row{"version = 1\nprocess = { uid = 20001, gid = 20001, groups = [7] }\n", []int{7}},
				row{"version = 1\nprocess = { uid = 20001, gid = 20001 }\n", nil},
				row{"version = 1\n" + systest.AllNew, nil})
		} else {
			rows = append(rows,
				row{"version = 1\n" + systest.AllNew + "idmap = \"subid\"\nprocess.groups = [3, 4]\n", []int{3, 4}},
				row{"version = 1\n" + systest.AllNew + "idmap = \"subid\"\nprocess.uid = 5\nprocess.gid = 6\n", nil})
			systest.WantRefusal(t, systest.ProfileCommand(t, u, "version = 1\nprocess.groups = [7]\n", "true"),
				fmt.Sprintf("p.toml:2:9: process.groups: groups need CAP_SETGID, which uid %d does not have here", u.UID))
		}
		for _, r := range rows {
			ids := systest.SeenBy(t, u, r.profile).IDs
			// The kernel may tell the group itself as one of them.
			groups := slices.DeleteFunc(slices.Clone(ids.Groups), func(g int) bool { return g == ids.GID[0] && !slices.Contains(r.groups, g) })
			if !slices.Equal(groups, r.groups) && len(groups)+len(r.groups) > 0 {
				t.Errorf("%s: groups %v; want %v", r.profile, ids.Groups, r.groups)
			}
		}
	})
}

// Attributes that nobody declares are the caller's.
func TestUndeclaredAttributes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, w := range systest.Ways() {
			cmd := systest.ProfileCommand(t, u, "version = 1\n"+w.Profile, nstest.Probe(t))
			inner := filepath.Join(cmd.Dir, "a b")
			if err := os.Mkdir(inner, 0o755); err != nil {
				t.Fatal(err)
			}
			given := append([]string{"-c", `cd "$0"; umask 031; ulimit -c 0; ulimit -Sn 123; ulimit -Ss 4096; echo 250 >/proc/self/oom_score_adj; exec nice -n 3 "$@"`, inner}, cmd.Args...)
			given[slices.Index(given, "p.toml")] = "../p.toml"
			shell := u.Command(t, "sh", given...)
			shell.Dir = cmd.Dir
			r := nstest.ParseReport(t, nstest.MustRun(t, shell))
			p := r.Process
			if p.Cwd != inner || p.Umask != 0o31 || p.Nice != nstest.Nicer(3) || p.OOMScoreAdj != 250 || !p.NoNewPrivs {
				t.Errorf("%s: %+v", w.Name, p)
			}
			if r.Limits["nofile"].Soft != 123 || r.Limits["core"].Hard != 0 || r.Limits["stack"].Soft != 4096<<10 {
				t.Errorf("%s: %v", w.Name, r.Limits)
			}
		}
	})
}

// What the caller may not have is refused, at its place.
func TestAttributesRefused(t *testing.T) {
	u := nstest.Ordinary(t)
	for more, want := range map[string]string{
		"process.nice = -5\n":                           "p.toml:4:9: process.nice: ",
		"process.oom_score_adj = -500\n":                "p.toml:4:9: process.oom_score_adj: ",
		"process.cwd = \"/root/x\"\n":                   "p.toml:4:9: process.cwd: ",
		"limits.rlimits = { nofile = [10, 1000000] }\n": "p.toml:4:20: limits.rlimits.nofile: the hard limit is ",
	} {
		got := nstest.Run(t, systest.ProfileCommand(t, u, "version = 1\nname = \"x\"\n"+systest.AllNew+more, "true"))
		if got.Status != systest.StatusSetup || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "nslaunch: error: "+want) {
			t.Errorf("%s: %+v; want %s", more, got, want)
		}
	}
}

// Each sandbox has a session keyring of its own: namespaces leave them alone.
func TestKeyring(t *testing.T) {
	nstest.Require(t, nstest.File("/proc/keys"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		seen := map[int]bool{outside(t, u).Process.Keyring: true}
		for _, w := range append(systest.Ways(), systest.Ways()...) {
			serial := systest.SeenBy(t, u, "version = 1\n"+w.Profile).Process.Keyring
			if serial == 0 || seen[serial] {
				t.Errorf("%s: keyring %d; there were %v", w.Name, serial, seen)
			}
			seen[serial] = true
		}
		// The control: without nslaunch two commands share the caller's.
		if first, second := outside(t, u).Process.Keyring, outside(t, u).Process.Keyring; first != second {
			t.Errorf("outside there are keyrings %d and %d: nothing would be shared", first, second)
		}
	})
}

// A pid namespace ends with its command, however many live in it.
func TestManyProcesses(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, more := range []string{"", "process.init = false\n"} {
			before := nstest.Snapshot(t)
			const script = `i=0; while [ $i -lt 300 ]; do sleep 600 & i=$((i+1)); done; exit 3`
			if got := nstest.Run(t, systest.ProfileCommand(t, u, "version = 1\n"+systest.AllNew+more, "sh", "-c", script)); got.Status != 3 {
				t.Errorf("%+v; want status 3", got)
			}
			nstest.AssertNothingLeft(t, before)
		}
	})
}

package run

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

const inUser = "version = 1\nnamespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\n"

// allCaps is what the kernel knows, which a new user namespace gives in full.
func allCaps(t *testing.T) uint64 {
	t.Helper()
	var last int
	text, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err == nil {
		_, err = fmt.Sscan(string(text), &last)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 1<<(last+1) - 1
}

func capSet(t *testing.T, names ...string) uint64 {
	t.Helper()
	var set uint64
	for _, name := range names {
		i := slices.Index(config.CapabilityNames(), name)
		if i < 0 {
			t.Fatalf("no capability %q", name)
		}
		set |= 1 << i
	}
	return set
}

// The capability sets of root and of another inside, for each way to say them.
func TestCapabilities(t *testing.T) {
	all := allCaps(t)
	two := capSet(t, "CHOWN", "NET_ADMIN")
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, row := range []struct {
			say                                   string
			keep                                  bool // idmap: the caller's own ids instead of root's
			effective, bounding, ambient, inherit uint64
		}{
			{"keep", false, all, all, 0, 0},
			{"none", false, 0, 0, 0, 0},
			{`["CHOWN", "NET_ADMIN"]`, false, two, two, 0, 0},
			{"keep", true, 0, all, 0, 0},
			{"none", true, 0, 0, 0, 0},
			{`["CHOWN", "NET_ADMIN"]`, true, two, two, two, two},
		} {
			if row.keep && u.IsRoot() {
				continue // root's own ids are root's
			}
			say := row.say
			if say[0] != '[' {
				say = fmt.Sprintf("%q", say)
			}
			profile := inUser
			if row.keep {
				profile += "idmap = \"keep\"\n"
			}
			profile += "process = { capabilities = " + say + " }\n"
			c := systest.SeenBy(t, u, profile).Capabilities
			got := [5]uint64{uint64(c.Effective), uint64(c.Permitted), uint64(c.Bounding), uint64(c.Ambient), uint64(c.Inheritable)}
			want := [5]uint64{row.effective, row.effective, row.bounding, row.ambient, row.inherit}
			if got != want {
				t.Errorf("%s, keep %v: effective, permitted, bounding, ambient, inheritable %#x; want %#x", row.say, row.keep, got, want)
			}
		}
	})
}

// A set-user-id program gains nothing unless the profile allows it to.
func TestNoNewPrivs(t *testing.T) {
	u := nstest.Ordinary(t)
	dir := nstest.TempDir(t)
	id := filepath.Join(dir, "id")
	nstest.MustRun(t, exec.Command("cp", "/usr/bin/id", id))
	if err := os.Chmod(id, os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	run := func(set string) string {
		profile := "version = 1\nnamespaces = {}\nprocess = { no_new_privs = " + set + " }\n"
		return strings.TrimSpace(nstest.MustRun(t, systest.ProfileCommand(t, u, profile, id, "-u")))
	}
	if got := run("true"); got != fmt.Sprint(u.UID) {
		t.Errorf("effective uid %s; want %d", got, u.UID)
	}
	t.Run("without", func(t *testing.T) {
		if got := run("false"); got != "0" {
			t.Errorf("effective uid %s: this is no attack", got)
		}
	})
}

func TestProcessAttributes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		r := systest.SeenBy(t, u, inUser+`
[process]
umask         = "027"
nice          = `+strconv.Itoa(nstest.Nicer(7))+`
oom_score_adj = 300
cwd           = "/usr"
[limits.rlimits]
nofile = [100, 200]
core   = 0
stack  = "4M"
`)
		p := r.Process
		if p.Umask != 0o27 || p.Nice != nstest.Nicer(7) || p.OOMScoreAdj != 300 || p.Cwd != "/usr" || !p.NoNewPrivs || p.DeathSignal != 9 {
			t.Errorf("umask %o, nice %d, oom_score_adj %d, cwd %s, no_new_privs %v, death signal %d",
				p.Umask, p.Nice, p.OOMScoreAdj, p.Cwd, p.NoNewPrivs, p.DeathSignal)
		}
		for name, want := range map[string][2]uint64{"nofile": {100, 200}, "core": {0, 0}, "stack": {4 << 20, 4 << 20}} {
			if l := r.Limits[name]; uint64(l.Soft) != want[0] || uint64(l.Hard) != want[1] {
				t.Errorf("limit %s: %d, %d; want %d", name, l.Soft, l.Hard, want)
			}
		}
		if p.PID != 2 || p.Parent != 1 {
			t.Errorf("process %d of %d; want 2 of 1", p.PID, p.Parent)
		}
	})
}

// The limit of open files is the caller's, though the Go runtime raises its own.
func TestNofileIsTheCallers(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cmd := systest.ProfileCommand(t, u, inUser, "sh", "-c", "ulimit -Sn; ulimit -Hn")
		limited := u.Command(t, "sh", append([]string{"-c", "ulimit -n 300; ulimit -Sn 77; exec \"$@\"", "sh"}, cmd.Args...)...)
		limited.Dir = cmd.Dir
		if got := nstest.MustRun(t, limited); got != "77\n300\n" {
			t.Errorf("got %q; want 77 and 300", got)
		}
	})
}

func TestEnvironment(t *testing.T) {
	const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	given := []string{"TERM=vt100", "LANG=C", "LC_TIME=C", "PATH=/odd", "SECRET=1", "CI_A=a", "CI=b"}
	for _, row := range []struct {
		env  string
		want []string
	}{
		{"", []string{"LANG=C", "LC_TIME=C", path, "TERM=vt100"}},
		{`env = { inherit = [] }`, []string{path}},
		{`env = { inherit = ["*"] }`, []string{"CI=b", "CI_A=a", "LANG=C", "LC_TIME=C", "PATH=/odd", "SECRET=1", "TERM=vt100"}},
		{`env = { inherit = ["CI_*"], set = { A = "x y", PATH = "/bin" } }`, []string{"A=x y", "CI_A=a", "PATH=/bin"}},
		{`env = { inherit = ["*"], set = { SECRET = false, PATH = false } }`, []string{"CI=b", "CI_A=a", "LANG=C", "LC_TIME=C", "TERM=vt100"}},
	} {
		cmd := systest.ProfileCommand(t, nstest.Ordinary(t), inUser+row.env, nstest.Probe(t))
		cmd.Env = given
		got := nstest.ParseReport(t, nstest.MustRun(t, cmd)).Environment
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q; want %q", row.env, got, row.want)
		}
	}
}

// Of the descriptors that the caller leaks, those to keep are there, at their numbers, and no other.
func TestKeepFDs(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cmd := systest.ProfileCommand(t, u, inUser+"process = { keep_fds = [3, 7] }\n", nstest.Probe(t))
		leaking := u.Command(t, "bash", append([]string{"-c", `exec 3</etc/hostname 5</ 7</etc/passwd 9</etc 200</; exec "$@"`, "bash"}, cmd.Args...)...)
		leaking.Dir = cmd.Dir
		got := nstest.ParseReport(t, nstest.MustRun(t, leaking)).Descriptors
		for fd := range got {
			if !slices.Contains([]int{0, 1, 2, 3, 7}, fd) {
				t.Errorf("descriptor %d is open: %s", fd, got[fd])
			}
		}
		if got[3] != "/etc/hostname" || got[7] != "/etc/passwd" {
			t.Errorf("kept: %v", got)
		}
	})
}

// Init reaps what ends up as its child, while the command runs.
func TestInitReaps(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		script := `for i in 1 2 3 4 5 6 7 8; do (setsid sh -c : &) ; done; i=0
while ps -A -o stat= | grep -q Z; do i=$((i+1)); [ $i -lt 500 ] || { ps -A; exit 1; }; sleep 0.01; done`
		nstest.MustRun(t, systest.ProfileCommand(t, u, inUser, "sh", "-c", script))
	})
}

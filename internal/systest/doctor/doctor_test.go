// Package doctor tests what doctor says of machines and profiles.
package doctor

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// diagnosis is what doctor --json prints.
type diagnosis struct {
	UID      int       `json:"uid"`
	Findings []finding `json:"findings"`
	Problems []struct {
		File, Key, Message, Cause, Cure string
		Line                            int
	} `json:"problems"`
	Runs *bool `json:"runs"`
}

// finding is a row of it.
type finding struct {
	Name, Detail, Cause, Cure string
	NeededFor                 string `json:"needed_for"`
	OK, Information           bool
}

// kindRows are the rows of one kind of namespace.
func kindRows() []string {
	var rows []string
	for _, k := range []string{"user", "mount", "pid", "net", "ipc", "uts", "cgroup", "time"} {
		rows = append(rows, k+" namespace")
	}
	return rows
}

// inUser are the rows that need a user namespace whoever asks.
func inUser() []string {
	return []string{
		"all namespaces at once", "ids: the caller as root", "ids: the caller as itself", "ids: subordinate ones",
		"overlay in a user namespace", "idmapped bind mount",
	}
}

// ofMachine are the rows that depend on what else runs on the machine, and not on the caller alone.
func ofMachine(name string) bool {
	return strings.HasPrefix(name, "scope of") || name == "cgroup controllers" || unused(name)
}

// unused are the rows of what nslaunch does not use: they need nothing to be done.
func unused(name string) bool { return name == "Landlock" || name == "seccomp filters" }

// expectTable checks that no row but these says no, and that each of them says why.
func expectTable(t *testing.T, got diagnosis, rows []string, no map[string]string) {
	t.Helper()
	if no = maps.Clone(no); nstest.Portable() {
		if no == nil {
			no = map[string]string{}
		}
		no["sealed image"] = "the portable image is used instead: NSLAUNCH_IMAGE asks for it"
	}
	seen := map[string]bool{}
	for _, f := range got.Findings {
		seen[f.Name] = true
		why, expected := no[f.Name]
		all := strings.Join([]string{f.Detail, f.Cause, f.Cure}, " | ")
		switch {
		case !f.OK && f.Detail+f.Cause == "":
			t.Errorf("%s: no, and not why", f.Name)
		case (f.NeededFor == "") != (f.Cause == "needs a user namespace, see above" || unused(f.Name)):
			t.Errorf("%s: it is needed for %q", f.Name, f.NeededFor)
		case strings.HasPrefix(f.Cure, "--set"), strings.HasPrefix(f.Cure, "remove it"):
			t.Errorf("%s: the cure is for a profile that nobody wrote: %s", f.Name, f.Cure)
		case unused(f.Name) && (f.Cause+f.Cure != "" || !f.Information):
			t.Errorf("%s: something is to be done: %s", f.Name, all)
		case ofMachine(f.Name):
		case f.OK == expected:
			t.Errorf("%s: %v: %s", f.Name, f.OK, all)
		case expected && !strings.Contains(all, why):
			t.Errorf("%s: %s; want %q in it", f.Name, all, why)
		}
	}
	for _, name := range append(rows, "a new /proc", "a root of its own", "pseudoterminal", "execution of a memfd", "sealed image",
		"records of sandboxes", "seccomp filters") {
		if !seen[name] {
			t.Errorf("there is no row %q", name)
		}
	}
	for name := range no {
		if !seen[name] {
			t.Errorf("there is no row %q", name)
		}
	}
}

func doctor(t *testing.T, u nstest.User, args ...string) diagnosis {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), args...)
	cmd.Dir = u.TempDir(t)
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+cmd.Dir)
	r := nstest.Run(t, cmd)
	var d diagnosis
	if err := json.Unmarshal([]byte(r.Stdout), &d); err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return d
}

func TestDoctor(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"), nstest.UnprivilegedUserNamespaces())
	rows := append(kindRows(), inUser()...)
	t.Run("root", func(t *testing.T) {
		nstest.CheckNothingLeft(t)
		expectTable(t, doctor(t, nstest.Superuser(t), "doctor", "--json"), append(rows, "overlay"), map[string]string{
			"ids: subordinate ones": "root has no subordinate uids in /etc/subuid",
		})
	})
	const idmapped = "needs CAP_SYS_ADMIN over its file system"
	t.Run("ordinary", func(t *testing.T) {
		nstest.CheckNothingLeft(t)
		expectTable(t, doctor(t, nstest.Ordinary(t), "doctor", "--json"), rows, map[string]string{"idmapped bind mount": idmapped})
	})
	t.Run("bare", func(t *testing.T) {
		nstest.CheckNothingLeft(t)
		expectTable(t, doctor(t, nstest.Bare(t), "doctor", "--json"), rows, map[string]string{
			"idmapped bind mount": idmapped, "ids: subordinate ones": "nslaunch-bare has no subordinate uids",
		})
	})
}

// Inside a sandbox that may have no user namespaces: its root has the others, and who has no capabilities has none.
func TestDoctorForbidden(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt", "pid"), nstest.UnprivilegedUserNamespaces())
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		nslaunch := nstest.Nslaunch(t)
		no := map[string]string{"user namespace": "max_user_namespaces"}
		for _, row := range inUser() {
			no[row] = "needs a user namespace, see above"
		}
		inside := func(command string) diagnosis {
			return doctor(t, u, "run", "--new", "user,mount,pid,net", "--set", "env.inherit.add=XDG_RUNTIME_DIR", "--set", "env.inherit.add=NSLAUNCH_IMAGE", "--", "sh", "-c",
				"echo 0 >/proc/sys/user/max_user_namespaces && exec "+command)
		}
		got := inside(nslaunch + " doctor --json")
		delete(no, "overlay")
		expectTable(t, got, []string{"overlay"}, no)
		for _, row := range append(kindRows()[1:], "a new /proc", "a root of its own") {
			no[row] = "needs a user namespace, see above"
		}
		no["user namespace"] = "CAP_SETFCAP"
		expectTable(t, inside(nslaunch+" run --capabilities none --set env.inherit.add=XDG_RUNTIME_DIR --set env.inherit.add=NSLAUNCH_IMAGE -- "+nslaunch+" doctor --json"), nil, no)
	})
}

// doctor says of a profile whether it can run here, and what in it cannot: by what happens, as
// its set-up is done, and the command is executed and does nothing.
func TestDoctorProfile(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt", "pid", "net", "uts"), nstest.UnprivilegedUserNamespaces())
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		program, err := os.ReadFile("/bin/ls")
		if err != nil {
			t.Fatal(err)
		}
		cut := u.WriteFile(t, filepath.Join(dir, "cut"), string(program[:20000]))
		if err := os.Chmod(cut, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct{ text, key, message string }{
			"good.toml":     {text: "command = [\"touch\", \"" + dir + "/ran\"]\nnamespaces = \"new\"\n"},
			"kept.toml":     {text: "command = [\"true\"]\nnamespaces = \"new\"\nroot = { overlay = { dir = \"${state}/doctor-test\", create = true } }\n"},
			"wrong.toml":    {"namespaces = \"knew\"\n", "namespaces", "unknown value"},
			"source.toml":   {"namespaces = \"new\"\nmounts.ro = [\"/no/such/directory\"]\n", "mounts.ro[0]", "no such file or directory"},
			"step.toml":     {"namespaces = \"new\"\nprocess.cwd = \"/proc/1/fd/x\"\n", "process.cwd", "step "},
			"append.toml":   {text: "command = { argv = [\"touch\"], args = \"append\" }\nnamespaces = \"new\"\nprocess = { init = false, terminal = \"pty\" }\n"},
			"alone.toml":    {text: "command = [\"sh\", \"-c\", \"echo >" + dir + "/ran\"]\nprocess.cwd = \"/\"\n"},
			"missing.toml":  {"command = [\"no-such-command\"]\nnamespaces = \"new\"\n", "command", "no \"no-such-command\" in the sandbox's PATH"},
			"loader.toml":   {"command = [\"touch\", \"/x\"]\nnamespaces = \"new\"\nroot = \"tmpfs\"\nmounts.ro = [\"/usr/bin\"]\n", "command", "exists on the host, but is hidden in the sandbox"},
			"room.toml":     {"command = [\"true\"]\nnamespaces = \"new\"\nlimits.rlimits.as = 4096\n", "command", "killed by SIGSEGV"},
			"cut.toml":      {"command = [\"" + cut + "\"]\n", "command", "killed by SIGSEGV"},
			"folder.toml":   {"command = [\"/usr\"]\nnamespaces = \"new\"\n", "command", "is a directory"},
			"required.toml": {"scope = { mode = \"required\", bus = \"user\" }\n", "scope.mode", "no systemd manager can be reached"},
		} {
			path := u.WriteFile(t, filepath.Join(dir, name), "version = 1\n"+test.text)
			cmd := u.Command(t, nstest.Nslaunch(t), "doctor", "--json", path)
			cmd.Env = append(slices.DeleteFunc(cmd.Env, func(e string) bool { return strings.HasPrefix(e, "XDG_") }), "XDG_STATE_HOME="+dir)
			r := nstest.Run(t, cmd)
			var d diagnosis
			if err := json.Unmarshal([]byte(r.Stdout), &d); err != nil {
				t.Fatalf("%v\n%s", err, r.Stderr)
			}
			bad := test.message != ""
			if d.Runs == nil || *d.Runs == bad || (r.Status == 1) != bad || r.Status > 1 {
				t.Errorf("%s: runs %v, status %d\n%s", name, d.Runs, r.Status, r.Stdout)
				continue
			}
			if bad && (len(d.Problems) != 1 || !strings.Contains(d.Problems[0].Message+d.Problems[0].Cause, test.message) || test.key != "" && d.Problems[0].Key != test.key) {
				t.Errorf("%s: %v; want %q", name, d.Problems, test.message)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 14 {
			t.Errorf("left: %v", left)
		}
	})
}

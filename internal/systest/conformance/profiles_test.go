package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// ownCases have, with the examples, every action that a plan may hold.
func ownCases() []conformanceCase {
	cases := []conformanceCase{
		{name: "no namespace", profile: "version = 1\n"},
		{name: "everything", keep: 3, profile: `version = 1
namespaces = "new"
hostname = "h"
domainname = "d"
propagation = "slave+shared"
network = "down"
time = { monotonic = "-1s", boottime = "+2d" }
[proc]
hidepid = "invisible"
subset = "pid"
fallback = "none"
[process]
cwd = "/usr/bin"
capabilities = ["SETPCAP", "BPF"]
umask = "027"
nice = ` + strconv.Itoa(nstest.Nicer(5)) + `
oom_score_adj = 300
terminal = "none"
keep_fds = [3, 5]
[limits]
rlimits = { core = 0, cpu = [100, "infinity"], nofile = [64, 100], stack = "1M" }
[env]
inherit = []
set = { PATH = "/no/such:/usr/bin/env:/bin", "A" = "ä\u0001\n\"\\" }
`},
		{name: "keep", profile: `version = 1
namespaces = { user = "new", mount = "new", pid = "new" }
idmap = "keep"
process = { capabilities = "none", no_new_privs = false }
[proc]
readonly_paths = ["/proc/sys", "/proc/bus"]
masked_paths = ["/proc/keys", "/proc/fs"]
`},
		{name: "no map", profile: "version = 1\nnamespaces = { user = \"new\", uts = \"new\" }\nidmap = \"none\"\n"},
		{name: "identity", rootOnly: true, profile: `version = 1
namespaces = { user = "new", net = "new" }
idmap = "identity"
process = { uid = 5, gid = 6, groups = [7, 8], capabilities = ["NET_BIND_SERVICE"] }
`},
		{name: "subordinate ids", refused: true, profile: `version = 1
namespaces = { user = "new", pid = "new", mount = "new" }
idmap = "root+subid"
process = { uid = 5, gid = 6, groups = [7, 8], capabilities = ["NET_BIND_SERVICE", "CHECKPOINT_RESTORE"] }
`},
		{name: "another user", rootOnly: true, profile: `version = 1
process = { uid = 5, gid = 6, capabilities = ["NET_ADMIN"], no_new_privs = false }
`},
		{name: "no init", profile: `version = 1
namespaces = { user = "new", pid = "new", mount = "new", time = "new" }
proc = "none"
process = { init = false, terminal = "pty" }
`},
		{name: "host proc", profile: `version = 1
namespaces = { user = "new", mount = "new" }
proc = { mode = "host", masked_paths = ["/proc/keys"] }
`},
		{name: "proc refused, host", outer: maskedProc, profile: `version = 1
namespaces = { user = "new", pid = "new", mount = "new" }
proc = { fallback = "host" }
`},
		{name: "proc refused, none", outer: maskedProc, profile: `version = 1
namespaces = { user = "new", pid = "new", mount = "new" }
proc = { fallback = "none" }
`},
		{name: "clocks that start", profile: "version = 1\nnamespaces = { user = \"new\", time = \"new\" }\ntime = { monotonic = \"1h\", boottime = \"0s\" }\n"},
		{name: "not found", status: systest.StatusMissing, words: []string{"no-such-command"}, profile: "version = 1\nnamespaces = \"new\"\n"},
		{name: "not executable", status: systest.StatusNoExec, words: []string{"/etc/passwd"}, profile: "version = 1\nnamespaces = \"new\"\n"},
		{name: "no interpreter", status: systest.StatusNoExec, profileFor: withoutInterpreter},
	}
	for _, kind := range []string{"private", "slave", "shared", "slave+shared", "unbindable"} {
		cases = append(cases, conformanceCase{name: "propagation " + kind, rootOnly: true, profile: fmt.Sprintf(`version = 1
namespaces = { mount = "new", pid = "new" }
propagation = %q
proc = { masked_paths = ["/proc/keys"] }
`, kind)})
	}
	cases = append(cases, joinCases()...)
	cases = append(cases, treeCases()...)
	cases = append(cases, serviceCases()...)
	for i := range cases {
		if c := &cases[i]; c.words == nil && c.name != "no interpreter" {
			c.words = []string{"true"}
		}
	}
	return cases
}

// joinCases join each kind of namespace of a process, alone, with others, and
// beside new ones. PID stands for the process.
func joinCases() []conformanceCase {
	var cases []conformanceCase
	add := func(name, namespaces, more string) {
		cases = append(cases, conformanceCase{name: "join " + name, joins: true, profileFor: func(_ *testing.T, _ nstest.User, pid int) string {
			return "version = 1\nnamespaces = { " + strings.ReplaceAll(namespaces, "PID", fmt.Sprint(pid)) + " }\n" + more
		}})
	}
	all := []string{"user", "mount", "pid", "net", "ipc", "uts", "cgroup", "time"}
	for _, kind := range all[1:] {
		add(kind, `user = "pid:PID", `+kind+` = "pid:PID"`, "")
	}
	add("user", `user = "pid:PID"`, "")
	add("all", strings.Join(all, ` = "pid:PID", `)+` = "pid:PID"`, "")
	add("net, new others", `all = "new", user = "pid:PID", net = "/proc/PID/ns/net"`, "hostname = \"h\"\ntime = { boottime = \"+1h\" }\n")
	add("pid, new user below", `user = "pid:PID", pid = "pid:PID", mount = "new"`, "proc = \"new\"\n")
	add("user, new pid without init", `user = "pid:PID", pid = "new", mount = "new"`, "process = { init = false }\n")
	cases = append(cases, conformanceCase{name: "join as root", rootOnly: true, joins: true, profileFor: func(_ *testing.T, _ nstest.User, pid int) string {
		return fmt.Sprintf("version = 1\nnamespaces = { user = \"new\", net = \"pid:%[1]d\", uts = \"pid:%[1]d\", pid = \"new\", mount = \"new\" }\n", pid)
	}})
	return cases
}

// maskedProc is a place where /proc is covered in part, so that the kernel
// allows no new one in a user namespace.
func maskedProc(t *testing.T) *nstest.Outer {
	t.Helper()
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "none", "/proc/sys"))
	return outer
}

// withoutInterpreter has a command whose interpreter is not there.
func withoutInterpreter(t *testing.T, u nstest.User, _ int) string {
	t.Helper()
	file := u.WriteFile(t, filepath.Join(u.TempDir(t), "script"), "#!/no/such/interpreter\n")
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("version = 1\ncommand = [%q]\n", file)
}

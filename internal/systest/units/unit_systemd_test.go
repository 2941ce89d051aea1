package units

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// install writes the unit of a profile with that text into the machine, and returns the profile's path.
func install(t *testing.T, m *nstest.Machine, name, text string, args ...string) string {
	t.Helper()
	root := nstest.Superuser(t)
	path := root.WriteFile(t, filepath.Join(root.TempDir(t), strings.TrimSuffix(name, ".service")+".toml"), "version = 1\n"+text)
	m.WriteUnit(t, name, unitOf(t, append(args, path)...))
	return path
}

// What a unit names, systemd executes: whatever is in the path of the profile.
func TestUnitArgv(t *testing.T) {
	m := nstest.SystemdAlone(t)
	root := nstest.Superuser(t)
	dir := filepath.Join(root.TempDir(t), "a \"b\" 'c' \\d\\n %n 100% $x ${HOME} $$ ; #é\t\n\x01", ";")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	profile := root.WriteFile(t, filepath.Join(dir, " .toml"), "version = 1\ncommand = [\"sleep\", \"1000\"]\nenv = { inherit = [\"A_1\"] }\n")
	const variable = "A_1=a \"b\" 'c' \\d %n $x\té"
	m.RunUnit(t, "odd.service", unitOf(t, "--setenv", variable, profile))
	proc := filepath.Join(m.Root(), "proc", m.Show(t, "odd.service", "MainPID"))
	read := func(name string) []string {
		text, err := os.ReadFile(filepath.Join(proc, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	}
	if got := read("cmdline"); len(got) != 2 || got[0] != nstest.Nslaunch(t) || got[1] != profile {
		t.Errorf("got %q; want %q", got, profile)
	}
	// The launcher replaces itself; the command keeps what it got.
	var got []string
	nstest.Eventually(t, func() bool {
		children := strings.Fields(read("task/" + filepath.Base(proc) + "/children")[0])
		if len(children) == 1 {
			got = read("../" + children[0] + "/environ")
		}
		return slices.Contains(got, variable)
	}, func() string { return fmt.Sprintf("no %q in %q", variable, got) })
	m.Systemctl(t, "stop", "odd.service")
	// The same of the paths that need mounts, with what can be in them.
	source := filepath.Join(root.TempDir(t), `a "b" 'c' \d %n $x é`)
	path := install(t, m, "mounts.service", fmt.Sprintf("command = [\"true\"]\nnamespaces = \"new\"\n[mounts]\nrw = ['''%s''']\n", source))
	shown := m.Show(t, "mounts.service", "RequiresMountsFor")
	quoted := strings.NewReplacer(`"`, `\"`, `\`, `\\`, `$`, `\$`).Replace(source)
	if !strings.Contains(shown, `"`+quoted+`"`) || !strings.Contains(shown, path) {
		t.Errorf("got %s; want %q", shown, quoted)
	}
}

// The settings of a profile are those of the unit.
func TestUnitSettings(t *testing.T) {
	m := nstest.SystemdAlone(t)
	for profile, want := range map[string]map[string]string{
		"site": {"MemoryMax": "536870912", "MemorySwapMax": "0", "TasksMax": "200", "CPUQuotaPerSecUSec": "1.500000s", "Type": "notify",
			"NotifyAccess": "main", "KillMode": "mixed", "KillSignal": "15", "TimeoutStopUSec": "1min 30s", "NoNewPrivileges": "yes",
			"LockPersonality": "yes", "RestrictRealtime": "yes", "SystemCallArchitectures": "native", "SuccessExitStatus": "131 143",
			"RestartPreventExitStatus": "125 126 127", "Description": "Sandbox site"},
		"worker": {"Slice": "ci.slice", "Delegate": "yes", "AllowedCPUs": "0-1 3", "CPUWeight": "50", "RuntimeMaxUSec": "2h", "KillMode": "mixed",
			"DeviceAllow":    "char-pts rw\n/dev/disk/by-label/a\\x20b%c r\n/dev/null rw",
			"IOWriteIOPSMax": "/dev/vda 1000", "Type": "exec", "NotifyAccess": "none", "Description": `worker, 100% \`},
		"sockets": {"TimeoutStopUSec": "1us", "Wants": "sockets.socket", "TriggeredBy": "sockets.socket", "Delegate": "no"},
		"audio":   {"CPUWeight": "[not set]", "MemoryMax": "infinity", "Slice": "system.slice", "RestrictRealtime": "no"},
	} {
		m.WriteUnit(t, profile+".socket", "[Socket]\nListenStream=/run/"+profile+"\n")
		m.WriteUnit(t, profile+".service", unitOf(t, "../../../units/unitfile/testdata/"+profile+".toml"))
		for name, value := range want {
			if got := m.Show(t, profile+".service", name); got != value {
				t.Errorf("%s: %s is %q; want %q", profile, name, got, value)
			}
		}
	}
}

// The hardening of a unit takes nothing away that nslaunch and its command need.
func TestUnitHardening(t *testing.T) {
	m := nstest.Systemd(t)
	everything := strings.Replace(`namespaces = "new"
hostname = "x"
root = { path = "host", overlay = "tmpfs" }
dev = "minimal"
sys = "new"
time = { monotonic = "+1h" }
command = ["sh", "-c", "test $(hostname) = x && mount -t tmpfs t /mnt && unshare -Urm true && grep -q 'NoNewPrivs:.1' /proc/self/status"]
[mounts]
"/new" = { type = "dir", mode = "2755" }
"/etc/hosts" = { type = "file", content = "x\n" }
[process]
oom_score_adj = 100
nice = NICE
`, "NICE", strconv.Itoa(nstest.Nicer(5)), 1)
	const subordinate = "[idmap]\nuid = [{ inside = 0, outside = 0, count = 70000 }]\ngid = [{ inside = 0, outside = 0, count = 70000 }]\n"
	for name, text := range map[string]string{
		"user": everything + subordinate,
		"nouser": `namespaces = { mount = "new", pid = "new", time = "new", uts = "new", ipc = "new", net = "new" }
hostname = "x"
time = { boottime = "+1h" }
command = ["sh", "-c", "test $(hostname) = x && mount -t tmpfs t /mnt && mknod /mnt/n c 1 3 && : >/mnt/n && dmesg >/dev/null"]
`,
		"privileges": "process = { no_new_privs = false }\ncommand = [\"grep\", \"-q\", \"NoNewPrivs:.0\", \"/proc/self/status\"]\n",
		"shared":     "namespaces = { mount = \"new\" }\npropagation = \"shared\"\ncommand = [\"mount\", \"-t\", \"tmpfs\", \"seen\", \"/mnt\"]\n",
	} {
		install(t, m, name+".service", text)
		m.Systemctl(t, "start", name+".service")
		m.Await(t, name+".service", "SubState", "dead")
		if got := m.Show(t, name+".service", "Result"); got != "success" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if mounts := m.Run(t, "cat", "/proc/1/mountinfo"); !strings.Contains(mounts, " tmpfs seen ") {
		t.Error("what a profile shares is not seen outside its service")
	}

	u := nstest.Ordinary(t)
	// pam_systemd tells a user's manager where its directory is only if it finds a logind by this.
	m.Run(t, "mkdir", "-p", "/run/systemd/seats")
	env := m.User(t, u)
	systemctl := func(args ...string) string {
		return strings.TrimSpace(nstest.MustRun(t, m.Command(t, u, env, "systemctl", append([]string{"--user"}, args...)...)))
	}
	dir := u.TempDir(t)
	for name, text := range map[string]string{
		"root":     strings.ReplaceAll(everything, "oom_score_adj = 100\n", ""),
		"helper":   "namespaces = \"new\"\nidmap = \"keep+subid\"\ncommand = [\"sh\", \"-c\", \"test $(wc -l </proc/self/uid_map) -gt 1\"]\n",
		"setuid":   "process = { no_new_privs = false }\ncommand = [\"sh\", \"-c\", \"grep -q NoNewPrivs:.0 /proc/self/status\"]\n",
		"realtime": "command = [\"true\"]\nlimits = { rlimits = { rtprio = 0 } }\n",
	} {
		path := u.WriteFile(t, filepath.Join(dir, name+".toml"), "version = 1\n"+text)
		m.WriteUserUnit(t, name+".service", unitOf(t, "--user", path))
		systemctl("daemon-reload")
		systemctl("start", name+".service")
		nstest.Eventually(t, func() bool {
			state := systemctl("show", "--value", "--property=ActiveState", name+".service")
			return state == "inactive" || state == "failed"
		}, func() string { return name + " runs on" })
		if got := systemctl("show", "--value", "--property=Result", name+".service"); got != "success" {
			t.Errorf("user's %s: %s", name, got)
		}
	}
}

// To stop a service is to send its command the stop signal, and KILL when it is time.
func TestUnitStop(t *testing.T) {
	m := nstest.SystemdAlone(t)
	for name, test := range map[string]struct {
		script, text string
		results      []string
	}{
		"term":  {"", "", []string{"success 143"}},
		"other": {"", "process = { stop_signal = \"RTMIN+3\" }\n", []string{"success 165"}},
		"clean": {"trap 'exit 0' TERM", "", []string{"success 0"}},
		// Both systemd and nslaunch kill when it is time.
		"deaf":  {"trap : TERM", "namespaces = \"new\"\nprocess = { stop_timeout = \"300ms\" }\n", []string{"timeout 9", "timeout 137", "exit-code 137"}},
		"fails": {"trap 'exit 7' TERM", "", []string{"exit-code 7"}},
	} {
		ready := "/run/ready-" + name
		command := fmt.Sprintf("command = [\"sh\", \"-c\", \"%s\n: >%s; while :; do sleep 0.1; done\"]\n", test.script, ready)
		command = strings.Replace(command, "\n: >", "\\n: >", 1)
		name += ".service"
		install(t, m, name, command+test.text)
		// Who wants it keeps how it ended from being forgotten.
		m.RunUnit(t, "keeps-"+name, "[Unit]\nWants="+name+"\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
		nstest.Eventually(t, func() bool {
			_, err := os.Stat(m.Root() + ready)
			return err == nil
		}, func() string { return name + " has no command" })
		m.Systemctl(t, "stop", name)
		if result, status := m.Show(t, name, "Result"), m.Show(t, name, "ExecMainStatus"); !slices.Contains(test.results, result+" "+status) {
			t.Errorf("%s: %s %s; want one of %q", name, result, status, test.results)
		}
		if left := m.Show(t, name, "MainPID"); left != "0" {
			t.Errorf("%s: process %s is left", name, left)
		}
	}
}

// The template runs any profile of /etc/nslaunch.
func TestUnitTemplate(t *testing.T) {
	m := nstest.SystemdAlone(t)
	text, err := os.ReadFile("../../../units/nslaunch@.service")
	if err != nil {
		t.Fatal(err)
	}
	installed := strings.ReplaceAll(string(text), "/usr/local/bin/nslaunch", nstest.Nslaunch(t))
	m.WriteUnit(t, "nslaunch@.service", installed)
	dir := filepath.Join(m.Root(), "etc/nslaunch")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	nstest.Superuser(t).WriteFile(t, filepath.Join(dir, "a-b.toml"), "version = 1\nnamespaces = \"new\"\ncommand = [\"sleep\", \"1000\"]\n")
	m.Systemctl(t, "start", "nslaunch@a-b.service")
	if got := m.Show(t, "nslaunch@a-b.service", "ActiveState"); got != "active" {
		t.Error(got)
	}
	m.Systemctl(t, "stop", "nslaunch@a-b.service")
	// A start fails where the profile is missing or wrong. It would succeed without the check.
	nstest.Superuser(t).WriteFile(t, filepath.Join(dir, "wrong.toml"), "version = 1\nno_such_key = 1\n")
	m.WriteUnit(t, "unchecked@.service", strings.ReplaceAll(installed, "ExecStartPre=", "#"))
	for _, profile := range []string{"missing", "wrong"} {
		if starts(t, m, "nslaunch@"+profile+".service") {
			t.Errorf("%s: the start succeeds", profile)
		}
		if !starts(t, m, "unchecked@"+profile+".service") {
			t.Errorf("%s: the start fails without the check, too", profile)
		}
	}
}

// starts reports whether a unit starts.
func starts(t *testing.T, m *nstest.Machine, unit string) bool {
	t.Helper()
	return strings.TrimSpace(m.Run(t, "sh", "-c", "systemctl start "+unit+" >/dev/null 2>&1; echo $?")) == "0"
}

// A unit can be enabled though preset:service allows for sockets, which nobody made. A profile that itself asks for
// sockets names them: where there are none, that is said.
func TestUnitEnable(t *testing.T) {
	m := nstest.SystemdAlone(t)
	for name, text := range map[string]string{"preset": "", "own": "service.listen_fds = true\n"} {
		unit := name + ".service"
		path := install(t, m, unit, "extends = [\"preset:service\"]\ncommand = [\"sleep\", \"1000\"]\n"+text)
		said := m.Run(t, "sh", "-c", "systemctl enable "+unit+" 2>&1; echo status $?")
		if got := strings.Contains(said, "status 0") && !strings.Contains(said, ".socket"); got != (name == "preset") {
			t.Errorf("%s: %s", name, said)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if starts(t, m, unit) {
			t.Errorf("%s: it starts without its profile", name)
		}
	}
}

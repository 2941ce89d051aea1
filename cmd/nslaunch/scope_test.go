package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// manager is one of systemd's, and who asks it.
type manager struct {
	*nstest.Machine
	user  nstest.User
	env   []string
	scope string // where its scopes are by default: "/system.slice/"
	words string // what plans call it
}

// eachManager runs a test with the system's manager for root, and with a user's
// own for that user.
func eachManager(t *testing.T, test func(t *testing.T, m manager)) {
	before := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) { onMachine(t, test) })
	nstest.AssertNothingLeft(t, before)
}

func onMachine(t *testing.T, test func(t *testing.T, m manager)) {
	machine := nstest.Systemd(t)
	root, user := nstest.Superuser(t), nstest.Ordinary(t)
	env := machine.User(t, user)
	base := fmt.Sprintf("/user.slice/user-%d.slice/user@%[1]d.service/app.slice/", user.UID)
	for _, m := range []manager{
		{machine, root, nil, "/system.slice/", "the system manager at /run/systemd/private"},
		{machine, user, env, base, fmt.Sprintf("the user manager at /run/user/%d/systemd/private", user.UID)},
	} {
		t.Run(m.user.Name, func(t *testing.T) {
			test(t, m)
			m.noneLeft(t)
		})
	}
}

// profile is u's `nslaunch p.toml -- WORDS…` on the machine.
func (m manager) profile(t *testing.T, profile string, words ...string) *exec.Cmd {
	t.Helper()
	args := []string{"p.toml"}
	if len(words) > 0 {
		args = append(append(args, "--"), words...)
	}
	cmd := m.Command(t, m.user, m.env, nstest.Nslaunch(t), args...)
	m.user.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// systemctl asks the manager as its user.
func (m manager) systemctl(t *testing.T, args ...string) nstest.Result {
	t.Helper()
	if m.user.UID != 0 {
		args = append([]string{"--user"}, args...)
	}
	return nstest.Run(t, m.Command(t, m.user, m.env, "systemctl", args...))
}

func (m manager) show(t *testing.T, unit, property string) string {
	t.Helper()
	return strings.TrimSpace(m.systemctl(t, "show", "--value", "-p", property, unit).Stdout)
}

// parent is a process's parent by the machine's numbers.
func (m manager) parent(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("%s/proc/%d/stat", m.Root(), pid))
	if err != nil {
		t.Fatal(err)
	}
	ppid, err := strconv.Atoi(strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))[1])
	if err != nil {
		t.Fatal(err)
	}
	return ppid
}

// noneLeft waits until no scope of nslaunch is left.
func (m manager) noneLeft(t *testing.T) {
	t.Helper()
	left := func() string {
		return m.systemctl(t, "list-units", "--all", "--plain", "--no-legend", "nslaunch-*.scope", "fixed*.scope").Stdout
	}
	nstest.Eventually(t, func() bool { return left() == "" }, func() string { return "scopes are left: " + left() })
}

const inScope = "version = 1\nname = { base = \"web\", taken = \"number\" }\nnamespaces = { user = \"new\", mount = \"new\", pid = \"new\" }\nproc = \"new\"\n"

// The command is in its scope from its first instruction on, by a name of its own.
func TestScope(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		for _, c := range []struct{ name, profile, want string }{
			{"auto", inScope + "[scope]\nmode = \"auto\"\n", "0::" + m.scope + "nslaunch-web-"},
			{"required", inScope + "[scope]\nmode = \"required\"\nbus = \"auto\"\n", "0::" + m.scope + "nslaunch-web-"},
			{"a name", inScope + "[scope]\nmode = \"required\"\nunit = \"fixed.scope\"\n", "0::" + m.scope + "fixed.scope\n"},
			{"a slice", inScope + "[scope]\nmode = \"required\"\nslice = \"ci.slice\"\n", "/ci.slice/nslaunch-web-"},
			{"no init", strings.Replace(inScope, "pid = ", "ipc = ", 1) + "[scope]\nmode = \"required\"\n", "nslaunch-web-"},
			{"off", inScope, "0::/test\n"},
		} {
			profile := strings.Replace(c.profile, "proc = \"new\"\n", "proc = \"host\"\n", 1)
			if got := nstest.MustRun(t, m.profile(t, profile, "cat", "/proc/self/cgroup")); !strings.Contains(got, c.want) {
				t.Errorf("%s: got %q; want %q", c.name, got, c.want)
			}
		}
		// A cgroup namespace has the scope for its root.
		profile := strings.Replace(inScope, "pid =", "cgroup = \"new\", pid =", 1) + "[scope]\nmode = \"required\"\n"
		if got := nstest.MustRun(t, m.profile(t, profile, "cat", "/proc/self/cgroup")); !strings.HasSuffix(got, "0::/\n") {
			t.Errorf("cgroup namespace: got %q", got)
		}
		m.noneLeft(t)
	})
}

// running starts a sandbox of a profile with the fixed unit, and returns when its
// command runs.
func (m manager) running(t *testing.T, profile string, words ...string) *holder {
	t.Helper()
	return hold(t, m.profile(t, profile, words...))
}

const fixed = "[scope]\nmode = \"required\"\nunit = \"fixed.scope\"\n"

// What the profile says of the scope is what the manager has.
func TestScopeProperties(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		h := m.running(t, inScope+fixed+`description = "a web server"
delegate = true
[scope.properties]
CPUWeight = 50
MemoryHigh = "1G"
TasksMax = 77
RuntimeMaxSec = "1h"
KillMode = "mixed"
SendSIGHUP = true
DevicePolicy = "closed"
DeviceAllow = ["/dev/null rw"]
[process]
stop_signal = "INT"
stop_timeout = "7s"
`, "cat")
		h.notes = true // that the pids controller may be missing
		if h.unit != "fixed.scope" {
			t.Errorf("started in the unit %q", h.unit)
		}
		for property, want := range map[string]string{
			"ActiveState": "active", "SubState": "running", "Description": "a web server", "Delegate": "yes",
			"CollectMode": "inactive-or-failed", "CPUWeight": "50", "MemoryHigh": "1073741824", "TasksMax": "77",
			"RuntimeMaxUSec": "1h", "KillMode": "mixed", "SendSIGHUP": "yes", "DevicePolicy": "closed",
			"DeviceAllow": "/dev/null rw", "KillSignal": "2", "TimeoutStopUSec": "7s",
			"ControlGroup": m.scope + "fixed.scope",
		} {
			if got := m.show(t, "fixed.scope", property); got != want {
				t.Errorf("%s: got %q; want %q", property, got, want)
			}
		}
		if got := m.systemctl(t, "status", "fixed.scope").Stdout; !strings.Contains(got, "a web server") || !strings.Contains(got, "cat") {
			t.Errorf("systemctl status:\n%s", got)
		}
		h.release(t)
	})
}

// A unit of the name that is there already is an error at its place.
func TestScopeNameTaken(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		h := m.running(t, inScope+fixed, "cat")
		got := nstest.Run(t, m.profile(t, inScope+fixed, "true"))
		if got.Status != wantSetup || !strings.Contains(got.Stderr, "p.toml:7:1: scope.unit: step ") || !strings.Contains(got.Stderr, "org.freedesktop.systemd1.UnitExists") || !strings.Contains(got.Stderr, "\n  try: ") {
			t.Errorf("got status %d:\n%s", got.Status, got.Stderr)
		}
		h.release(t)
	})
}

// A limit that the kernel does not enforce is an error. The machine's cgroup2 has no memory
// controller where this runs first; where there is one, the limit holds.
func TestScopeLimits(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		got := nstest.Run(t, m.profile(t, inScope+"[limits]\nmemory = \"64M\"\n", "true"))
		switch got.Status {
		case wantOK:
		case wantSetup:
			for _, want := range []string{"p.toml:6:1: limits.memory: step ", "controller", "limits.optional = true"} {
				if !strings.Contains(got.Stderr, want) {
					t.Errorf("no %q in\n%s", want, got.Stderr)
				}
			}
		default:
			t.Errorf("got status %d:\n%s", got.Status, got.Stderr)
		}
		m.noneLeft(t)
		h := m.running(t, inScope+"[limits]\nmemory = \"64M\"\nswap = 0\ntasks = 30\ncpu = 1.5\noptional = true\n"+strings.Replace(fixed, "mode = \"required\"\n", "", 1), "cat")
		h.notes = true
		for property, want := range map[string]string{"MemoryMax": "67108864", "MemorySwapMax": "0", "TasksMax": "30", "CPUQuotaPerSecUSec": "1.500000s"} {
			if got := m.show(t, "fixed.scope", property); got != want {
				t.Errorf("%s: got %q; want %q", property, got, want)
			}
		}
		h.release(t)
	})
}

// A scope that is stopped ends its sandbox in order, with the status that tells how.
func TestScopeStopped(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		for _, c := range []struct {
			name, command string
			want          int
		}{
			{"by TERM", "echo ready; exec cat", 128 + 15},
			{"in its own way", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done", 7},
			{"by KILL", "trap '' TERM; echo ready; while :; do sleep 0.05; done", 128 + 9},
		} {
			cmd := m.profile(t, inScope+fixed+"[process]\nstop_timeout = \"500ms\"\n", "sh", "-c", c.command)
			stdin, ours := pipe(t)
			cmd.Stdin = stdin
			defer ours.Close()
			out, stdout := pipe(t)
			cmd.Stdout = stdout
			done := make(chan nstest.Result, 1)
			go func() { done <- nstest.Run(t, cmd) }()
			var word [6]byte
			if _, err := out.Read(word[:]); err != nil {
				t.Fatal(err)
			}
			if got := m.systemctl(t, "stop", "fixed.scope"); got.Status != 0 {
				t.Errorf("%s: systemctl stop: %s", c.name, got.Stderr)
			}
			if got := <-done; got.Status != c.want {
				t.Errorf("%s: status %d; want %d\n%s", c.name, got.Status, c.want, got.Stderr)
			}
			m.noneLeft(t)
		}
	})
}

// With nslaunch dies the sandbox, and with it the scope: by the kernel where there is a pid
// namespace, else by nslaunch-scope.
func TestScopeOfKilled(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		for _, profile := range []string{inScope, strings.Replace(inScope, "pid = ", "ipc = ", 1)} {
			profile = strings.Replace(profile, "proc = \"new\"\n", "proc = \"host\"\n", 1)
			h := m.running(t, profile+fixed, "sh", "-c", "setsid sleep 1000 & exec cat")
			launcher := m.parent(t, h.pid)
			if strings.Contains(profile, "pid = ") {
				launcher = m.parent(t, launcher)
			}
			m.Run(t, "kill", "-KILL", strconv.Itoa(launcher))
			<-h.result
			m.noneLeft(t)
		}
	})
}

// The end of the command ends what it left behind, also without a pid namespace.
func TestScopeEndsAll(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		profile := strings.Replace(inScope, "pid = \"new\"", "ipc = \"new\"", 1)
		profile = strings.Replace(profile, "proc = \"new\"\n", "", 1)
		nstest.MustRun(t, m.profile(t, profile+fixed, "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null &"))
		m.noneLeft(t)
	})
}

func TestManyScopes(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		profile := inScope + "[scope]\nmode = \"required\"\n"
		for range nstest.Rounds(100) {
			nstest.MustRun(t, m.profile(t, profile, "true"))
		}
		var all sync.WaitGroup
		for range 20 {
			cmd := m.profile(t, profile, "true")
			all.Go(func() {
				if got := nstest.Run(t, cmd); got.Status != 0 {
					t.Errorf("status %d:\n%s", got.Status, got.Stderr)
				}
			})
		}
		all.Wait()
	})
}

// Without a manager, auto runs and says so, and required does not run.
func TestScopeWithoutManager(t *testing.T) {
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.MustRun(t, outer.Command(t, nstest.Superuser(t), "mount", "-t", "tmpfs", "none", "/run"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		got := nstest.Run(t, outerCommand(t, outer, u, inScope+"[scope]\nmode = \"auto\"\n", "true"))
		if got.Status != 0 || !strings.HasPrefix(got.Stderr, "nslaunch: note: p.toml:6:1: scope.mode: no scope: no manager of systemd can be reached (") {
			t.Errorf("auto: status %d, %q", got.Status, got.Stderr)
		}
		got = nstest.Run(t, outerCommand(t, outer, u, inScope+"[scope]\nmode = \"required\"\n", "true"))
		if got.Status != wantSetup || !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:6:1: scope.mode: no manager of systemd can be reached: ") {
			t.Errorf("required: status %d, %q", got.Status, got.Stderr)
		}
	})
}

// A program that anybody could have put beside nslaunch is not run.
func TestScopeHelperOfOthers(t *testing.T) {
	root, user := nstest.Superuser(t), nstest.Ordinary(t)
	dir := root.TempDir(t)
	binary, err := os.ReadFile(nstest.Nslaunch(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nslaunch"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	helper := filepath.Join(dir, scopeHelper)
	for _, planted := range []struct {
		name string
		uid  int
		mode os.FileMode
		want string
	}{
		{"another's", user.UID, 0o755, " is not run: others than who may write to "},
		{"for all to write", 0, 0o777, " is not run: others than who may write to "},
		{"ours", 0, 0o755, "/run/systemd/private: "},
	} {
		if err := os.WriteFile(helper, []byte("#!/bin/sh\necho planted >&2\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chown(helper, planted.uid, 0), os.Chmod(helper, planted.mode)); err != nil {
			t.Fatal(err)
		}
		m := nstest.NewOuter(t, mountprop.Private)
		cmd := m.Command(t, root, filepath.Join(dir, "nslaunch"), "p.toml", "--", "true")
		root.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), inScope+"[scope]\nmode = \"auto\"\n")
		socket := filepath.Join(root.TempDir(t), "s")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		cmd.Env = append(cmd.Env, "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+socket)
		if planted.want == "/run/systemd/private: " {
			cmd.Env = append(cmd.Env, "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+socket+"-none")
		}
		if got := nstest.Run(t, cmd); !strings.Contains(got.Stderr, planted.want) || strings.Contains(got.Stderr, "planted") {
			t.Errorf("%s: status %d, %q; want %q", planted.name, got.Status, got.Stderr, planted.want)
		}
	}
}

// A stand-in for the memory.events that this machine's cgroup2 does not have tells of an
// OOM kill: the event and the words are seen here, the kernel's killing is not.
func TestOutOfMemory(t *testing.T) {
	eachManager(t, func(t *testing.T, m manager) {
		h := m.running(t, inScope+fixed, "cat")
		dir := m.Dir(t, m.user)
		m.user.WriteFile(t, filepath.Join(dir, "memory.events"), "low 0\noom 1\noom_kill 1\n")
		cgroup := "/sys/fs/cgroup" + m.scope + "fixed.scope"
		m.Run(t, "mount", "--bind", dir, cgroup)
		m.Run(t, "kill", "-KILL", strconv.Itoa(h.pid))
		got := <-h.result
		m.Run(t, "umount", cgroup)
		m.systemctl(t, "stop", "fixed.scope") // that it is empty the manager has not seen
		if got.Status != 128+9 || got.Stderr != "nslaunch: error: the kernel killed a process of the sandbox for want of memory\n" {
			t.Errorf("status %d, %q", got.Status, got.Stderr)
		}
		if event, err := h.events.ReadString('\n'); err != nil || !strings.Contains(event, `"oom_killed":true`) {
			t.Errorf("event %q, %v", event, err)
		}
	})
}

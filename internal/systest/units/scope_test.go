package units

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

const inScope = "version = 1\nname = { base = \"web\", taken = \"number\" }\nnamespaces = { user = \"new\", mount = \"new\", pid = \"new\" }\nproc = \"new\"\n"

// The command is in its scope from its first instruction on, by a name of its own.
func TestScope(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		for _, c := range []struct{ name, profile, want string }{
			{"auto", inScope + "[scope]\nmode = \"auto\"\n", "0::" + m.Scope + "nslaunch-web-"},
			{"required", inScope + "[scope]\nmode = \"required\"\nbus = \"auto\"\n", "0::" + m.Scope + "nslaunch-web-"},
			{"a name", inScope + "[scope]\nmode = \"required\"\nunit = \"fixed.scope\"\n", "0::" + m.Scope + "fixed.scope\n"},
			{"a slice", inScope + "[scope]\nmode = \"required\"\nslice = \"ci.slice\"\n", "/ci.slice/nslaunch-web-"},
			{"no init", strings.Replace(inScope, "pid = ", "ipc = ", 1) + "[scope]\nmode = \"required\"\n", "nslaunch-web-"},
			{"off", inScope, "0::/test\n"},
		} {
			profile := strings.Replace(c.profile, "proc = \"new\"\n", "proc = \"host\"\n", 1)
			if got := nstest.MustRun(t, m.Profile(t, profile, "cat", "/proc/self/cgroup")); !strings.Contains(got, c.want) {
				t.Errorf("%s: got %q; want %q", c.name, got, c.want)
			}
		}
		// A cgroup namespace has the scope for its root.
		profile := strings.Replace(inScope, "pid =", "cgroup = \"new\", pid =", 1) + "[scope]\nmode = \"required\"\n"
		if got := nstest.MustRun(t, m.Profile(t, profile, "cat", "/proc/self/cgroup")); !strings.HasSuffix(got, "0::/\n") {
			t.Errorf("cgroup namespace: got %q", got)
		}
		m.NoneLeft(t)
	})
}

const fixed = "[scope]\nmode = \"required\"\nunit = \"fixed.scope\"\n"

// What the profile says of the scope is what the manager has.
func TestScopeProperties(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		h := m.Running(t, inScope+fixed+`description = "a web server"
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
		h.Notes = true // that the pids controller may be missing
		if h.Unit != "fixed.scope" {
			t.Errorf("started in the unit %q", h.Unit)
		}
		for property, want := range map[string]string{
			"ActiveState": "active", "SubState": "running", "Description": "a web server", "Delegate": "yes",
			"CollectMode": "inactive-or-failed", "CPUWeight": "50", "MemoryHigh": "1073741824", "TasksMax": "77",
			"RuntimeMaxUSec": "1h", "KillMode": "mixed", "SendSIGHUP": "yes", "DevicePolicy": "closed",
			"DeviceAllow": "/dev/null rw", "KillSignal": "2", "TimeoutStopUSec": "7s",
			"ControlGroup": m.Scope + "fixed.scope",
		} {
			if got := m.Show(t, "fixed.scope", property); got != want {
				t.Errorf("%s: got %q; want %q", property, got, want)
			}
		}
		if got := m.Systemctl(t, "status", "fixed.scope").Stdout; !strings.Contains(got, "a web server") || !strings.Contains(got, "cat") {
			t.Errorf("systemctl status:\n%s", got)
		}
		h.Release(t)
	})
}

// A unit of the name that is there already is an error at its place.
func TestScopeNameTaken(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		h := m.Running(t, inScope+fixed, "cat")
		got := nstest.Run(t, m.Profile(t, inScope+fixed, "true"))
		if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "p.toml:7:1: scope.unit: step ") || !strings.Contains(got.Stderr, "org.freedesktop.systemd1.UnitExists") || !strings.Contains(got.Stderr, "\n  try: ") {
			t.Errorf("got status %d:\n%s", got.Status, got.Stderr)
		}
		h.Release(t)
	})
}

// A limit that the kernel does not enforce is an error. The machine's cgroup2 has no memory
// controller where this runs first; where there is one, the limit holds.
func TestScopeLimits(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		got := nstest.Run(t, m.Profile(t, inScope+"[limits]\nmemory = \"64M\"\n", "true"))
		switch got.Status {
		case systest.StatusOK:
		case systest.StatusSetup:
			for _, want := range []string{"p.toml:6:1: limits.memory: step ", "controller", "limits.optional = true"} {
				if !strings.Contains(got.Stderr, want) {
					t.Errorf("no %q in\n%s", want, got.Stderr)
				}
			}
		default:
			t.Errorf("got status %d:\n%s", got.Status, got.Stderr)
		}
		m.NoneLeft(t)
		h := m.Running(t, inScope+"[limits]\nmemory = \"64M\"\nswap = 0\ntasks = 30\ncpu = 1.5\noptional = true\n"+strings.Replace(fixed, "mode = \"required\"\n", "", 1), "cat")
		h.Notes = true
		for property, want := range map[string]string{"MemoryMax": "67108864", "MemorySwapMax": "0", "TasksMax": "30", "CPUQuotaPerSecUSec": "1.500000s"} {
			if got := m.Show(t, "fixed.scope", property); got != want {
				t.Errorf("%s: got %q; want %q", property, got, want)
			}
		}
		h.Release(t)
	})
}

// A scope that is stopped ends its sandbox in order, with the status that tells how.
func TestScopeStopped(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		for _, c := range []struct {
			name, command string
			want          int
		}{
			{"by TERM", "echo ready; exec cat", 128 + 15},
			{"in its own way", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done", 7},
			{"by KILL", "trap '' TERM; echo ready; while :; do sleep 0.05; done", 128 + 9},
		} {
			cmd := m.Profile(t, inScope+fixed+"[process]\nstop_timeout = \"500ms\"\n", "sh", "-c", c.command)
			stdin, ours := systest.Pipe(t)
			cmd.Stdin = stdin
			defer ours.Close()
			out, stdout := systest.Pipe(t)
			cmd.Stdout = stdout
			done := make(chan nstest.Result, 1)
			go func() { done <- nstest.Run(t, cmd) }()
			var word [6]byte
			if _, err := out.Read(word[:]); err != nil {
				t.Fatal(err)
			}
			if got := m.Systemctl(t, "stop", "fixed.scope"); got.Status != 0 {
				t.Errorf("%s: systemctl stop: %s", c.name, got.Stderr)
			}
			if got := <-done; got.Status != c.want {
				t.Errorf("%s: status %d; want %d\n%s", c.name, got.Status, c.want, got.Stderr)
			}
			m.NoneLeft(t)
		}
	})
}

// With nslaunch dies the sandbox, and with it the scope: by the kernel where there is a pid
// namespace, else by nslaunch-scope.
func TestScopeOfKilled(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		for _, profile := range []string{inScope, strings.Replace(inScope, "pid = ", "ipc = ", 1)} {
			profile = strings.Replace(profile, "proc = \"new\"\n", "proc = \"host\"\n", 1)
			h := m.Running(t, profile+fixed, "sh", "-c", "setsid sleep 1000 & exec cat")
			launcher := m.Parent(t, h.PID)
			if strings.Contains(profile, "pid = ") {
				launcher = m.Parent(t, launcher)
			}
			m.Run(t, "kill", "-KILL", strconv.Itoa(launcher))
			<-h.Result
			m.NoneLeft(t)
		}
	})
}

// The end of the command ends what it left behind, also without a pid namespace.
func TestScopeEndsAll(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		profile := strings.Replace(inScope, "pid = \"new\"", "ipc = \"new\"", 1)
		profile = strings.Replace(profile, "proc = \"new\"\n", "", 1)
		nstest.MustRun(t, m.Profile(t, profile+fixed, "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null &"))
		m.NoneLeft(t)
	})
}

func TestManyScopes(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		profile := inScope + "[scope]\nmode = \"required\"\n"
		for range nstest.Rounds(100) {
			nstest.MustRun(t, m.Profile(t, profile, "true"))
		}
		var all sync.WaitGroup
		for range 20 {
			cmd := m.Profile(t, profile, "true")
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
		got := nstest.Run(t, systest.OuterCommand(t, outer, u, inScope+"[scope]\nmode = \"auto\"\n", "true"))
		if got.Status != 0 || !strings.HasPrefix(got.Stderr, "nslaunch: note: p.toml:6:1: scope.mode: no scope: no systemd manager can be reached (") {
			t.Errorf("auto: status %d, %q", got.Status, got.Stderr)
		}
		got = nstest.Run(t, systest.OuterCommand(t, outer, u, inScope+"[scope]\nmode = \"required\"\n", "true"))
		if got.Status != systest.StatusSetup || !strings.HasPrefix(got.Stderr, "nslaunch: error: p.toml:6:1: scope.mode: no systemd manager can be reached: ") {
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
	helper := filepath.Join(dir, "nslaunch-scope")
	for _, planted := range []struct {
		name string
		uid  int
		mode os.FileMode
		want string
	}{
		{"another's", user.UID, 0o755, " is not run, because users who may not write to "},
		{"for all to write", 0, 0o777, " is not run, because users who may not write to "},
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
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		h := m.Running(t, inScope+fixed, "cat")
		dir := m.Dir(t, m.User)
		m.User.WriteFile(t, filepath.Join(dir, "memory.events"), "low 0\noom 1\noom_kill 1\n")
		cgroup := "/sys/fs/cgroup" + m.Scope + "fixed.scope"
		m.Run(t, "mount", "--bind", dir, cgroup)
		m.Run(t, "kill", "-KILL", strconv.Itoa(h.PID))
		got := <-h.Result
		m.Run(t, "umount", cgroup)
		m.Systemctl(t, "stop", "fixed.scope") // that it is empty the manager has not seen
		if got.Status != 128+9 || got.Stderr != "nslaunch: error: the kernel killed a process of the sandbox because memory ran out\n" {
			t.Errorf("status %d, %q", got.Status, got.Stderr)
		}
		if event, err := h.Events.ReadString('\n'); err != nil || !strings.Contains(event, `"oom_killed":true`) {
			t.Errorf("event %q, %v", event, err)
		}
	})
}

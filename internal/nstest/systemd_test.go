package nstest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/mountprop"
)

// onMachine runs subtests on a machine, and asserts that it leaves nothing.
func onMachine(t *testing.T, boot func(testing.TB) *Machine, test func(t *testing.T, m *Machine)) {
	t.Helper()
	Require(t, Root())
	CheckNothingLeft(t)
	t.Run("in", func(t *testing.T) { test(t, boot(t)) })
}

func TestSystemd(t *testing.T) {
	onMachine(t, Systemd, func(t *testing.T, m *Machine) {
		t.Run("boots", func(t *testing.T) {
			if got := m.Run(t, "systemctl", "is-system-running"); got != "running\n" {
				t.Errorf("the system is %s%s", got, m.Systemctl(t, "--failed"))
			}
			// Neither bus nor manager is the private socket here.
			m.Run(t, "busctl", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.DBus.Peer", "Ping")
			m.Run(t, "machinectl", "list")
			m.Run(t, "systemd-analyze", "verify", "dbus.service")
			if got := m.Run(t, "cat", "/sys/class/net/lo/operstate", "/proc/sys/kernel/random/boot_id"); !strings.HasPrefix(got, "unknown\n") {
				t.Errorf("the loopback device is %s", got)
			}
			if got := m.Run(t, "findmnt", "-no", "PROPAGATION", "/"); got != "shared\n" {
				t.Errorf("/ is %s", got)
			}
		})
		t.Run("unit", func(t *testing.T) { testRunUnit(t, m) })
		t.Run("scopes", func(t *testing.T) { testScopes(t, m) })
		t.Run("commands", func(t *testing.T) { testMachineCommands(t, m) })
		t.Run("bus", func(t *testing.T) {
			m.KillBus(t)
			m.Run(t, "busctl", "status")
			m.Await(t, "dbus.service", "ActiveState", "active")
		})
	})
}

func TestSystemdAlone(t *testing.T) {
	onMachine(t, SystemdAlone, func(t *testing.T, m *Machine) {
		got := m.Run(t, "systemd-run", "--quiet", "--scope", "--unit=one", "cat", "/proc/self/cgroup")
		if want := "0::/system.slice/one.scope\n"; !strings.HasSuffix(got, want) {
			t.Errorf("got %q; want %q at its end", got, want)
		}
		if _, err := os.Stat(m.Root() + "/run/dbus/system_bus_socket"); !os.IsNotExist(err) {
			t.Errorf("the system bus: %v; want none", err)
		}
		u := Ordinary(t)
		MustRun(t, m.Command(t, u, m.User(t, u), "systemctl", "--user", "is-system-running"))
	})
}

func testRunUnit(t *testing.T, m *Machine) {
	dir := m.Dir(t, Superuser(t))
	m.RunUnit(t, "some.service", "[Service]\nType=exec\nExecStart=sh -c 'env >"+dir+"/env; exec sleep infinity'\n")
	m.Await(t, "some.service", "ActiveState", "active")
	if got, want := m.Show(t, "some.service", "ControlGroup"), "/system.slice/some.service"; got != want {
		t.Errorf("cgroup %s; want %s", got, want)
	}
	pid := m.Show(t, "some.service", "MainPID")
	Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "env"))
		return err == nil && strings.Contains(string(text), "SYSTEMD_EXEC_PID="+pid+"\n")
	}, func() string { return "the service's environment" })
	m.Systemctl(t, "stop", "some.service")
	m.Await(t, "some.service", "ActiveState", "inactive")
}

// A scope of each manager, over its bus, as the ones who may ask for it.
func testScopes(t *testing.T, m *Machine) {
	EachUser(t, func(t *testing.T, u User) {
		env := m.User(t, u)
		run := func(args ...string) Result {
			return Run(t, m.Command(t, u, env, args[0], args[1:]...))
		}
		got := run("systemd-run", "--user", "--quiet", "--scope", "--unit=mine", "cat", "/proc/self/cgroup")
		want := fmt.Sprintf("0::/user.slice/user-%d.slice/user@%[1]d.service/app.slice/mine.scope\n", u.UID)
		if got.Status != 0 || !strings.HasSuffix(got.Stdout, want) {
			t.Errorf("%+v; want %q", got, want)
		}
		for _, socket := range []string{"bus", "systemd/private"} {
			path := fmt.Sprintf("%s/run/user/%d/%s", m.Root(), u.UID, socket)
			if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeSocket {
				t.Errorf("%s: %v, %v", path, info, err)
			}
		}
		// systemd-run would take root's private socket: busctl does not.
		const manager = "org.freedesktop.systemd1"
		got = run("sh", "-c", `exec busctl call `+manager+` /org/freedesktop/systemd1 `+manager+`.Manager `+
			`StartTransientUnit 'ssa(sv)a(sa(sv))' ours.scope fail 1 PIDs au 1 $$ 0`)
		if denied := strings.Contains(got.Stderr, "nteractive authentication required"); denied == u.IsRoot() || (got.Status == 0) != u.IsRoot() {
			t.Errorf("on the system bus: %+v", got)
		}
		m.KillUserBus(t, u, env)
		if got := run("busctl", "--user", "status"); got.Status != 0 {
			t.Errorf("the bus after its death: %+v", got)
		}
	})
}

func testMachineCommands(t *testing.T, m *Machine) {
	for _, test := range []struct {
		script string
		want   Result
	}{
		{"echo a; echo b >&2; exit 3", Result{"a\n", "b\n", 3, 0}},
		{"exit 143", Result{"", "", 143, 0}},
		{"kill -TERM $$", Result{"", "", 143, syscall.SIGTERM}},
		{"kill -KILL $$", Result{"", "", 137, syscall.SIGKILL}},
		{"kill -QUIT $$", Result{"", "", 131, syscall.SIGQUIT}},
		{"kill -SEGV $$", Result{"", "", 139, syscall.SIGSEGV}},
	} {
		if got := Run(t, m.Command(t, Superuser(t), nil, "sh", "-c", test.script)); got != test.want {
			t.Errorf("%s: %+v; want %+v", test.script, got, test.want)
		}
	}
	EachUser(t, func(t *testing.T, u User) {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		cmd := m.Command(t, u, []string{"A=b"}, "sh", "-c", "id -u; id -G; pwd; echo $HOME $A; tail -n 1 /proc/self/cgroup; echo 3 >&3; "+Probe(t))
		cmd.ExtraFiles = []*os.File{write}
		got, report, _ := strings.Cut(MustRun(t, cmd), "{")
		_ = write.Close()
		want := fmt.Sprintf("%d\n%d\n%s\n%s b\n0::/test\n", u.UID, u.GID, cmd.Dir, u.Home)
		if !u.IsRoot() && got != want {
			t.Errorf("got %q; want %q", got, want)
		}
		if text, err := io.ReadAll(read); err != nil || string(text) != "3\n" {
			t.Errorf("descriptor 3: %q, %v", text, err)
		}
		r := ParseReport(t, "{"+report)
		if n := len(r.Descriptors); n != 4 {
			t.Errorf("descriptors: %v", r.Descriptors)
		}
		if root, ok := mountprop.At(r.Mounts, "/"); !ok || root.FSType != "overlay" {
			t.Errorf("root: %+v", root)
		}
		for kind, inode := range r.Namespaces {
			outside, err := os.Readlink("/proc/self/ns/" + kind)
			if err != nil {
				t.Fatal(err)
			}
			same := outside == fmt.Sprintf("%s:[%d]", strings.TrimSuffix(kind, "_for_children"), inode)
			if want := strings.HasPrefix(kind, "time") || kind == "user"; same != want {
				t.Errorf("the namespace %s is this machine's: %v; want %v", kind, same, want)
			}
		}
	})
	t.Run("signals", func(t *testing.T) { testMachineSignals(t, m) })
}

// A command is sent what its wrapper is, and does not outlive it.
func testMachineSignals(t *testing.T, m *Machine) {
	for signal, want := range map[syscall.Signal]Result{
		syscall.SIGTERM: {"ready\nterm\n", "", 5, 0},
		syscall.SIGKILL: {"ready\n", "", 137, syscall.SIGKILL},
	} {
		EachUser(t, func(t *testing.T, u User) {
			file := filepath.Join(m.Dir(t, u), "pid")
			cmd := m.Command(t, u, nil, "sh", "-c", `trap "echo term; exit 5" TERM; echo ready; echo $$ >`+file+`; while :; do sleep .01; done`)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			Eventually(t, func() bool {
				text, err := os.ReadFile(file)
				return err == nil && len(text) > 0
			}, func() string { return "the command does not run" })
			_ = cmd.Process.Signal(signal)
			if got := finish(t, cmd, func() (string, string) { return stdout.String(), stderr.String() }); got != want {
				t.Errorf("%v: %+v; want %+v", signal, got, want)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// Dead, and so in no cgroup's list, even if not yet reaped.
			Eventually(t, func() bool {
				procs := m.Run(t, "cat", "/sys/fs/cgroup/test/cgroup.procs")
				return !slices.Contains(strings.Fields(procs), strings.TrimSpace(string(text)))
			}, func() string { return "the command lives" })
		})
	}
}

// A killed test leaves no machine.
func TestSystemdOfKilledTest(t *testing.T) {
	if Inside(t) {
		m := Systemd(t)
		m.User(t, Ordinary(t))
		_ = m.Command(t, Superuser(t), nil, "sleep", "infinity").Start()
		fmt.Println("booted")
		select {}
	}
	CheckNothingLeft(t)
	Require(t, Root(), SystemdInstalled(), Cgroup2(), Users())
	cmd := Again(t, Superuser(t))
	// It builds its own probe.
	cmd.Dir, cmd.Env = "", append(cmd.Env, "PATH="+os.Getenv("PATH"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	var text strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "booted" {
		text.WriteString(lines.Text() + "\n")
	}
	if lines.Text() != "booted" {
		t.Errorf("not booted: %v\n%s", lines.Err(), &text)
	}
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
}

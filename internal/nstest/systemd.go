package nstest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Machine is a systemd with namespaces of its own, all but user and time, as
// if it were a machine's. Its files are this machine's at the time it
// was made, and what is written there is in memory and its own: /, /etc, /var. Of
// its own from the start are /run, /tmp, /var/tmp, /dev, and /etc/systemd/system and
// user, so that only what packages enable is started. Shared with this machine, by
// the same path, are Nslaunch, Probe and every TempDir; not Go's t.TempDir.
//
// Its /sys/fs/cgroup is a cgroup2 whose root is a cgroup of its own.
type Machine struct{ pid int }

// Systemd boots a machine to basic.target, with the system bus. It lasts until
// the test ends, or this process does. Take a Snapshot before, and assert that
// nothing is left after a subtest that has it.
func Systemd(t testing.TB) *Machine {
	t.Helper()
	return newMachine(t, "basic.target")
}

// SystemdAlone is Systemd without a bus, a journal or any other unit running, which
// takes a fourth of the time: systemctl and others reach it as root. A unit with
// default dependencies brings the rest.
func SystemdAlone(t testing.TB) *Machine {
	t.Helper()
	return newMachine(t, "bare.target")
}

func newMachine(t testing.TB, target string) *Machine {
	t.Helper()
	Require(t, Root(), SystemdInstalled(), Cgroup2(), FileSystem("overlay"))
	probe, dir := Probe(t), TempDir(t)
	b, err := base()
	if err != nil {
		t.Fatal(err)
	}
	closeInherited()
	cmd := exec.Command(probe, "-systemd", dir, b.path, target)
	cmd.Stderr = os.Stderr
	// What interrupts the tests must not end it before it has cleaned up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// The end of its input is the end of the machine, if this process dies.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &Machine{}
	t.Cleanup(func() {
		if t.Failed() && m.pid != 0 {
			t.Logf("journal of the machine:\n%s", m.journal(probe))
		}
		_ = stdin.Close()
		if err := waitForMachine(cmd); err != nil {
			t.Errorf("machine: %v", err)
		}
	})
	hung := time.AfterFunc(limit, func() { _ = stdin.Close() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !hung.Stop() {
		t.Fatalf("machine: not booted after %v", limit)
	}
	if err != nil {
		t.Fatalf("machine: %v", err)
	}
	if _, err := fmt.Sscanf(line, "ready %d", &m.pid); err != nil {
		t.Fatalf("machine: %q: %v", line, err)
	}
	return m
}

// waitForMachine reaps meanwhile: a command whose wrapper was killed is dead, but
// has become our child, and the first process of its pid namespace waits for all
// to be gone.
func waitForMachine(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(50 * time.Millisecond):
			_, _ = descendants()
		}
	}
}

// journal is what the machine has to say when a test has failed.
func (m *Machine) journal(probe string) []byte {
	cmd := exec.Command(probe, "-inside", strconv.Itoa(m.pid), "0", "0",
		"journalctl", "--no-pager", "--quiet", "--lines=60", "--output=short-monotonic")
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	hung := time.AfterFunc(limit/6, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	text, err := cmd.CombinedOutput()
	if err != nil {
		text = fmt.Appendf(text, "journalctl: %v\n", err)
	}
	return bytes.TrimSpace(text)
}

// PID is that of the machine's first process, seen from here.
func (m *Machine) PID() int { return m.pid }

// Root is the machine's / seen from here. Its absolute symbolic links lead into
// this machine.
func (m *Machine) Root() string { return fmt.Sprintf("/proc/%d/root", m.pid) }

// Command is u.Command inside m, with further variables in its environment: what
// it starts is a process of u in a session of its own and in m's cgroup /test,
// which is no unit's. It ends as its command does, of a signal too, and passes signals
// and descriptors on, but its pid is that of a wrapper outside, without which
// the command dies.
func (m *Machine) Command(t testing.TB, u User, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	inside := append([]string{"-inside", strconv.Itoa(m.pid), strconv.Itoa(u.UID), strconv.Itoa(u.GID), name}, args...)
	cmd := u.Command(t, Probe(t), inside...)
	cmd.SysProcAttr.Credential = nil
	cmd.Env = slices.Concat(cmd.Env, env)
	return cmd
}

// Run runs a command of root's to its end, which must be a success, and returns its output.
func (m *Machine) Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	return MustRun(t, m.Command(t, Superuser(t), nil, name, args...))
}

// Dir is a TempDir that u owns: it has the same path inside and outside, as all have.
func (m *Machine) Dir(t testing.TB, u User) string {
	t.Helper()
	return u.TempDir(t)
}

// Systemctl runs systemctl(1) as root; it must succeed.
func (m *Machine) Systemctl(t testing.TB, args ...string) string {
	t.Helper()
	return m.Run(t, "systemctl", args...)
}

// Show returns a property of a unit in the form of systemctl show, without the line's end.
func (m *Machine) Show(t testing.TB, unit, property string) string {
	t.Helper()
	return strings.TrimSuffix(m.Systemctl(t, "show", "--value", "--property="+property, "--", unit), "\n")
}

// Await waits until a property of a unit has a value.
func (m *Machine) Await(t testing.TB, unit, property, want string) {
	t.Helper()
	var got string
	Eventually(t, func() bool {
		got = m.Show(t, unit, property)
		return got == want
	}, func() string { return fmt.Sprintf("%s of %s is %q; want %q", property, unit, got, want) })
}

// Eventually waits until something is so. If that takes too long it fails the
// test with words, asked for then.
func Eventually(t testing.TB, so func() bool, words func() string) {
	t.Helper()
	for deadline := time.Now().Add(limit / 2); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting: %s", words())
		}
	}
}

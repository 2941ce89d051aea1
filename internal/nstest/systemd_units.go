package nstest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// WriteUnit writes a unit of the system and has systemd read it.
func (m *Machine) WriteUnit(t testing.TB, name, text string) {
	t.Helper()
	m.writeUnit(t, "system", name, text)
	m.Systemctl(t, "daemon-reload")
}

// RunUnit is WriteUnit, and starts the unit, in which it must succeed: as far as
// its Type says that it has started.
func (m *Machine) RunUnit(t testing.TB, name, text string) {
	t.Helper()
	m.WriteUnit(t, name, text)
	m.Systemctl(t, "start", "--", name)
}

// WriteUserUnit writes a unit for the managers of users. Those that run read it at
// their daemon-reload.
func (m *Machine) WriteUserUnit(t testing.TB, name, text string) {
	t.Helper()
	m.writeUnit(t, "user", name, text)
}

func (m *Machine) writeUnit(t testing.TB, kind, name, text string) {
	t.Helper()
	dir := filepath.Join(m.Root(), "run/systemd", kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	Superuser(t).WriteFile(t, filepath.Join(dir, name), text)
}

// User starts a manager of u's own, systemd --user, with its bus, and returns what
// u's commands need to find both.
func (m *Machine) User(t testing.TB, u User) []string {
	t.Helper()
	// user-runtime-dir@.service fails without the system bus.
	m.Systemctl(t, "start", "dbus.socket")
	m.Systemctl(t, "start", "user@"+strconv.Itoa(u.UID))
	dir := fmt.Sprintf("/run/user/%d", u.UID)
	return []string{"XDG_RUNTIME_DIR=" + dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=" + dir + "/bus"}
}

// KillBus kills the daemon of the system bus. Its socket stays, and who connects
// next has systemd start another one: stop dbus.socket first to prevent that.
func (m *Machine) KillBus(t testing.TB) {
	t.Helper()
	m.Systemctl(t, "start", "dbus.service")
	pid := m.Show(t, "dbus.service", "MainPID")
	m.Systemctl(t, "kill", "--kill-who=main", "--signal=KILL", "dbus.service")
	Eventually(t, func() bool { return m.Show(t, "dbus.service", "MainPID") != pid },
		func() string { return "the bus lives" })
}

// KillUserBus does the same to the bus of u's manager. env is what User returned.
func (m *Machine) KillUserBus(t testing.TB, u User, env []string) {
	t.Helper()
	systemctl := func(args ...string) string {
		return MustRun(t, m.Command(t, u, env, "systemctl", append([]string{"--user"}, args...)...))
	}
	const show = "--property=MainPID"
	systemctl("start", "dbus.service")
	pid := systemctl("show", show, "dbus.service")
	systemctl("kill", "--kill-who=main", "--signal=KILL", "dbus.service")
	Eventually(t, func() bool { return systemctl("show", show, "dbus.service") != pid },
		func() string { return "the bus lives" })
}

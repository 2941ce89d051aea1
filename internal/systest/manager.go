package systest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Manager is one of systemd's, and who asks it.
type Manager struct {
	*nstest.Machine
	User  nstest.User
	Env   []string
	Scope string // where its scopes are by default: "/system.slice/"
	words string // what plans call it
}

// EachManager runs a test with the system's manager for root, and with a user's
// own for that user.
func EachManager(t *testing.T, test func(t *testing.T, m Manager)) {
	before := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) { onMachine(t, test) })
	nstest.AssertNothingLeft(t, before)
}

func onMachine(t *testing.T, test func(t *testing.T, m Manager)) {
	machine := nstest.Systemd(t)
	root, user := nstest.Superuser(t), nstest.Ordinary(t)
	env := machine.User(t, user)
	base := fmt.Sprintf("/user.slice/user-%d.slice/user@%[1]d.service/app.slice/", user.UID)
	for _, m := range []Manager{
		{machine, root, nil, "/system.slice/", "the system manager at /run/systemd/private"},
		{machine, user, env, base, fmt.Sprintf("the user manager at /run/user/%d/systemd/private", user.UID)},
	} {
		t.Run(m.User.Name, func(t *testing.T) {
			test(t, m)
			m.NoneLeft(t)
		})
	}
}

// Profile is u's `nslaunch p.toml -- WORDS…` on the machine.
func (m Manager) Profile(t *testing.T, profile string, words ...string) *exec.Cmd {
	t.Helper()
	args := []string{"p.toml"}
	if len(words) > 0 {
		args = append(append(args, "--"), words...)
	}
	cmd := m.Command(t, m.User, m.Env, nstest.Nslaunch(t), args...)
	m.User.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
	return cmd
}

// Systemctl asks the manager as its user.
func (m Manager) Systemctl(t *testing.T, args ...string) nstest.Result {
	t.Helper()
	if m.User.UID != 0 {
		args = append([]string{"--user"}, args...)
	}
	return nstest.Run(t, m.Command(t, m.User, m.Env, "systemctl", args...))
}

// Show returns a property of a unit.
func (m Manager) Show(t *testing.T, unit, property string) string {
	t.Helper()
	return strings.TrimSpace(m.Systemctl(t, "show", "--value", "-p", property, unit).Stdout)
}

// Parent is a process's parent by the machine's numbers.
func (m Manager) Parent(t *testing.T, pid int) int {
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

// NoneLeft waits until no scope of nslaunch is left.
func (m Manager) NoneLeft(t *testing.T) {
	t.Helper()
	left := func() string {
		return m.Systemctl(t, "list-units", "--all", "--plain", "--no-legend", "nslaunch-*.scope", "fixed*.scope").Stdout
	}
	nstest.Eventually(t, func() bool { return left() == "" }, func() string { return "scopes are left: " + left() })
}

// Running starts a sandbox of a profile with the fixed unit, and returns when its
// command runs.
func (m Manager) Running(t *testing.T, profile string, words ...string) *Holder {
	t.Helper()
	return Hold(t, m.Profile(t, profile, words...))
}

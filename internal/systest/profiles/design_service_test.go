package profiles

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// webd is a stand-in that tells the manager how it was started, as soon as it has written
// where it may, and nowhere else.
const webd = `#!/bin/sh
set -e
! touch /usr/written 2>/dev/null
: >/var/lib/webd/written
systemd-notify --ready --status="$*: uid $(id -u), process $$"
exec sleep infinity
`

// The service of the design, as it stands, is a real one of systemd. Its limit is the unit's,
// and where the kernel does not enforce it, only a copy that may do without it starts.
func TestDesignService(t *testing.T) {
	left := nstest.Snapshot(t)
	t.Run("machine", func(t *testing.T) {
		nstest.Require(t, nstest.Tools("systemd-notify"))
		m, root := nstest.Systemd(t), nstest.Superuser(t)
		root.WriteFile(t, m.Root()+"/usr/sbin/webd", webd)
		m.Run(t, "chmod", "755", "/usr/sbin/webd")
		m.Run(t, "install", "-d", "-o", "990", "-g", "990", "/var/lib/webd")
		text, err := designProfiles.ReadFile("testdata/profiles/04-service.toml")
		if err != nil {
			t.Fatal(err)
		}
		dir := root.TempDir(t)
		start := func(name, text string) nstest.Result {
			path := root.WriteFile(t, filepath.Join(dir, name+".toml"), text)
			m.WriteUnit(t, name+".service", m.Run(t, nstest.Nslaunch(t), "unit", path))
			return nstest.Run(t, m.Command(t, root, nil, "systemctl", "start", name+".service"))
		}
		controllers, err := os.ReadFile(m.Root() + "/sys/fs/cgroup/cgroup.controllers")
		if err != nil {
			t.Fatal(err)
		}
		unit := "web.service"
		if got := start("web", string(text)); !strings.Contains(string(controllers), "memory") {
			limitRefused(t, m, unit, got)
			unit = "weaker.service"
			got = start("weaker", string(text)+"optional = true\n")
			if want := dir + "/weaker.toml:23:1: limits.memory: MemoryMax=512M cannot be enforced: the memory controller is not available"; !strings.Contains(journalOf(t, m, unit), want) {
				t.Errorf("no %q in\n%s", want, journalOf(t, m, unit))
			}
			if got.Status != 0 {
				t.Fatalf("%+v", got)
			}
		}
		for property, want := range map[string]string{"ActiveState": "active", "SubState": "running", "Type": "notify", "MemoryMax": "536870912",
			"StatusText": "--foreground: uid 990, process 2"} {
			if got := m.Show(t, unit, property); got != want {
				t.Errorf("%s is %q; want %q", property, got, want)
			}
		}
		if got := m.Run(t, "stat", "-c", "%u:%g", "/var/lib/webd/written"); got != "990:990\n" {
			t.Errorf("its file is of %s", got)
		}
		m.Systemctl(t, "stop", unit)
		if got := m.Show(t, unit, "Result"); got != "success" {
			t.Errorf("stopped: %s", got)
		}
	})
	nstest.AssertNothingLeft(t, left)
}

// limitRefused asserts that a service did not start, and what it said of that.
func limitRefused(t *testing.T, m *nstest.Machine, unit string, start nstest.Result) {
	t.Helper()
	if got := m.Show(t, unit, "ExecMainStatus"); got != "125" || start.Status != 1 {
		t.Errorf("status %s, %+v; want 125", got, start)
	}
	said := regexp.MustCompile(`(?m)^nslaunch: error: /\S+/web\.toml:23:1: limits\.memory: step \d+, stay in the service web\.service, whose limits must be at least as tight, with MemoryMax=512M: MemoryMax=512M cannot be enforced\n` +
		`  the memory controller is not available in .*\n  try: limits\.optional = true, if the sandbox may run without the limit$`)
	if got := journalOf(t, m, unit); !said.MatchString(got) {
		t.Errorf("no %s in\n%s", said, got)
	}
}

// journalOf is what the unit's processes and the manager said.
func journalOf(t *testing.T, m *nstest.Machine, unit string) string {
	t.Helper()
	m.Run(t, "journalctl", "--sync")
	return m.Run(t, "journalctl", "--no-pager", "--output=cat", "--unit="+unit)
}

// Package units tests nslaunch with systemd: units of services, scopes, sockets and notifications.
package units

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// unitOf prints the unit of a profile with the real binary.
func unitOf(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(nstest.Nslaunch(t), append([]string{"unit"}, args...)...)
	cmd.Env = []string{"HOME=/root"}
	r := nstest.Run(t, cmd)
	if r.Status != 0 {
		t.Fatalf("unit %q: status %d\n%s", args, r.Status, r.Stderr)
	}
	return r.Stdout
}

// verify returns what systemd has to say of a unit file, of which nothing runs.
func verify(t *testing.T, name, text string, user bool) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("systemd-analyze"))
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", file}
	if user {
		args = []string{"--user", "verify", file}
	}
	cmd := exec.Command("systemd-analyze", args...)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	r := nstest.Run(t, cmd)
	if said := r.Stdout + r.Stderr; said != "" || r.Status == 0 {
		return said
	}
	return "status without a word"
}

// systemd has nothing to say of what is printed, nor of the template that is installed.
func TestUnitVerified(t *testing.T) {
	profiles, err := filepath.Glob("../../../units/unitfile/testdata/*.toml")
	if err != nil || len(profiles) < 6 {
		t.Fatal(profiles, err)
	}
	for _, profile := range profiles {
		name := strings.TrimSuffix(filepath.Base(profile), ".toml")
		t.Run(name, func(t *testing.T) {
			text := unitOf(t, profile)
			if said := verify(t, name+".service", text, false); said != "" {
				t.Errorf("%s\nof\n%s", said, text)
			}
			text = unitOf(t, "--user", "--setenv", "A=b c%$x", profile)
			if said := verify(t, name+".service", text, true); said != "" {
				t.Errorf("--user: %s\nof\n%s", said, text)
			}
		})
	}
	t.Run("template", func(t *testing.T) {
		text, err := os.ReadFile("../../../units/nslaunch@.service")
		if err != nil {
			t.Fatal(err)
		}
		installed := strings.ReplaceAll(string(text), "/usr/local/bin/nslaunch", nstest.Nslaunch(t))
		if said := verify(t, "nslaunch@.service", installed, false); said != "" {
			t.Error(said)
		}
		if installed == string(text) {
			t.Error("make install finds no /usr/local/bin/ to replace")
		}
	})
	// What is wrong is found: it would be told.
	t.Run("control", func(t *testing.T) {
		text := unitOf(t, profiles[0])
		for _, bad := range []string{"NoNewPriviledges=yes", "MemoryMax=lots", "SystemCallFilter=~@nothing", "DeviceAllow=no/path rw"} {
			broken := strings.Replace(text, "[Service]\n", "[Service]\n"+bad+"\n", 1)
			if said := verify(t, "broken.service", broken, false); said == "" {
				t.Errorf("nothing is said of %s", bad)
			}
		}
	})
}

// The program that is started for every sandbox does not have what speaks D-Bus. The one that
// is started where it is needed has.
func TestNoDBus(t *testing.T) {
	for program, want := range map[string]bool{"nslaunch": false, "nslaunch-scope": true} {
		cmd := exec.Command("go", "list", "-deps", "../../../cmd/"+program)
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", program, err, output)
		}
		deps := strings.Fields(string(output))
		for _, path := range []string{"github.com/godbus/dbus/v5", "github.com/coreos/go-systemd/v22/dbus"} {
			if got := slices.Contains(deps, path); got != want {
				t.Errorf("%s depends on %s: %v; want %v", program, path, got, want)
			}
		}
	}
}

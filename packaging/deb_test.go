package packaging

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The package is installed into a Debian system of its own, runs there, and leaves nothing when it is removed.
func TestDeb(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("make", "dpkg-deb", "dpkg", "tar"), nstest.File(systest.DebianArchive))
	bin := t.TempDir()
	run(t, "make", "-C", "..", "deb", "BIN="+bin)
	deb := find(t, bin, "nslaunch_*_"+runtime.GOARCH+".deb")

	root := t.TempDir()
	run(t, "tar", "--directory="+root, "--extract", "--file="+systest.DebianArchive)
	dpkg := func(args ...string) string {
		t.Helper()
		return run(t, "dpkg", append([]string{"--root=" + root, "--log=/dev/null"}, args...)...)
	}
	before := system(t, root)
	profile := filepath.Join(root, "etc/apparmor.d/nslaunch")
	log := filepath.Join(root, "parser.log")

	dpkg("--install", deb)
	usr := filepath.Join(root, "usr")
	expect(t, usr, installed("vendor-completions")...)
	expect(t, usr, "share/man/man1/nslaunch.1.gz", "share/man/man5/nslaunch.toml.5.gz", "share/doc/nslaunch/copyright", "share/doc/nslaunch/changelog.gz")
	if got := dpkg("--verify", "nslaunch"); got != "" {
		t.Errorf("dpkg --verify: %s", got)
	}
	if got := run(t, "chroot", root, "/usr/bin/nslaunch", "version"); !strings.HasPrefix(got, "nslaunch ") {
		t.Errorf("version: %q", got)
	}
	if unit, err := os.ReadFile(filepath.Join(usr, "lib/systemd/system/nslaunch@.service")); err != nil || !strings.Contains(string(unit), "ExecStart=/usr/bin/nslaunch ") {
		t.Errorf("the unit does not start /usr/bin/nslaunch: %v\n%s", err, unit)
	}
	page := run(t, "man", "-l", filepath.Join(usr, "share/man/man5/nslaunch.toml.5.gz"))
	if !strings.Contains(page, "NSLAUNCH.TOML(5)") {
		t.Errorf("man: %.200q", page)
	}
	if _, err := os.Lstat(profile); !os.IsNotExist(err) {
		t.Errorf("the AppArmor profile is installed where AppArmor does not understand it: %v", err)
	}
	dpkg("--purge", "nslaunch")
	if after := system(t, root); !slices.Equal(before, after) {
		t.Errorf("the purged package leaves %q", added(before, after))
	}

	// AppArmor 3 comes, then 4, which understands the profile.
	dpkg("--install", deb)
	dpkg("--install", appArmor(t, "3.0"))
	if _, err := os.Lstat(profile); !os.IsNotExist(err) {
		t.Errorf("AppArmor 3 gets the profile: %v", err)
	}
	before = append(system(t, root), "/etc/apparmor.d/abi/4.0", "/etc/apparmor.d/nslaunch", "/parser.log")
	slices.Sort(before)
	dpkg("--install", appArmor(t, "4.0"))
	if text, err := os.ReadFile(profile); err != nil || !strings.Contains(string(text), "\nprofile nslaunch /usr/bin/nslaunch ") {
		t.Errorf("AppArmor 4 gets no profile: %v\n%s", err, text)
	}
	wantLog := func(when, want string) {
		t.Helper()
		text, err := os.ReadFile(log)
		if err == nil {
			err = os.Remove(log)
		}
		if err != nil && want != "" || string(text) != want {
			t.Errorf("%s: apparmor_parser was called with %q, want %q (%v)", when, text, want, err)
		}
	}
	const load, unload = "--replace --write-cache /etc/apparmor.d/nslaunch\n", "--remove /etc/apparmor.d/nslaunch\n"
	wantLog("AppArmor 4 comes", load)
	dpkg("--install", deb)
	expect(t, root, "etc/apparmor.d/nslaunch")
	wantLog("upgrade", load)

	// An older version's profile is replaced, and at no time missing.
	old := "# of the version before\n"
	for _, file := range []string{profile, filepath.Join(usr, "share/nslaunch/apparmor")} {
		if err := os.WriteFile(file, []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "chroot", root, "/var/lib/dpkg/info/nslaunch.prerm", "upgrade", "99")
	if text, err := os.ReadFile(profile); err != nil || string(text) != old {
		t.Errorf("during an upgrade, the profile is %q, %v", text, err)
	}
	dpkg("--install", deb)
	if text, err := os.ReadFile(profile); err != nil || !strings.Contains(string(text), "\nprofile nslaunch /usr/bin/nslaunch ") {
		t.Errorf("after an upgrade, the profile is %q, %v", text, err)
	}
	wantLog("an upgrade from an older profile", load)
	if _, err := os.Lstat(filepath.Join(usr, "share/nslaunch/apparmor.unchanged")); !os.IsNotExist(err) {
		t.Errorf("the mark stays: %v", err)
	}

	// A machine whose kernel has AppArmor disabled.
	off := filepath.Join(root, "etc/apparmor-is-off")
	if err := os.WriteFile(off, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", deb)
	wantLog("AppArmor is off", "")
	if err := os.Remove(off); err != nil {
		t.Fatal(err)
	}

	// What the administrator changed stays.
	mine := "# mine\n"
	if err := os.WriteFile(profile, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", deb)
	wantLog("an upgrade over a changed file", load)
	dpkg("--remove", "nslaunch")
	wantLog("removal beside a changed file", "")
	if text, err := os.ReadFile(profile); err != nil || string(text) != mine {
		t.Errorf("a changed file became %q, %v", text, err)
	}
	if err := os.Remove(profile); err != nil {
		t.Fatal(err)
	}

	dpkg("--install", deb)
	wantLog("installation beside AppArmor 4", load)
	dpkg("--remove", "nslaunch")
	wantLog("removal", unload)
	var left []string
	for _, file := range added(nil, system(t, root)) {
		if strings.Contains(file, "nslaunch") {
			left = append(left, file)
		}
	}
	if left != nil {
		t.Errorf("the removed package leaves %q", left)
	}
}

// system lists the files of a system, without what dpkg itself keeps.
func system(t *testing.T, root string) []string {
	t.Helper()
	list := files(t, root)
	return slices.DeleteFunc(list, func(file string) bool { return strings.HasPrefix(file, "/var/lib/dpkg/") })
}

// added are the elements of after that before does not have.
func added(before, after []string) []string {
	return slices.DeleteFunc(slices.Clone(after), func(file string) bool { return slices.Contains(before, file) })
}

// appArmor makes a package in the place of apparmor, of a version, whose parser writes down how it is called.
func appArmor(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"DEBIAN/control":                "Package: apparmor\nVersion: " + version + "\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
		"etc/apparmor.d/abi/" + version: "# x\n",
		"usr/bin/aa-enabled":            "#!/bin/sh\n[ ! -e /etc/apparmor-is-off ]\n",
		"usr/sbin/apparmor_parser":      "#!/bin/sh\necho \"$*\" >>/parser.log\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(t.TempDir(), "apparmor.deb")
	run(t, "dpkg-deb", "--root-owner-group", "--build", dir, deb)
	return deb
}

// Package packaging makes packages for distributions out of "make install".
package packaging

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// installed are the files that a user or a system looks for, by their places.
func installed(zsh string) []string {
	return []string{
		"bin/nslaunch", "bin/nslaunch-scope", "lib/systemd/system/nslaunch@.service",
		"share/bash-completion/completions/nslaunch", "share/zsh/" + zsh + "/_nslaunch",
		"share/fish/vendor_completions.d/nslaunch.fish", "share/nslaunch/nslaunch.schema.json",
		"share/doc/nslaunch/profile.md", "share/doc/nslaunch/examples/hello.toml",
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GOFLAGS=-buildvcs=false", "SOURCE_DATE_EPOCH=1700000000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// expect checks that files are there, below dir, and not empty.
func expect(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// The package can be installed into a root of its own, runs there, and leaves nothing when it is
// removed. The same sources give the same package.
func TestDeb(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("make", "dpkg-deb", "dpkg", "git"))
	var packages [2][]byte
	var deb string
	for i := range packages {
		out := t.TempDir()
		run(t, "./deb.sh", "make", out)
		found, err := filepath.Glob(filepath.Join(out, "nslaunch_*.deb"))
		if err != nil || len(found) != 1 {
			t.Fatalf("packages: %v, %v", found, err)
		}
		deb = found[0]
		if packages[i], err = os.ReadFile(deb); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("the same sources give two different packages")
	}

	root := t.TempDir()
	for _, dir := range []string{"info", "updates"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg := []string{"--root=" + root, "--force-not-root", "--log=/dev/null"}
	run(t, "dpkg", append(dpkg, "--install", deb)...)
	usr := filepath.Join(root, "usr")
	expect(t, usr, installed("vendor-completions")...)
	expect(t, usr, "share/man/man1/nslaunch.1.gz", "share/man/man5/nslaunch.toml.5.gz", "share/doc/nslaunch/copyright")
	if got := run(t, "dpkg", append(dpkg, "--verify", "nslaunch")...); got != "" {
		t.Errorf("dpkg --verify: %s", got)
	}
	// The binaries are static: the root has nothing else.
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
	run(t, "dpkg", append(dpkg, "--purge", "nslaunch")...)
	if _, err := os.Stat(filepath.Join(usr, "bin/nslaunch")); !os.IsNotExist(err) {
		t.Errorf("after the removal: %v", err)
	}
}

func TestInstall(t *testing.T) {
	nstest.Require(t, nstest.Tools("make"))
	dest := t.TempDir()
	run(t, "make", "-C", "..", "install", "DESTDIR="+dest, "PREFIX=/opt/x")
	expect(t, filepath.Join(dest, "opt/x"), installed("site-functions")...)
	expect(t, filepath.Join(dest, "opt/x"), "share/man/man1/nslaunch.1", "share/man/man5/nslaunch.toml.5", "share/doc/nslaunch/LICENSE")
}

// Who installs may have no Go: what was built is installed as it is.
func TestInstallWithoutGo(t *testing.T) {
	nstest.Require(t, nstest.Tools("make"))
	bin, dest := filepath.Join(t.TempDir(), "bin"), t.TempDir()
	refused := func(target string) string {
		t.Helper()
		out, err := exec.Command("make", "-C", "..", target, "BIN="+bin, "DESTDIR="+dest, "GO=no-such-go").CombinedOutput()
		if err == nil {
			t.Errorf("make %s without Go: %s", target, out)
		}
		return string(out)
	}
	if said := refused("install"); !strings.Contains(said, "there is no no-such-go in PATH=") || !strings.Contains(said, "try: make build") {
		t.Errorf("nothing is built: %s", said)
	}
	if left, err := os.ReadDir(dest); err != nil || len(left) > 0 {
		t.Errorf("a failed installation left %v, %v", left, err)
	}
	run(t, "make", "-C", "..", "build", "BIN="+bin)
	built, err := os.ReadFile(filepath.Join(bin, "nslaunch"))
	if err != nil {
		t.Fatal(err)
	}
	refused("build") // which install began with
	run(t, "make", "-C", "..", "install", "BIN="+bin, "DESTDIR="+dest, "GO=no-such-go")
	if got, err := os.ReadFile(filepath.Join(dest, "usr/local/bin/nslaunch")); err != nil || !bytes.Equal(got, built) {
		t.Errorf("what was built is not what is installed: %v", err)
	}
	// A source that is newer than that is no reason to build, but is said.
	for age, stale := range map[time.Duration]bool{0: false, 100 * 365 * 24 * time.Hour: true} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(bin, "nslaunch"), at, at); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("make", "-C", "..", "install", "BIN="+bin, "DESTDIR="+dest, "GO=no-such-go").CombinedOutput()
		if err != nil || strings.Contains(string(out), "is newer than "+bin+"/nslaunch, which is installed as it is: make build") != stale {
			t.Errorf("%s old: %v: %s", age, err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "make", "-C", "..", "clean", "BIN="+bin)
	if left, err := os.ReadDir(bin); err != nil || len(left) != 1 || left[0].Name() != "mine" {
		t.Errorf("make clean leaves %v, %v", left, err)
	}
}

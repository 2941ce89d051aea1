// Package packaging makes packages for distributions out of "make install".
package packaging

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		"share/fish/vendor_completions.d/nslaunch.fish", "share/nslaunch/nslaunch.schema.json", "share/nslaunch/apparmor",
		"share/doc/nslaunch/README.md", "share/doc/nslaunch/SECURITY.md", "share/doc/nslaunch/docs/reference/profile.md",
		"share/doc/nslaunch/docs/plots/minimal.svg", "share/doc/nslaunch/examples/hello.toml", "share/doc/nslaunch/examples/mount.sh",
	}
}

// environment is that of every command: of a commit and a time that do not depend on git, which may refuse the clone.
func environment(settings ...string) []string {
	return append(os.Environ(), append([]string{"LC_ALL=C", "COMMIT=" + hash, "SOURCE_DATE_EPOCH=1700000000"}, settings...)...)
}

const hash = "0123456789abcdef0123456789abcdef01234567"

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = environment()
	return output(t, cmd)
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
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

// files lists what is below dir and is no directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestInstall(t *testing.T) {
	nstest.Require(t, nstest.Tools("make"))
	dest, bin := t.TempDir(), filepath.Join(t.TempDir(), "bin")
	settings := []string{"-C", "..", "BIN=" + bin, "DESTDIR=" + dest, "PREFIX=/opt/x"}
	run(t, "make", append(settings, "install")...)
	prefix := filepath.Join(dest, "opt/x")
	expect(t, prefix, installed("site-functions")...)
	expect(t, prefix, "share/man/man1/nslaunch.1", "share/man/man5/nslaunch.toml.5", "share/doc/nslaunch/LICENSE")
	for file, line := range map[string]string{
		"lib/systemd/system/nslaunch@.service": "ExecStart=/opt/x/bin/nslaunch ",
		"share/nslaunch/apparmor":              "profile nslaunch /opt/x/bin/nslaunch ",
	} {
		if text, err := os.ReadFile(filepath.Join(prefix, file)); err != nil || !strings.Contains(string(text), line) {
			t.Errorf("%s has no %q: %v\n%s", file, line, err, text)
		}
	}
	if got, want := run(t, filepath.Join(prefix, "bin/nslaunch"), "version"), " ("+hash[:12]+"), "; !strings.Contains(got, want) {
		t.Errorf("version: %q, want %q", got, want)
	}

	foreign := filepath.Join(prefix, "share/man/man1/other.1")
	if err := os.WriteFile(foreign, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "make", append(settings, "uninstall")...)
	if left := files(t, dest); !slices.Equal(left, []string{"/opt/x/share/man/man1/other.1"}) {
		t.Errorf("make uninstall leaves %q", left)
	}
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
	if said := refused("install"); !strings.Contains(said, "make: there is no no-such-go in PATH=") || !strings.Contains(said, "try: make build, as the user who has Go") {
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
	// A source that is newer than that is no reason to build, but make reports it.
	for age, stale := range map[time.Duration]bool{0: false, 100 * 365 * 24 * time.Hour: true} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(bin, "nslaunch"), at, at); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("make", "-C", "..", "install", "BIN="+bin, "DESTDIR="+dest, "GO=no-such-go").CombinedOutput()
		if err != nil || strings.Contains(string(out), " is newer than "+bin+"/nslaunch; try: make build") != stale {
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

// An archive that git makes says which commit it is, so a build of it does, too.
func TestCommitOfArchive(t *testing.T) {
	nstest.Require(t, nstest.Tools("git", "tar"))
	tree := t.TempDir()
	if err := os.Mkdir(filepath.Join(tree, "packaging"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{".gitattributes", "packaging/commit", "packaging/commit.sh"} {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err == nil {
			err = os.WriteFile(filepath.Join(tree, file), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	script := filepath.Join(tree, "packaging/commit.sh")
	if got := run(t, script); got != "" {
		t.Errorf("without git: %q", got)
	}
	git := func(args ...string) string {
		t.Helper()
		return run(t, "git", append([]string{"-C", tree, "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message=x")
	want := git("log", "-1", "--format=%H %ct")
	if got := run(t, script); got != want {
		t.Errorf("in a clone: %q, want %q", got, want)
	}
	git("archive", "--output="+tree+"/archive.tar", "HEAD")
	head, at, _ := strings.Cut(want, " ")
	if got := run(t, script); got != head+"-modified "+at {
		t.Errorf("in a clone with another file: %q", got)
	}
	unpacked := t.TempDir()
	run(t, "tar", "-xf", tree+"/archive.tar", "-C", unpacked)
	if got := run(t, filepath.Join(unpacked, "packaging/commit.sh")); got != want {
		t.Errorf("in an archive: %q, want %q", got, want)
	}
}

package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// machines are the processors that the tests build a release for: this one, and one for which the programs are compiled
// elsewhere, too.
func machines() map[string]elf.Machine {
	known := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}
	maps.DeleteFunc(known, func(name string, _ elf.Machine) bool { return name != runtime.GOARCH && name != "arm64" })
	return known
}

// A release is for three processors.
func TestReleaseArchitectures(t *testing.T) {
	nstest.Require(t, nstest.Tools("make"))
	got := run(t, "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL", "make", "-C", "..", "--no-print-directory", "--eval=names:; @echo $(ARCHITECTURES)", "names")
	if got != "amd64 arm64 riscv64\n" {
		t.Errorf("make release is for %q", got)
	}
}

// A release has static programs for each processor, in a package and in an archive of /usr/local, and says which commit it is. A second build gives the same.
func TestRelease(t *testing.T) {
	nstest.Require(t, nstest.Tools("make", "dpkg-deb", "cp", "touch", "find"))
	dist := t.TempDir()
	run(t, "make", "-C", "..", "release", "DIST="+dist, "ARCHITECTURES="+strings.Join(slices.Sorted(maps.Keys(machines())), " "))
	t.Run("again", func(t *testing.T) { reproducible(t, dist) })
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(sums, []byte("\n")); n != 2*len(machines()) {
		t.Errorf("%d checksums:\n%s", n, sums)
	}
	for arch, machine := range machines() {
		deb, archive := find(t, dist, "nslaunch_*_"+arch+".deb"), find(t, dist, "nslaunch-*-linux-"+arch+".tar.gz")
		for _, file := range []string{deb, archive} {
			text, err := os.ReadFile(file)
			if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(text), filepath.Base(file)); err != nil || !strings.Contains(string(sums), line) {
				t.Errorf("%v: no %q in\n%s", err, line, sums)
			}
		}
		packed, unpacked := t.TempDir(), t.TempDir()
		run(t, "dpkg-deb", "--extract", deb, packed)
		unpack(t, archive, unpacked)
		if got := strings.TrimSpace(run(t, "dpkg-deb", "--field", deb, "Architecture")); got != arch {
			t.Errorf("%s is for %s", deb, got)
		}
		for _, dir := range []string{filepath.Join(packed, "usr"), unpacked} {
			expect(t, dir, "bin/nslaunch", "bin/nslaunch-scope", "share/nslaunch/nslaunch.schema.json", "share/doc/nslaunch/docs/reference/profile.md")
			for _, program := range []string{"bin/nslaunch", "bin/nslaunch-scope"} {
				static(t, filepath.Join(dir, program), machine)
			}
			if arch == runtime.GOARCH {
				if got := run(t, filepath.Join(dir, "bin/nslaunch"), "version"); !strings.Contains(got, " ("+hash[:12]+"), ") {
					t.Errorf("version: %q", got)
				}
			}
		}
	}
}

// find returns the one file of a pattern.
func find(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v", pattern, found, err)
	}
	return found[0]
}

// unpack unpacks an archive as "tar --strip-components=1" does, and checks that nothing in it depends on who made it, and when.
func unpack(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("%s: gzip says %v, %q", file, z.ModTime, z.Name)
	}
	last := ""
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name < last || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(time.Unix(1700000000, 0)) ||
			h.Mode != 0o755 && h.Mode != 0o644 {
			t.Errorf("%s after %s: %+v", h.Name, last, h)
		}
		last = h.Name
		_, name, _ := strings.Cut(h.Name, "/")
		if !filepath.IsLocal(name) {
			continue // the top directory
		}
		path := filepath.Join(dir, name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else if text, problem := io.ReadAll(r); problem != nil {
			err = problem
		} else {
			err = os.WriteFile(path, text, os.FileMode(h.Mode))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// static checks that a program needs no loader.
func static(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != machine {
		t.Errorf("%s is for %v, want %v", path, f.Machine, machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: %v", path, p.Type)
		}
	}
}

// reproducible checks that the same commit gives the same bytes as in dist: in another directory, at another time, with
// another user's settings, and without git. A setting that would change the programs changes the keys of Go's cache, so the
// cache hides no difference.
func reproducible(t *testing.T, dist string) {
	there, again := filepath.Join(t.TempDir(), "another", "directory"), t.TempDir()
	if err := os.MkdirAll(there, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != ".git" && name != "bin" && name != "dist" {
			run(t, "cp", "-r", filepath.Join("..", name), there)
		}
	}
	run(t, "find", there, "-exec", "touch", "--date=2001-02-03", "{}", "+")
	run(t, "chmod", "-R", "g+w", there)
	cmd := exec.Command("packaging/release.sh", "make", again, "deb tar", runtime.GOARCH)
	cmd.Dir = there
	cmd.Env = environment("TZ=Asia/Tokyo", "LC_ALL=C.UTF-8",
		"XZ_OPT=-9e", "GZIP=-1", "TAR_OPTIONS=--format=gnu", "GOFLAGS=-race", "GOAMD64=v3")
	output(t, cmd)
	for _, pattern := range []string{"nslaunch_*_" + runtime.GOARCH + ".deb", "nslaunch-*-linux-" + runtime.GOARCH + ".tar.gz"} {
		a, err := os.ReadFile(find(t, dist, pattern))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(find(t, again, pattern))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("two builds of %s differ: %d and %d bytes, %v", pattern, len(a), len(b), err)
		}
	}
}

// Without git and without a time, a release would not be reproducible.
func TestReleaseWithoutTime(t *testing.T) {
	out := t.TempDir()
	cmd := exec.Command("./release.sh", "make", out, "tar", runtime.GOARCH)
	cmd.Env = append(environment(), "SOURCE_DATE_EPOCH=")
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "release.sh: error: the time of the commit is not known\n  try: SOURCE_DATE_EPOCH=") {
		t.Errorf("%v: %s", err, said)
	}
	if made := files(t, out); len(made) > 0 {
		t.Errorf("it made %q", made)
	}
}

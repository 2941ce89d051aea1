//go:build linux

package nofile_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

const soft = "123"

func TestLimitIsFlat(t *testing.T) { nstest.AssertFlat(t, nofile.Limit{}) }

func TestMain(m *testing.M) {
	if os.Getenv("NOFILE_PRINT") != "" {
		fmt.Print(nofile.Original.Soft)
		return
	}
	os.Exit(m.Run())
}

// limited runs a program with a soft limit of its own, and returns what it prints.
func limited(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", "ulimit -Sn " + soft + " && exec \"$@\"", "sh"}, argv...)...)
	cmd.Env = append(os.Environ(), "NOFILE_PRINT=1")
	return strings.TrimSpace(nstest.MustRun(t, cmd))
}

// The limit is what the process was given, and so is what the command gets.
func TestOriginal(t *testing.T) {
	const cause = "package syscall was initialised before this one and raised the limit: is the import path of this package behind \"syscall\", or does it import what imports syscall?"
	if got := limited(t, os.Args[0]); got != soft {
		t.Errorf("got %s; want %s: %s", got, soft, cause)
	}
	profile := filepath.Join(t.TempDir(), "p.toml")
	write(t, profile, "version = 1\ncommand = [\"sh\", \"-c\", \"ulimit -Sn\"]\n")
	if got := limited(t, nstest.Nslaunch(t), profile); got != soft {
		t.Errorf("the command's limit is %s; want %s: %s", got, soft, cause)
	}
}

// The order of the import paths decides. In a module whose path is behind "syscall" the same package comes too late.
func TestOrderOfPaths(t *testing.T) {
	for module, wantOriginal := range map[string]bool{"example.com/x": true, "tailscale.example/x": false} {
		if got := limited(t, program(t, module, runtime.GOARCH)); (got == soft) != wantOriginal {
			t.Errorf("%s: got %s, where %s was given; want that: %v", module, got, soft, wantOriginal)
		}
	}
}

// Each processor has a system call of its own, in assembly.
func TestProcessors(t *testing.T) {
	for arch, emulator := range map[string]string{"arm64": "qemu-aarch64-static", "riscv64": "qemu-riscv64-static"} {
		t.Run(arch, func(t *testing.T) {
			nstest.Require(t, nstest.Tools(emulator))
			if got := limited(t, emulator, program(t, "example.com/x", arch)); got != soft {
				t.Errorf("got %s; want %s", got, soft)
			}
		})
	}
}

// program builds a program of a module, with a copy of this package, that prints the soft limit.
func program(t *testing.T, module, arch string) string {
	t.Helper()
	dir := t.TempDir()
	copyPackage(t, filepath.Join(dir, "nofile"))
	write(t, filepath.Join(dir, "go.mod"), "module "+module+"\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n\nimport (\n\t\"fmt\"\n\n\t\""+module+"/nofile\"\n)\n\nfunc main() { fmt.Print(nofile.Original.Soft) }\n")
	build := exec.Command("go", "build", "-o", "program", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off", "GOARCH="+arch)
	nstest.MustRun(t, build)
	return filepath.Join(dir, "program")
}

func copyPackage(t *testing.T, to string) {
	t.Helper()
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, name), string(text))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

package vmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keyring has the keys of all releases of Debian; it is in the package debian-archive-keyring.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// releases are those of Debian that this machine may have as its own.
func releases() []string { return []string{"bookworm", "trixie", "forky"} }

// apt fetches packages of one release for one processor, in a directory of its own.
type apt struct {
	ctx              context.Context // of what it runs
	dir, suite, arch string
}

// sources returns lines of sources.list(5) for the release. Their addresses are those of this machine's own sources.
func (a apt) sources() (string, error) {
	out, err := output(exec.CommandContext(a.ctx, "apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI) $(LABEL)", "Created-By: Packages"))
	if err != nil {
		return "", err
	}
	lines := sourcesOf(out, a.suite)
	if lines == nil {
		return "", fmt.Errorf("apt has no source of Debian's (%s)", strings.Join(releases(), ", "))
	}
	return strings.Join(lines, ""), nil
}

// sourcesOf makes the lines of what apt says of its sources: release, component, address and label of each.
func sourcesOf(targets, suite string) []string {
	var lines []string
	for line := range strings.Lines(targets) {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != "main" {
			continue
		}
		// Where there are no lists yet, no label is known.
		if len(f) > 3 && !strings.HasPrefix(f[3], "$") && !strings.HasPrefix(f[3], "Debian") {
			continue
		}
		release, part, _ := strings.Cut(f[0], "-")
		if !slices.Contains(releases(), release) || part != "" && part != "security" {
			continue
		}
		its := suite
		if part != "" {
			its += "-" + part
		}
		if text := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, f[2], its); !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	return lines
}

// command is a command of apt that neither reads nor changes what is installed on this machine.
func (a apt) command(name string, args ...string) *exec.Cmd {
	options := []string{
		"-qq",
		"-oAPT::Get::Assume-Yes=true",
		"-oAPT::Architecture=" + a.arch,
		"-oAPT::Architectures=" + a.arch,
		"-oAPT::Sandbox::User=root",
		"-oAPT::Install-Recommends=false",
		"-oAcquire::Languages=none",
		"-oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"-oDebug::NoLocking=true",
		"-oDir::State=" + a.dir,
		"-oDir::State::Lists=" + filepath.Join(a.dir, "lists"),
		"-oDir::State::Status=" + filepath.Join(a.dir, "status"),
		"-oDir::Cache=" + a.dir,
		"-oDir::Cache::Archives=" + a.debs(),
		"-oDir::Etc::SourceList=" + filepath.Join(a.dir, "sources.list"),
		"-oDir::Etc::SourceParts=" + filepath.Join(a.dir, "parts"),
	}
	cmd := exec.CommandContext(a.ctx, name, append(options, args...)...)
	cmd.Dir = a.debs()
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	return cmd
}

func (a apt) debs() string { return filepath.Join(a.dir, "debs") }

// fetch returns the files of packages and of all that they depend on, and that of the release's kernel.
func (a apt) fetch(packages ...string) (kernel string, debs []string, err error) {
	stamp := filepath.Join(a.dir, "fetched.json")
	var done struct {
		Packages, Debs []string
		Kernel         string
	}
	if text, err := os.ReadFile(stamp); err == nil && json.Unmarshal(text, &done) == nil && slices.Equal(done.Packages, packages) {
		return done.Kernel, done.Debs, nil
	}
	if err := a.prepare(); err != nil {
		return "", nil, err
	}
	// Where one index is broken, the rest may have all that is needed.
	_, updated := output(a.command("apt-get", "update"))
	if done.Kernel, err = a.download(); err == nil {
		_, err = output(a.command("apt-get", append([]string{"install", "--download-only"}, packages...)...))
	}
	if err != nil {
		return "", nil, errors.Join(err, updated)
	}
	all, err := filepath.Glob(filepath.Join(a.debs(), "*.deb"))
	if err != nil {
		return "", nil, err
	}
	done.Packages = packages
	done.Debs = slices.DeleteFunc(all, func(path string) bool { return path == done.Kernel })
	text, err := json.Marshal(done)
	if err != nil {
		return "", nil, err
	}
	return done.Kernel, done.Debs, os.WriteFile(stamp, text, 0o644)
}

// prepare makes the directories, without packages of another time.
func (a apt) prepare() error {
	if err := os.RemoveAll(a.dir); err != nil {
		return err
	}
	for _, dir := range []string{"lists/partial", "debs/partial", "parts"} {
		if err := os.MkdirAll(filepath.Join(a.dir, dir), 0o755); err != nil {
			return err
		}
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(a.dir, "sources.list"), []byte(sources), 0o644),
		os.WriteFile(filepath.Join(a.dir, "status"), nil, 0o644))
}

// download fetches the kernel that the release's package linux-image-ARCH stands for.
func (a apt) download() (string, error) {
	out, err := output(a.command("apt-cache", "depends", "linux-image-"+a.arch))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: linux-image-"); ok {
			if _, err := output(a.command("apt-get", "download", "linux-image-"+name)); err != nil {
				return "", err
			}
			files, err := filepath.Glob(filepath.Join(a.debs(), "linux-image-*.deb"))
			if err == nil && len(files) != 1 {
				err = fmt.Errorf("kernels that were fetched: %q", files)
			}
			if err != nil {
				return "", err
			}
			return files[0], nil
		}
	}
	return "", fmt.Errorf("linux-image-%s of %s stands for no kernel:\n%s", a.arch, a.suite, out)
}

// output runs a command and returns what it prints; the error has what it says.
func output(cmd *exec.Cmd) (string, error) {
	cmd.WaitDelay = 10 * time.Second // for what a command that is killed leaves running
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(cmd.Path), cmd.Args[len(cmd.Args)-1], err, stderr.Bytes())
	}
	return string(out), nil
}

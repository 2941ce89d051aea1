package vmtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Where things are on a machine.
const (
	agentPath = "/usr/lib/vmtest/agent"
	testsPath = "/usr/lib/vmtest/tests" // binaries of packages' tests
	modules   = "/usr/lib/vmtest/modules"

	appArmorPath = "/usr/lib/vmtest/apparmor" // the profile that the package has
)

// drivers are the kernel's modules that every machine loads.
func drivers() []string { return []string{"overlay"} }

// unit starts the agent where systemd is process 1.
const unit = `[Unit]
After=multi-user.target dbus.socket

[Service]
Type=exec
ExecStart=` + agentPath + ` service
StandardOutput=journal+console
`

// prepare makes what the machine boots from in dir, and returns the files.
func (m machine) prepare(ctx context.Context, cache, root, dir string) (kernel, initrd string, err error) {
	a := apt{ctx: ctx, dir: filepath.Join(cache, m.suite+"-"+m.arch), suite: m.suite, arch: m.arch}
	image, debs, err := a.fetch("apparmor", "busybox-static", "dash", "uidmap", "util-linux")
	if err != nil {
		return "", "", err
	}
	t := tree{}
	if m.systemd {
		err = t.debian(a)
	} else {
		err = t.small(debs)
	}
	if err == nil {
		err = t.kernel(image, filepath.Join(dir, "kernel"))
	}
	if err == nil {
		err = t.ours(ctx, root, dir, m.arch)
	}
	if err != nil {
		return "", "", err
	}
	initrd = filepath.Join(dir, "initrd")
	file, err := os.Create(initrd)
	if err != nil {
		return "", "", err
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	return filepath.Join(dir, "kernel"), initrd, errors.Join(t.cpio(buffer), buffer.Flush(), file.Close())
}

// small is a system of busybox and newuidmap alone, whose process 1 is the agent.
func (t tree) small(debs []string) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		t.dirs("/usr/" + name)
		t.link("/"+name, "usr/"+name)
	}
	t.dirs("/dev", "/etc", "/proc", "/root", "/run", "/sys", "/home")
	t["tmp"] = entry{mode: modeDir | 0o1777}
	t["dev/console"] = entry{mode: modeChar | 0o600, major: 5, minor: 1}
	t.link("/init", agentPath)
	for _, deb := range debs {
		if err := t.deb(deb, merged); err != nil {
			return err
		}
	}
	t.file("/etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n"+
		"nslaunch-test:x:20001:20001::/home/nslaunch-test:/bin/sh\nnslaunch-bare:x:20002:20002::/home/nslaunch-bare:/bin/sh\n"))
	t.file("/etc/group", 0o644, []byte("root:x:0:\nnogroup:x:65534:\nnslaunch-test:x:20001:\nnslaunch-bare:x:20002:\n"))
	for _, name := range []string{"/etc/subuid", "/etc/subgid"} {
		t.file(name, 0o644, []byte("nslaunch-test:1000000:65536\n"))
	}
	for i, name := range []string{"test", "bare"} {
		t["home/nslaunch-"+name] = entry{mode: modeDir | 0o755, uid: 20001 + i, gid: 20001 + i}
	}
	return nil
}

// merged is where a package's file is, with /bin, /sbin and /lib in /usr, or "" for what nobody needs.
func merged(name string) string {
	top, _, _ := strings.Cut(name, "/")
	switch {
	case name == top:
		return ""
	case strings.HasPrefix(name, "etc/apparmor.d/abi/"), strings.HasPrefix(name, "etc/apparmor.d/tunables/"):
		return name
	case strings.HasPrefix(name, "usr/share/"), strings.Contains(name, "/gconv/"), strings.HasPrefix(name, "etc/"):
		return ""
	case top == "bin", top == "sbin", top == "lib", top == "lib64":
		return "usr/" + name
	}
	return name
}

// debian is a Debian system whose process 1 is systemd.
func (t tree) debian(a apt) error {
	archive := a.dir + "-systemd.tar"
	words := []string{"--quiet", "--variant=minbase", "--format=tar", "--architectures=" + a.arch,
		"--include=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,procps,uidmap,iproute2",
		`--customize-hook=chroot "$1" useradd --uid 20001 --user-group --create-home --shell /bin/sh nslaunch-test`,
		`--customize-hook=mkdir -p "$1/var/lib/systemd/linger" && touch "$1/var/lib/systemd/linger/nslaunch-test"`,
		a.suite, archive + ".new", filepath.Join(a.dir, "sources.list")}
	// What it was made with says whether it still serves.
	stamp := []byte(strings.Join(words, "\n"))
	if made, err := os.ReadFile(archive + ".made"); err != nil || !bytes.Equal(made, stamp) {
		if _, err := output(exec.CommandContext(a.ctx, "mmdebstrap", words...)); err != nil {
			return err
		}
		if err := errors.Join(os.Rename(archive+".new", archive), os.WriteFile(archive+".made", stamp, 0o644)); err != nil {
			return err
		}
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	needed := func(name string) string {
		if strings.HasPrefix(name, "usr/share/doc/") || strings.HasPrefix(name, "usr/share/locale/") || strings.HasPrefix(name, "var/cache/") {
			return ""
		}
		return name
	}
	if err := t.tar(file, needed); err != nil {
		return err
	}
	t.link("/init", "/lib/systemd/systemd")
	t.file("/etc/systemd/system/vmtest.service", 0o644, []byte(unit))
	t.link("/etc/systemd/system/default.target.wants/vmtest.service", "../vmtest.service")
	return nil
}

// kernel adds the modules of the kernel's package, and writes the kernel itself to a file.
func (t tree) kernel(deb, file string) error {
	k := tree{}
	err := k.deb(deb, func(name string) string {
		base := path.Base(name)
		if strings.HasPrefix(name, "boot/vmlinu") {
			return "kernel"
		}
		for _, driver := range drivers() {
			if base == driver+".ko" || base == driver+".ko.xz" {
				return path.Join(modules, base)
			}
		}
		return ""
	})
	if err != nil {
		return err
	}
	image, ok := k["kernel"]
	if !ok || len(k) < 1+len(drivers()) {
		return fmt.Errorf("%s has not all of a kernel and its modules", deb)
	}
	delete(k, "kernel")
	for name, e := range k {
		t[name] = e
		t.dirs(path.Dir("/" + name))
	}
	return os.WriteFile(file, image.content, 0o644)
}

// ours adds what is built of this repository, whose directory is root.
func (t tree) ours(ctx context.Context, root, dir, arch string) error {
	for name, words := range map[string][]string{
		"/usr/bin/nslaunch":       {"build", "./cmd/nslaunch"},
		"/usr/bin/nslaunch-scope": {"build", "./cmd/nslaunch-scope"},
		agentPath:                 {"build", "./internal/vmtest/agent"},
		testsPath + "/stage.test": {"test", "./launcher/internal/stage"},
	} {
		binary := filepath.Join(dir, path.Base(name))
		args := []string{words[0], "-trimpath", "-o", binary, words[1]}
		if words[0] == "test" {
			args[1] = "-c"
		} else {
			// The stamp would ask git, which refuses the clones of other users.
			args = append([]string{"build", "-buildvcs=false"}, args[1:]...)
		}
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if _, err := output(cmd); err != nil {
			return err
		}
		if err := t.copy(name, 0o755, binary); err != nil {
			return err
		}
	}
	examples, err := filepath.Glob(filepath.Join(root, "examples", "*.toml"))
	if err != nil {
		return err
	}
	if err := t.copy(appArmorPath, 0o644, filepath.Join(root, "packaging/apparmor")); err != nil {
		return err
	}
	for _, file := range examples {
		if err := t.copy("/usr/lib/vmtest/examples/"+filepath.Base(file), 0o644, file); err != nil {
			return err
		}
	}
	return nil
}

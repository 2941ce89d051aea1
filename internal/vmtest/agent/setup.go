package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Where things are on a machine.
const (
	here     = "/usr/lib/vmtest"
	modules  = here + "/modules"
	tests    = here + "/tests"
	examples = here + "/examples"
)

// setUp makes a system of the initramfs: what is process 1 elsewhere does that.
func setUp() error {
	if err := moveRoot("/newroot"); err != nil {
		return err
	}
	mounts := []struct{ kind, target, options string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devtmpfs", "/dev", "mode=755"},
		{"devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666"},
		{"tmpfs", "/dev/shm", "mode=1777"},
		{"tmpfs", "/run", "mode=755"},
		{"tmpfs", "/tmp", "mode=1777"},
		{"cgroup2", "/sys/fs/cgroup", "nsdelegate"},
		{"securityfs", "/sys/kernel/security", ""},
	}
	for _, m := range mounts {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.target, m.kind, unix.MS_NOSUID, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(to, filepath.Join("/dev", name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	// What is executed for the kernel or has no directory of its own.
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	if out, err := exec.Command("/bin/busybox", "--install", "-s", "/usr/bin").CombinedOutput(); err != nil {
		return fmt.Errorf("busybox: %w\n%s", err, out)
	}
	if err := os.Mkdir("/run/user", 0o755); err != nil {
		return err
	}
	for _, u := range []user{ordinary(), bare()} {
		dir := fmt.Sprintf("/run/user/%d", u.uid)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := os.Chown(dir, u.uid, u.uid); err != nil {
			return err
		}
	}
	if err := unix.Sethostname([]byte("machine")); err != nil {
		return err
	}
	if err := up("lo"); err != nil {
		return err
	}
	if err := load(); err != nil {
		return err
	}
	// All controllers, for groups that checks make.
	controllers, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(controllers)) {
		if err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+name), 0); err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
	}
	return nil
}

// moveRoot makes a tmpfs of what is in the initramfs, and the root of it, as other systems have one: an initramfs lies on no other
// mount and cannot be pivoted away. The machine with systemd stays in its initramfs, which is the other case.
func moveRoot(to string) error {
	unix.Umask(0)
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("root", to, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount %s: %w", to, err)
	}
	err := filepath.WalkDir("/", func(from string, e fs.DirEntry, err error) error {
		if err != nil || from == "/" {
			return err
		}
		if from == to {
			return fs.SkipDir
		}
		return move(from, to+from)
	})
	if err != nil {
		return err
	}
	if err := os.Chdir(to); err != nil {
		return err
	}
	if err := unix.Mount(to, "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s: %w", to, err)
	}
	if err := unix.Chroot("."); err != nil {
		return err
	}
	unix.Umask(0o022)
	return os.Chdir("/")
}

// move copies a file with its owner and mode; of a regular one, nothing stays.
func move(from, to string) error {
	var st unix.Stat_t
	if err := unix.Lstat(from, &st); err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		link, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(link, to)
	case unix.S_IFDIR:
		if err := os.Mkdir(to, 0); err != nil {
			return err
		}
	case unix.S_IFREG:
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, text, 0); err != nil {
			return err
		}
		if err := os.Remove(from); err != nil {
			return err
		}
	default:
		return nil // devices come with devtmpfs
	}
	if err := os.Chown(to, int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	// After the owner, which takes set-user-ID away.
	return unix.Chmod(to, st.Mode&^unix.S_IFMT)
}

// load loads the kernel's modules.
func load() error {
	files, err := filepath.Glob(modules + "/*")
	if err != nil {
		return err
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		flags := 0
		if strings.HasSuffix(file, ".xz") {
			flags = unix.MODULE_INIT_COMPRESSED_FILE
		}
		err = unix.FinitModule(int(f.Fd()), "", flags)
		f.Close()
		if err != nil && err != unix.EEXIST {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// up sets an interface up.
func up(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

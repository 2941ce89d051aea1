package nstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/cgroup"
	"golang.org/x/sys/unix"
)

// setupHint says how a machine gets what Tools and Users ask for.
const setupHint = "run internal/nstest/setup.sh as root"

// NewCondition makes a condition that this package doesn't have. check returns
// nil if it holds, else the reason.
func NewCondition(name string, check func() error) Condition {
	return Condition{name, check}
}

// Root is to run as root of the initial user namespace.
func Root() Condition {
	return Condition{"root", func() error {
		if uid := os.Geteuid(); uid != 0 {
			return fmt.Errorf("running as uid %d", uid)
		}
		text, err := os.ReadFile("/proc/self/uid_map")
		if err != nil {
			return err
		}
		if f := strings.Fields(string(text)); len(f) != 3 || f[1] != "0" || f[2] != "4294967295" {
			return errors.New("root of a user namespace only")
		}
		return nil
	}}
}

// Tools are programs on PATH.
func Tools(names ...string) Condition {
	return Condition{"programs", func() error {
		for _, name := range names {
			if _, err := exec.LookPath(name); err != nil {
				return fmt.Errorf("no %s (%s)", name, setupHint)
			}
		}
		return nil
	}}
}

// Users are both of the ordinary users of tests.
func Users() Condition {
	return Condition{"the users of tests", func() error {
		for _, name := range []string{ordinaryName, bareName} {
			if _, err := findUser(name); err != nil {
				return fmt.Errorf("%w (%s)", err, setupHint)
			}
		}
		return nil
	}}
}

// Kernel is a Linux of at least this version.
func Kernel(major, minor int) Condition {
	return Condition{fmt.Sprintf("Linux %d.%d", major, minor), func() error {
		var name unix.Utsname
		if err := unix.Uname(&name); err != nil {
			return err
		}
		release := unix.ByteSliceToString(name.Release[:])
		var haveMajor, haveMinor int
		if _, err := fmt.Sscanf(release, "%d.%d", &haveMajor, &haveMinor); err != nil {
			return fmt.Errorf("release %q: %w", release, err)
		}
		if haveMajor < major || haveMajor == major && haveMinor < minor {
			return fmt.Errorf("this is %s", release)
		}
		return nil
	}}
}

// Namespaces are kinds of namespaces, named as in /proc/self/ns, that this
// kernel has and allows to be made.
func Namespaces(kinds ...string) Condition {
	return Condition{"namespaces", func() error {
		for _, kind := range kinds {
			if _, err := os.Readlink("/proc/self/ns/" + kind); err != nil {
				return err
			}
			file := "/proc/sys/user/max_" + kind + "_namespaces"
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && n == 0 {
				return fmt.Errorf("%s is 0", file)
			}
		}
		return nil
	}}
}

// UnprivilegedUserNamespaces is that ordinary users can make user namespaces
// and have their capabilities there: some distributions restrict either.
func UnprivilegedUserNamespaces() Condition {
	return Condition{"user namespaces for ordinary users", func() error {
		u, err := findUser(ordinaryName)
		if err != nil {
			return fmt.Errorf("%w (%s)", err, setupHint)
		}
		// The second namespace is made with the first one's capabilities.
		cmd := exec.Command("unshare", "--user", "--uts", "true")
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID)}}
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}}
}

// FileSystem is a file system type of this kernel, built in or loaded.
func FileSystem(name string) Condition {
	return Condition{"file system " + name, func() error {
		text, err := os.ReadFile("/proc/filesystems")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 0 && f[len(f)-1] == name {
				return nil
			}
		}
		return errors.New("not in /proc/filesystems")
	}}
}

// File is a file or directory that must exist, such as one of /proc.
func File(path string) Condition {
	return Condition{path, func() error {
		_, err := os.Stat(path)
		return err
	}}
}

// SystemdInstalled is what Systemd starts, with both buses and machined.
func SystemdInstalled() Condition {
	return Condition{"systemd", func() error {
		for _, path := range []string{
			"/lib/systemd/systemd",
			"/usr/bin/dbus-daemon",
			"/lib/systemd/system/dbus.service",
			"/usr/lib/systemd/user/dbus.service",
			"/lib/systemd/system/systemd-machined.service",
			"/usr/share/pam-configs/systemd",
		} {
			if _, err := os.Stat(path); err != nil {
				return fmt.Errorf("%w (%s)", err, setupHint)
			}
		}
		return nil
	}}
}

// Cgroup2 is a mounted cgroup2, alone or beside the hierarchies of version 1.
func Cgroup2() Condition {
	return Condition{"cgroup2", func() error {
		_, err := cgroup.Root()
		return err
	}}
}

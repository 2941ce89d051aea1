package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// boot becomes systemd: it is the first process of its namespaces. args are
// LIFELINE NOTIFY DIR SHARED TARGET.
func boot(args []string) error {
	lifeline, notify, dir, shared, target := args[0], args[1], args[2], args[3], args[4]
	// The cgroup namespace and the death signal are of one thread, until execve.
	runtime.LockOSThread()
	// Not with the others, at clone: its root would be our parent's cgroup.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	unix.Umask(0o022)
	root, err := mountAll(dir, shared)
	if err != nil {
		return err
	}
	if err := furnish(root); err != nil {
		return err
	}
	if err := enterRoot(root); err != nil {
		return err
	}
	if err := dieWithParent(lifeline); err != nil {
		return err
	}
	const path = "/lib/systemd/systemd"
	// In what it believes to be a container, its command line is the kernel's.
	words := []string{path, "systemd.unit=" + target, "systemd.show_status=0"}
	environment := []string{"container=nstest", "NOTIFY_SOCKET=" + notify, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
	return fmt.Errorf("%s: %w", path, unix.Exec(path, words, environment))
}

// mountAll mounts what systemd finds at boot, and returns where. All that is
// written goes to memory: systemd at boot and at its end writes /etc and /var
// and empties /tmp.
func mountAll(dir, shared string) (string, error) {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV
	root := filepath.Join(dir, "root")
	overlay := fmt.Sprintf("lowerdir=/,upperdir=%s/upper,workdir=%[1]s/work", dir)
	for _, m := range []struct {
		source, target, fstype string
		flags                  uintptr
		data                   string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"nstest", dir, "tmpfs", 0, "mode=755"},
		{"nstest", root, "overlay", 0, overlay},
		{"proc", root + "/proc", "proc", quiet, ""},
		// That it can't be written tells systemd that devices are others' affair.
		{"sysfs", root + "/sys", "sysfs", quiet | unix.MS_RDONLY, ""},
		{"cgroup2", root + "/sys/fs/cgroup", "cgroup2", quiet, ""},
		{"dev", root + "/dev", "tmpfs", unix.MS_NOSUID, "mode=755"},
		{"devpts", root + "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"},
		{"shm", root + "/dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
		{"run", root + "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"tmp", root + "/tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
		{"tmp", root + "/var/tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
		// Units that this machine has enabled are not ours to start.
		{"units", root + "/etc/systemd/system", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"units", root + "/etc/systemd/user", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		// Without the mounts below it: dir is there, too.
		{shared, root + shared, "", unix.MS_BIND, ""},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return "", err
		}
		if m.fstype == "overlay" {
			for _, name := range []string{"upper", "work"} {
				if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
					return "", err
				}
			}
		}
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
			return "", fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return root, nil
}

// enterRoot makes root the root and takes the machine's away.
func enterRoot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("umount: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	// systemd does this on a machine, and leaves it to others in a container.
	return mountprop.Set("/", mountprop.Shared, true)
}

// furnish fills the empty directories below root.
func furnish(root string) error {
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		var device unix.Stat_t
		if err := unix.Stat("/dev/"+name, &device); err != nil {
			return err
		}
		path := filepath.Join(root, "dev", name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(device.Rdev)); err != nil {
			return fmt.Errorf("mknod %s: %w", path, err)
		}
		if err := os.Chmod(path, 0o666); err != nil {
			return err
		}
	}
	links := map[string]string{
		"dev/ptmx": "pts/ptmx", "dev/fd": "/proc/self/fd",
		"dev/stdin": "fd/0", "dev/stdout": "fd/1", "dev/stderr": "fd/2",
	}
	for _, unit := range masked() {
		links["run/systemd/system/"+unit] = "/dev/null"
	}
	files := map[string]string{
		"run/systemd/system/bare.target":          "[Unit]\nDescription=Nothing but systemd\nDefaultDependencies=no\n",
		"run/systemd/journald.conf.d/nstest.conf": "[Journal]\nStorage=volatile\nRateLimitBurst=0\n",
		// Another one than the machine's, and no first boot.
		"etc/machine-id": "6e736c61756e63682d6e737465737431\n",
		// Their mounts are the machine's.
		"etc/fstab": "", "etc/crypttab": "",
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for path, to := range links {
		if err := os.Symlink(to, filepath.Join(root, path)); err != nil {
			return err
		}
	}
	// What systemd-tmpfiles would have made. Without seats, pam_systemd believes that
	// no systemd runs, and does not tell a user's manager where its directory is.
	for _, path := range []string{"run/lock", "run/user", "run/log/journal", "run/systemd/machines", "run/systemd/seats"} {
		if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
			return err
		}
	}
	return os.Chmod(filepath.Join(root, "run/lock"), 0o1777)
}

// masked are units that would empty shared directories, set what belongs to the
// machine's kernel, or do nothing here and take time for it.
func masked() []string {
	return []string{
		"systemd-tmpfiles-setup.service", "systemd-tmpfiles-setup-dev.service", "systemd-tmpfiles-clean.service", "systemd-tmpfiles-clean.timer",
		"systemd-sysctl.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount",
		"systemd-modules-load.service", "modprobe@.service", "kmod-static-nodes.service",
		"systemd-random-seed.service", "systemd-pstore.service", "systemd-udevd.service", "systemd-udev-trigger.service",
		"systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
		"systemd-journald-audit.socket", "systemd-journal-flush.service", "systemd-initctl.socket",
		"systemd-logind.service", "systemd-update-utmp.service", "systemd-sysusers.service", "systemd-firstboot.service",
		"systemd-machine-id-commit.service", "systemd-repart.service", "systemd-remount-fs.service",
		"systemd-pcrphase.service", "systemd-pcrphase-sysinit.service", "systemd-hwdb-update.service", "ldconfig.service",
		"systemd-ask-password-console.path", "systemd-ask-password-wall.path", "systemd-timesyncd.service",
		"dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount",
		"sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "var-lib-machines.mount", "timers.target",
	}
}

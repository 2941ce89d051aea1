package host

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// KernelState is what there is of the kernel's own file systems, where the command may be
// the host's root to them.
type KernelState struct {
	// Root is the id that the root of the initial user namespace has in the caller's; nil: it has none there, or the
	// sandbox cannot have it.
	Root *uint32
	// Mounts are those of the kernel's file systems that the caller sees. Read-only ones are there if they are proc. The
	// kernel's log in /dev is one of them: it is masked as what is in a proc.
	Mounts []KernelMount
	// Devices are those of the kernel's file systems, in the form of stat(2).
	Devices map[uint64]bool
	// Settings are the names in the caller's /proc that restrict.kernel covers; Whole says that it shows more than processes.
	Settings []string
	Whole    bool
	// Directories are descriptors of directories that the command would have.
	Directories []int
}

// kernelLog is the device of the kernel's log.
const kernelLog = "/dev/kmsg"

// KernelMount is a mount of one of the kernel's file systems.
type KernelMount struct {
	Path, Type string
	Readonly   bool
	Shared     bool // with the host: what is mounted there appears outside
	Whole      bool // it is covered whole, although it is on /proc
}

// KernelFS reports whether files of a file system are the kernel's own, with its settings
// behind them.
func KernelFS(fstype string) bool {
	switch fstype {
	case "proc", "sysfs", "cgroup", "cgroup2", "cpuset", "binfmt_misc", "debugfs", "tracefs", "securityfs", "configfs", "bpf",
		"pstore", "efivarfs", "fusectl", "selinuxfs", "smackfs", "nfsd", "resctrl", "xenfs":
		return true
	}
	return false
}

// MachineRoot returns the id that the root of the initial user namespace has in the caller's, nil if it has none there.
func MachineRoot() (*uint32, error) {
	var st unix.Stat_t
	// It belongs to that root. A caller that has no id for it sees another id.
	const overflow = 65534
	if err := unix.Stat("/proc", &st); err != nil || st.Uid == overflow {
		return nil, err
	}
	return &st.Uid, nil
}

// probeSettings looks at the kernel's file systems for restrict.kernel. Who can have nothing of the
// host's root in a sandbox is asked nothing.
func (h *Host) probeSettings(p *config.Profile) error {
	if !MayCoverSettings(p) || h.UID != 0 && h.Caps == 0 && !Covers(h.SubUID.Ranges, 0, 1) {
		return nil
	}
	root, err := MachineRoot()
	if err != nil || root == nil {
		return err
	}
	k := KernelState{Root: root, Devices: map[uint64]bool{}}
	if h.keepsRights(p) {
		h.Settings = k
		return nil
	}
	mounts, err := mountprop.Self()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if !KernelFS(m.FSType) {
			continue
		}
		k.Devices[unix.Mkdev(uint32(m.Major), uint32(m.Minor))] = true
		readonly := slices.Contains(strings.Split(m.Options, ","), "ro")
		if (!readonly || m.FSType == "proc") && mountID(m.Target) == uint64(m.ID) {
			k.Mounts = append(k.Mounts, KernelMount{Path: m.Target, Type: m.FSType, Readonly: readonly})
		}
	}
	for _, name := range slices.Concat(ReadonlySettings(), MaskedSettings()) {
		if tree.StatFile("/proc/"+name).Err == 0 {
			k.Settings = append(k.Settings, name)
		}
	}
	k.Whole = slices.Contains(k.Settings, "sys")
	if tree.StatFile(kernelLog).Err == 0 {
		k.Mounts = append(k.Mounts, KernelMount{Path: kernelLog, Type: "log", Readonly: true})
	}
	var st unix.Stat_t
	for _, fd := range slices.Concat([]int{0, 1, 2}, h.KeepFDs(p)) {
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			k.Directories = append(k.Directories, fd)
		}
	}
	if _, ok := h.Files["/"]; !ok {
		h.Look("/") // which may lie in a file system of the kernel's itself
	}
	h.Look("/dev/null")
	h.Settings = k
	return nil
}

// keepsRights reports whether the command is sure to have what undoes any cover. Most launches by root are such:
// they need no further look.
func (h *Host) keepsRights(p *config.Profile) bool {
	pr := p.Process
	asRoot := h.UID == 0 && pr.UID == nil && len(p.IDMap.UID) == 0
	return pr.Capabilities.Mode == config.CapabilitiesKeep && (asRoot || !pr.NoNewPrivs)
}

// mountID is the number that mountinfo has for the mount that a path leads to; 0 where it leads nowhere.
func mountID(path string) uint64 {
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_NO_AUTOMOUNT, unix.STATX_MNT_ID, &st) != nil || st.Mask&unix.STATX_MNT_ID == 0 {
		return 0
	}
	return st.Mnt_id
}

// ReadonlySettings are the names in /proc that have settings.
func ReadonlySettings() []string {
	return []string{"acpi", "bus", "dynamic_debug", "fs", "irq", "scsi", "sys", "sysrq-trigger"}
}

// MaskedSettings are the names in /proc that show the kernel's memory, addresses and log.
func MaskedSettings() []string { return []string{"kallsyms", "kcore", "kmsg"} }

// MayCoverSettings reports whether the profile leaves room for covers.
func MayCoverSettings(p *config.Profile) bool {
	k := p.Restrict.Kernel
	return (k == nil || *k) && p.Namespaces.New(config.Mount)
}

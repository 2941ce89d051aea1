package compile

import (
	"fmt"
	"slices"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// lead says where a capability in the host's user namespace leads to.
type lead int

const (
	nowhere lead = iota // not past mounts
	past                // to what a mount covers, or to what the cover is to prevent
	abroad              // there, over processes outside
	undoes              // it changes mounts, in any user namespace that owns them
)

// leads returns for each capability of capabilities(7) whether it leads past mounts that cover something.
func leads() map[string]lead {
	return map[string]lead{
		"DAC_READ_SEARCH": past,   // open_by_handle_at(2): each file of a file system, through any directory of it
		"MKNOD":           past,   // makes the device of a disk, and writes to what lies there
		"SYS_MODULE":      past,   // puts code into the kernel
		"SYS_RAWIO":       past,   // the machine's memory and ports
		"SYS_BOOT":        past,   // another kernel, kexec_load(2)
		"SYS_TIME":        past,   // the machine's clocks
		"SYSLOG":          past,   // the kernel's log and addresses
		"BPF":             past,   // programs in the kernel
		"PERFMON":         past,   // the kernel's memory
		"SYS_PTRACE":      abroad, // a process outside has no covers, and its /proc/PID/root neither
		"SYS_ADMIN":       undoes,

		"DAC_OVERRIDE":       nowhere, // a read-only mount asks for no permission
		"CHOWN":              nowhere, // this does not get past one either, and the next three do not
		"FOWNER":             nowhere,
		"FSETID":             nowhere,
		"LINUX_IMMUTABLE":    nowhere,
		"SETFCAP":            nowhere, // what a file gives is limited by the bounding set, or by no_new_privs
		"SETPCAP":            nowhere, // adds nothing that the bounding set does not have
		"SETUID":             nowhere, // becomes uid 0 without capabilities, whom mounts keep out
		"SETGID":             nowhere, // groups are permissions of files
		"SYS_CHROOT":         nowhere, // out of a chroot, there is the root of the mount namespace: the sandbox's
		"CHECKPOINT_RESTORE": nowhere, // /proc/PID/map_files needs what tracing needs, too
		"KILL":               nowhere, // signals
		"NET_ADMIN":          nowhere, // settings of the network namespace that the sandbox has, which is what it is for
		"NET_BIND_SERVICE":   nowhere,
		"NET_BROADCAST":      nowhere,
		"NET_RAW":            nowhere,
		"IPC_LOCK":           nowhere,
		"IPC_OWNER":          nowhere,
		"SYS_PACCT":          nowhere, // writes to a file that can be written to
		"SYS_NICE":           nowhere,
		"SYS_RESOURCE":       nowhere, // limits
		"SYS_TTY_CONFIG":     nowhere, // terminals that can be opened
		"LEASE":              nowhere,
		"MAC_OVERRIDE":       nowhere, // mounts do not depend on a security module
		"MAC_ADMIN":          nowhere, // a policy is loaded through files, which are covered
		"AUDIT_WRITE":        nowhere, // records
		"AUDIT_READ":         nowhere,
		"AUDIT_CONTROL":      nowhere, // the audit has no files, and answers the machine's first pid namespace alone
		"WAKE_ALARM":         nowhere,
		"BLOCK_SUSPEND":      nowhere,
	}
}

// pastCovers says which of the command's capabilities leads past covers, and what to do about it; "" where none does.
func (c *compiler) pastCovers() (why, cure string) {
	if c.isNew(config.User) {
		return "", "" // where these capabilities are none over the host
	}
	all := leads()
	for _, name := range c.p.Process.Capabilities.List {
		if to := all[name]; to == past || to == abroad && c.seesOutside() {
			return "CAP_" + name + " bypasses the protection", fmt.Sprintf("remove %s from process.capabilities", name)
		}
	}
	return "", ""
}

// seesOutside reports whether the sandbox has processes of the host in sight: by their number, or in a proc of the host's.
func (c *compiler) seesOutside() bool {
	pr := c.p.Proc
	if !c.isNew(config.PID) || pr.Mode == config.ProcHost && !entryProc(c.p) || pr.Fallback == config.ProcHost {
		return true
	}
	return slices.ContainsFunc(c.kernelMounts(), func(m host.KernelMount) bool {
		own := func(e config.MountEntry) bool { return e.Type == config.MountProc && c.h.Real(e.Target) == m.Path }
		return m.Type == "proc" && !slices.ContainsFunc(c.p.Mounts, own)
	})
}

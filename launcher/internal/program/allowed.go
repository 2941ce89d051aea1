package program

import "golang.org/x/sys/unix"

// calls lists the system calls that a program may make: those that steps are made of, which have
// a row in names.go.
func calls() []uint16 {
	return []uint16{
		unix.SYS_BIND, unix.SYS_CAPSET, unix.SYS_CHDIR, unix.SYS_CHROOT, unix.SYS_CLOSE, unix.SYS_CLOSE_RANGE, unix.SYS_EXECVE,
		unix.SYS_EXIT_GROUP, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_FALLOCATE, unix.SYS_FCHDIR,
		unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHOWNAT, unix.SYS_FCNTL, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSOPEN,
		unix.SYS_IOCTL, unix.SYS_KEYCTL, unix.SYS_MKDIRAT, unix.SYS_MKNODAT, unix.SYS_MOUNT, unix.SYS_MOUNT_SETATTR,
		unix.SYS_MOVE_MOUNT, unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_OPEN_TREE, unix.SYS_PIVOT_ROOT, unix.SYS_PRCTL,
		unix.SYS_PRLIMIT64, unix.SYS_RECVFROM, unix.SYS_RT_SIGPROCMASK, unix.SYS_SECCOMP, unix.SYS_SETDOMAINNAME, unix.SYS_SETGROUPS,
		unix.SYS_SETHOSTNAME, unix.SYS_SETNS, unix.SYS_SETPGID, unix.SYS_SETRESGID, unix.SYS_SETRESUID, unix.SYS_SETSID,
		unix.SYS_SOCKET, unix.SYS_SYMLINKAT, unix.SYS_UMASK, unix.SYS_UMOUNT2, unix.SYS_UNLINKAT, unix.SYS_UNSHARE, unix.SYS_WRITE,
	}
}

// MaxCall bounds the numbers of system calls.
const MaxCall = 512

// CallSet has a bit for each system call.
type CallSet [MaxCall / 64]uint64

// Calls returns the set of the system calls that a program may make.
func Calls() CallSet {
	var set CallSet
	for _, nr := range calls() {
		set[nr/64] |= 1 << (nr % 64)
	}
	return set
}

// Has tells whether a system call is in the set.
func (s *CallSet) Has(nr uint16) bool { return nr < MaxCall && s[nr/64]>>(nr%64)&1 == 1 }

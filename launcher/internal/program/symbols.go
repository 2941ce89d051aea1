package program

import "golang.org/x/sys/unix"

// symbol is the name of an operand's value, or of some bits of it.
type symbol struct {
	name  string
	value uint64
	mask  uint64 // the bits that tell it from others; 0: those of value
}

func openFlags() []symbol {
	return []symbol{
		{"O_RDONLY", unix.O_RDONLY, unix.O_ACCMODE}, {"O_WRONLY", unix.O_WRONLY, unix.O_ACCMODE},
		{"O_RDWR", unix.O_RDWR, unix.O_ACCMODE}, {"O_CREAT", unix.O_CREAT, 0}, {"O_EXCL", unix.O_EXCL, 0},
		{"O_NOCTTY", unix.O_NOCTTY, 0}, {"O_TRUNC", unix.O_TRUNC, 0}, {"O_NONBLOCK", unix.O_NONBLOCK, 0},
		{"O_DIRECTORY", unix.O_DIRECTORY, 0}, {"O_NOFOLLOW", unix.O_NOFOLLOW, 0},
		{"O_CLOEXEC", unix.O_CLOEXEC, 0}, {"O_PATH", unix.O_PATH, 0},
	}
}

func resolveFlags() []symbol {
	return []symbol{
		{"RESOLVE_NO_XDEV", unix.RESOLVE_NO_XDEV, 0}, {"RESOLVE_NO_MAGICLINKS", unix.RESOLVE_NO_MAGICLINKS, 0},
		{"RESOLVE_NO_SYMLINKS", unix.RESOLVE_NO_SYMLINKS, 0}, {"RESOLVE_BENEATH", unix.RESOLVE_BENEATH, 0},
		{"RESOLVE_IN_ROOT", unix.RESOLVE_IN_ROOT, 0},
	}
}

func accessFlags() []symbol {
	return append([]symbol{{"AT_EACCESS", unix.AT_EACCESS, 0}}, atFlags()...)
}

func atFlags() []symbol {
	return []symbol{
		{"AT_SYMLINK_NOFOLLOW", unix.AT_SYMLINK_NOFOLLOW, 0}, {"AT_EMPTY_PATH", unix.AT_EMPTY_PATH, 0},
		{"AT_RECURSIVE", unix.AT_RECURSIVE, 0},
	}
}

func openTreeFlags() []symbol {
	return append([]symbol{{"OPEN_TREE_CLONE", unix.OPEN_TREE_CLONE, 0}, {"OPEN_TREE_CLOEXEC", unix.O_CLOEXEC, 0}}, atFlags()...)
}

func accessModes() []symbol {
	return []symbol{{"F_OK", 0, ^uint64(0)}, {"R_OK", unix.R_OK, 0}, {"W_OK", unix.W_OK, 0}, {"X_OK", unix.X_OK, 0}}
}

func mountFlags() []symbol {
	return []symbol{
		{"MS_RDONLY", unix.MS_RDONLY, 0}, {"MS_NOSUID", unix.MS_NOSUID, 0}, {"MS_NODEV", unix.MS_NODEV, 0},
		{"MS_NOEXEC", unix.MS_NOEXEC, 0}, {"MS_REMOUNT", unix.MS_REMOUNT, 0}, {"MS_BIND", unix.MS_BIND, 0},
		{"MS_MOVE", unix.MS_MOVE, 0}, {"MS_REC", unix.MS_REC, 0}, {"MS_UNBINDABLE", unix.MS_UNBINDABLE, 0},
		{"MS_PRIVATE", unix.MS_PRIVATE, 0}, {"MS_SLAVE", unix.MS_SLAVE, 0}, {"MS_SHARED", unix.MS_SHARED, 0},
	}
}

func mountAttributes() []symbol {
	return []symbol{
		{"MOUNT_ATTR_RDONLY", unix.MOUNT_ATTR_RDONLY, 0}, {"MOUNT_ATTR_NOSUID", unix.MOUNT_ATTR_NOSUID, 0},
		{"MOUNT_ATTR_NODEV", unix.MOUNT_ATTR_NODEV, 0}, {"MOUNT_ATTR_NOEXEC", unix.MOUNT_ATTR_NOEXEC, 0},
		{"MOUNT_ATTR_NOATIME", unix.MOUNT_ATTR_NOATIME, 0}, {"MOUNT_ATTR_STRICTATIME", unix.MOUNT_ATTR_STRICTATIME, 0},
		{"MOUNT_ATTR_NODIRATIME", unix.MOUNT_ATTR_NODIRATIME, 0}, {"MOUNT_ATTR_IDMAP", unix.MOUNT_ATTR_IDMAP, 0},
		{"MOUNT_ATTR_NOSYMFOLLOW", unix.MOUNT_ATTR_NOSYMFOLLOW, 0},
	}
}

func moveMountFlags() []symbol {
	return []symbol{
		{"MOVE_MOUNT_F_EMPTY_PATH", unix.MOVE_MOUNT_F_EMPTY_PATH, 0},
		{"MOVE_MOUNT_T_EMPTY_PATH", unix.MOVE_MOUNT_T_EMPTY_PATH, 0},
	}
}

func fcntlCommands() []symbol { return []symbol{{"F_SETFD", unix.F_SETFD, 0}} }

func descriptorFlags() []symbol { return []symbol{{"FD_CLOEXEC", unix.FD_CLOEXEC, 0}} }

func seccompOperations() []symbol {
	return []symbol{{"SECCOMP_SET_MODE_FILTER", unix.SECCOMP_SET_MODE_FILTER, 0}}
}

func seccompFlags() []symbol {
	return []symbol{{"SECCOMP_FILTER_FLAG_NEW_LISTENER", unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, 0}}
}

func fsconfigCommands() []symbol {
	return []symbol{
		{"FSCONFIG_SET_FLAG", unix.FSCONFIG_SET_FLAG, 0}, {"FSCONFIG_SET_STRING", unix.FSCONFIG_SET_STRING, 0},
		{"FSCONFIG_SET_FD", unix.FSCONFIG_SET_FD, 0}, {"FSCONFIG_CMD_CREATE", unix.FSCONFIG_CMD_CREATE, 0},
	}
}

func fsopenFlags() []symbol { return []symbol{{"FSOPEN_CLOEXEC", unix.FSOPEN_CLOEXEC, 0}} }

func fsmountFlags() []symbol { return []symbol{{"FSMOUNT_CLOEXEC", unix.FSMOUNT_CLOEXEC, 0}} }

func cloneFlags() []symbol {
	return []symbol{
		{"CLONE_PARENT", unix.CLONE_PARENT, 0}, {"CLONE_NEWUSER", unix.CLONE_NEWUSER, 0},
		{"CLONE_NEWNS", unix.CLONE_NEWNS, 0}, {"CLONE_NEWPID", unix.CLONE_NEWPID, 0},
		{"CLONE_NEWNET", unix.CLONE_NEWNET, 0}, {"CLONE_NEWIPC", unix.CLONE_NEWIPC, 0},
		{"CLONE_NEWUTS", unix.CLONE_NEWUTS, 0}, {"CLONE_NEWCGROUP", unix.CLONE_NEWCGROUP, 0},
	}
}

// namespaceFlags are the flags of unshare(2) and setns(2). What is CLONE_NEWTIME there belongs to the
// signal of clone(2).
func namespaceFlags() []symbol {
	return append(cloneFlags(), symbol{"CLONE_NEWTIME", unix.CLONE_NEWTIME, 0})
}

func messageFlags() []symbol {
	return []symbol{
		{"MSG_PEEK", unix.MSG_PEEK, 0}, {"MSG_DONTWAIT", unix.MSG_DONTWAIT, 0}, {"MSG_NOSIGNAL", unix.MSG_NOSIGNAL, 0},
	}
}

func addressFamilies() []symbol {
	return []symbol{{"AF_UNIX", unix.AF_UNIX, 0}, {"AF_INET", unix.AF_INET, 0}, {"AF_NETLINK", unix.AF_NETLINK, 0}}
}

func socketTypes() []symbol {
	const kind = 0xf
	return []symbol{
		{"SOCK_STREAM", unix.SOCK_STREAM, kind}, {"SOCK_DGRAM", unix.SOCK_DGRAM, kind}, {"SOCK_RAW", unix.SOCK_RAW, kind},
		{"SOCK_CLOEXEC", unix.SOCK_CLOEXEC, 0}, {"SOCK_NONBLOCK", unix.SOCK_NONBLOCK, 0},
	}
}

func interfaceFlags() []symbol { return []symbol{{"IFF_UP", unix.IFF_UP, 0}} }

func ioctlRequests() []symbol {
	return []symbol{{"SIOCSIFFLAGS", unix.SIOCSIFFLAGS, 0}, {"TIOCSCTTY", unix.TIOCSCTTY, 0}}
}

func keyctlOperations() []symbol {
	return []symbol{{"KEYCTL_JOIN_SESSION_KEYRING", unix.KEYCTL_JOIN_SESSION_KEYRING, 0}}
}

func sigmaskHows() []symbol {
	return []symbol{
		{"SIG_BLOCK", unix.SIG_BLOCK, 0}, {"SIG_UNBLOCK", unix.SIG_UNBLOCK, 0}, {"SIG_SETMASK", unix.SIG_SETMASK, 0},
	}
}

// resources are the limits of getrlimit(2), by their numbers.
func resources() []symbol {
	return []symbol{
		{"RLIMIT_CPU", 0, 0}, {"RLIMIT_FSIZE", 1, 0}, {"RLIMIT_DATA", 2, 0}, {"RLIMIT_STACK", 3, 0},
		{"RLIMIT_CORE", 4, 0}, {"RLIMIT_RSS", 5, 0}, {"RLIMIT_NPROC", 6, 0}, {"RLIMIT_NOFILE", 7, 0},
		{"RLIMIT_MEMLOCK", 8, 0}, {"RLIMIT_AS", 9, 0}, {"RLIMIT_LOCKS", 10, 0}, {"RLIMIT_SIGPENDING", 11, 0},
		{"RLIMIT_MSGQUEUE", 12, 0}, {"RLIMIT_NICE", 13, 0}, {"RLIMIT_RTPRIO", 14, 0}, {"RLIMIT_RTTIME", 15, 0},
	}
}

func umountFlags() []symbol {
	return []symbol{{"MNT_FORCE", unix.MNT_FORCE, 0}, {"MNT_DETACH", unix.MNT_DETACH, 0}, {"UMOUNT_NOFOLLOW", unix.UMOUNT_NOFOLLOW, 0}}
}

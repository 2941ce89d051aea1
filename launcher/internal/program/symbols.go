package program

import "golang.org/x/sys/unix"

// symbol is the name of an operand's value, or of some bits of it.
type symbol struct {
	name  string
	value uint64
	mask  uint64 // the bits that distinguish it from others; 0: those of value
}

var openFlags = []symbol{
	{"O_RDONLY", unix.O_RDONLY, unix.O_ACCMODE}, {"O_WRONLY", unix.O_WRONLY, unix.O_ACCMODE},
	{"O_RDWR", unix.O_RDWR, unix.O_ACCMODE}, {"O_CREAT", unix.O_CREAT, 0}, {"O_EXCL", unix.O_EXCL, 0},
	{"O_NOCTTY", unix.O_NOCTTY, 0}, {"O_TRUNC", unix.O_TRUNC, 0}, {"O_NONBLOCK", unix.O_NONBLOCK, 0},
	{"O_DIRECTORY", unix.O_DIRECTORY, 0}, {"O_NOFOLLOW", unix.O_NOFOLLOW, 0},
	{"O_CLOEXEC", unix.O_CLOEXEC, 0}, {"O_PATH", unix.O_PATH, 0},
}

var resolveFlags = []symbol{
	{"RESOLVE_NO_XDEV", unix.RESOLVE_NO_XDEV, 0}, {"RESOLVE_NO_MAGICLINKS", unix.RESOLVE_NO_MAGICLINKS, 0},
	{"RESOLVE_NO_SYMLINKS", unix.RESOLVE_NO_SYMLINKS, 0}, {"RESOLVE_BENEATH", unix.RESOLVE_BENEATH, 0},
	{"RESOLVE_IN_ROOT", unix.RESOLVE_IN_ROOT, 0},
}

var accessFlags = []symbol{
	{"AT_EACCESS", unix.AT_EACCESS, 0}, {"AT_SYMLINK_NOFOLLOW", unix.AT_SYMLINK_NOFOLLOW, 0},
	{"AT_EMPTY_PATH", unix.AT_EMPTY_PATH, 0}, {"AT_RECURSIVE", unix.AT_RECURSIVE, 0},
}

var atFlags = []symbol{
	{"AT_SYMLINK_NOFOLLOW", unix.AT_SYMLINK_NOFOLLOW, 0}, {"AT_EMPTY_PATH", unix.AT_EMPTY_PATH, 0},
	{"AT_RECURSIVE", unix.AT_RECURSIVE, 0},
}

var openTreeFlags = []symbol{
	{"OPEN_TREE_CLONE", unix.OPEN_TREE_CLONE, 0}, {"OPEN_TREE_CLOEXEC", unix.O_CLOEXEC, 0},
	{"AT_SYMLINK_NOFOLLOW", unix.AT_SYMLINK_NOFOLLOW, 0}, {"AT_EMPTY_PATH", unix.AT_EMPTY_PATH, 0},
	{"AT_RECURSIVE", unix.AT_RECURSIVE, 0},
}

var accessModes = []symbol{{"F_OK", 0, ^uint64(0)}, {"R_OK", unix.R_OK, 0}, {"W_OK", unix.W_OK, 0}, {"X_OK", unix.X_OK, 0}}

var mountFlags = []symbol{
	{"MS_RDONLY", unix.MS_RDONLY, 0}, {"MS_NOSUID", unix.MS_NOSUID, 0}, {"MS_NODEV", unix.MS_NODEV, 0},
	{"MS_NOEXEC", unix.MS_NOEXEC, 0}, {"MS_REMOUNT", unix.MS_REMOUNT, 0}, {"MS_BIND", unix.MS_BIND, 0},
	{"MS_MOVE", unix.MS_MOVE, 0}, {"MS_REC", unix.MS_REC, 0}, {"MS_UNBINDABLE", unix.MS_UNBINDABLE, 0},
	{"MS_PRIVATE", unix.MS_PRIVATE, 0}, {"MS_SLAVE", unix.MS_SLAVE, 0}, {"MS_SHARED", unix.MS_SHARED, 0},
}

var mountAttributes = []symbol{
	{"MOUNT_ATTR_RDONLY", unix.MOUNT_ATTR_RDONLY, 0}, {"MOUNT_ATTR_NOSUID", unix.MOUNT_ATTR_NOSUID, 0},
	{"MOUNT_ATTR_NODEV", unix.MOUNT_ATTR_NODEV, 0}, {"MOUNT_ATTR_NOEXEC", unix.MOUNT_ATTR_NOEXEC, 0},
	{"MOUNT_ATTR_NOATIME", unix.MOUNT_ATTR_NOATIME, 0}, {"MOUNT_ATTR_STRICTATIME", unix.MOUNT_ATTR_STRICTATIME, 0},
	{"MOUNT_ATTR_NODIRATIME", unix.MOUNT_ATTR_NODIRATIME, 0}, {"MOUNT_ATTR_IDMAP", unix.MOUNT_ATTR_IDMAP, 0},
	{"MOUNT_ATTR_NOSYMFOLLOW", unix.MOUNT_ATTR_NOSYMFOLLOW, 0},
}

var moveMountFlags = []symbol{
	{"MOVE_MOUNT_F_EMPTY_PATH", unix.MOVE_MOUNT_F_EMPTY_PATH, 0},
	{"MOVE_MOUNT_T_EMPTY_PATH", unix.MOVE_MOUNT_T_EMPTY_PATH, 0},
}

var fcntlCommands = []symbol{{"F_SETFD", unix.F_SETFD, 0}}

var descriptorFlags = []symbol{{"FD_CLOEXEC", unix.FD_CLOEXEC, 0}}

var seccompOperations = []symbol{{"SECCOMP_SET_MODE_FILTER", unix.SECCOMP_SET_MODE_FILTER, 0}}

var seccompFlags = []symbol{{"SECCOMP_FILTER_FLAG_NEW_LISTENER", unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, 0}}

var fsconfigCommands = []symbol{
	{"FSCONFIG_SET_FLAG", unix.FSCONFIG_SET_FLAG, 0}, {"FSCONFIG_SET_STRING", unix.FSCONFIG_SET_STRING, 0},
	{"FSCONFIG_SET_FD", unix.FSCONFIG_SET_FD, 0}, {"FSCONFIG_CMD_CREATE", unix.FSCONFIG_CMD_CREATE, 0},
}

var fsopenFlags = []symbol{{"FSOPEN_CLOEXEC", unix.FSOPEN_CLOEXEC, 0}}

var fsmountFlags = []symbol{{"FSMOUNT_CLOEXEC", unix.FSMOUNT_CLOEXEC, 0}}

// cloneFlags are the flags of clone(2), unshare(2) and setns(2). What is CLONE_NEWTIME there belongs to the
// signal of clone(2).
var cloneFlags = []symbol{
	{"CLONE_PARENT", unix.CLONE_PARENT, 0}, {"CLONE_NEWUSER", unix.CLONE_NEWUSER, 0},
	{"CLONE_NEWNS", unix.CLONE_NEWNS, 0}, {"CLONE_NEWPID", unix.CLONE_NEWPID, 0},
	{"CLONE_NEWNET", unix.CLONE_NEWNET, 0}, {"CLONE_NEWIPC", unix.CLONE_NEWIPC, 0},
	{"CLONE_NEWUTS", unix.CLONE_NEWUTS, 0}, {"CLONE_NEWCGROUP", unix.CLONE_NEWCGROUP, 0},
	{"CLONE_NEWTIME", unix.CLONE_NEWTIME, 0},
}

var messageFlags = []symbol{
	{"MSG_PEEK", unix.MSG_PEEK, 0}, {"MSG_DONTWAIT", unix.MSG_DONTWAIT, 0}, {"MSG_NOSIGNAL", unix.MSG_NOSIGNAL, 0},
}

var addressFamilies = []symbol{{"AF_UNIX", unix.AF_UNIX, 0}, {"AF_INET", unix.AF_INET, 0}, {"AF_NETLINK", unix.AF_NETLINK, 0}}

// socketKind has the bits of a socket's type that are not flags.
const socketKind = 0xf

var socketTypes = []symbol{
	{"SOCK_STREAM", unix.SOCK_STREAM, socketKind}, {"SOCK_DGRAM", unix.SOCK_DGRAM, socketKind}, {"SOCK_RAW", unix.SOCK_RAW, socketKind},
	{"SOCK_CLOEXEC", unix.SOCK_CLOEXEC, 0}, {"SOCK_NONBLOCK", unix.SOCK_NONBLOCK, 0},
}

var interfaceFlags = []symbol{{"IFF_UP", unix.IFF_UP, 0}}

var ioctlRequests = []symbol{{"SIOCSIFFLAGS", unix.SIOCSIFFLAGS, 0}, {"TIOCSCTTY", unix.TIOCSCTTY, 0}}

var keyctlOperations = []symbol{{"KEYCTL_JOIN_SESSION_KEYRING", unix.KEYCTL_JOIN_SESSION_KEYRING, 0}}

var sigmaskHows = []symbol{
	{"SIG_BLOCK", unix.SIG_BLOCK, 0}, {"SIG_UNBLOCK", unix.SIG_UNBLOCK, 0}, {"SIG_SETMASK", unix.SIG_SETMASK, 0},
}

// resources are the limits of getrlimit(2), by their numbers.
var resources = []symbol{
	{"RLIMIT_CPU", 0, 0}, {"RLIMIT_FSIZE", 1, 0}, {"RLIMIT_DATA", 2, 0}, {"RLIMIT_STACK", 3, 0},
	{"RLIMIT_CORE", 4, 0}, {"RLIMIT_RSS", 5, 0}, {"RLIMIT_NPROC", 6, 0}, {"RLIMIT_NOFILE", 7, 0},
	{"RLIMIT_MEMLOCK", 8, 0}, {"RLIMIT_AS", 9, 0}, {"RLIMIT_LOCKS", 10, 0}, {"RLIMIT_SIGPENDING", 11, 0},
	{"RLIMIT_MSGQUEUE", 12, 0}, {"RLIMIT_NICE", 13, 0}, {"RLIMIT_RTPRIO", 14, 0}, {"RLIMIT_RTTIME", 15, 0},
}

var umountFlags = []symbol{{"MNT_FORCE", unix.MNT_FORCE, 0}, {"MNT_DETACH", unix.MNT_DETACH, 0}, {"UMOUNT_NOFOLLOW", unix.UMOUNT_NOFOLLOW, 0}}

var infinity = []symbol{{"RLIM64_INFINITY", ^uint64(0), 0}}

var capVersions = []symbol{{"_LINUX_CAPABILITY_VERSION_3", unix.LINUX_CAPABILITY_VERSION_3, 0}}

var ambientOperations = []symbol{
	{"PR_CAP_AMBIENT_IS_SET", unix.PR_CAP_AMBIENT_IS_SET, 0}, {"PR_CAP_AMBIENT_RAISE", unix.PR_CAP_AMBIENT_RAISE, 0},
	{"PR_CAP_AMBIENT_LOWER", unix.PR_CAP_AMBIENT_LOWER, 0}, {"PR_CAP_AMBIENT_CLEAR_ALL", unix.PR_CAP_AMBIENT_CLEAR_ALL, 0},
}

package host

import (
	"fmt"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

// CloneFlag is the CLONE_NEW* flag of a namespace type.
func CloneFlag(k config.NamespaceKind) uint64 {
	switch k {
	case config.User:
		return unix.CLONE_NEWUSER
	case config.Mount:
		return unix.CLONE_NEWNS
	case config.PID:
		return unix.CLONE_NEWPID
	case config.Net:
		return unix.CLONE_NEWNET
	case config.IPC:
		return unix.CLONE_NEWIPC
	case config.UTS:
		return unix.CLONE_NEWUTS
	case config.Cgroup:
		return unix.CLONE_NEWCGROUP
	case config.TimeNS:
		return unix.CLONE_NEWTIME
	}
	return 0
}

// CloneFlags are those of several types.
func CloneFlags(kinds []config.NamespaceKind) uint64 {
	var flags uint64
	for _, k := range kinds {
		flags |= CloneFlag(k)
	}
	return flags
}

// ProcName is the name of a namespace type in /proc/PID/ns.
func ProcName(k config.NamespaceKind) string {
	if k == config.Mount {
		return "mnt"
	}
	return string(k)
}

// OwnNamespace is the inode number of the namespace of a kind that this process is in.
func OwnNamespace(k config.NamespaceKind) (uint64, error) { return NamespaceOf("self", k) }

// NamespaceOf is that of a process, which is a pid or "self"; EACCES if it may not be asked.
func NamespaceOf(process string, k config.NamespaceKind) (uint64, error) {
	var st unix.Stat_t
	err := unix.Stat("/proc/"+process+"/ns/"+ProcName(k), &st)
	return st.Ino, err
}

// joinPath is the file of the namespace to enter.
func joinPath(k config.NamespaceKind, n config.Namespace) string {
	if n.OfProcess() {
		return fmt.Sprintf("/proc/%d/ns/%s", n.PID, ProcName(k))
	}
	return n.Path
}

// kindOf is the inverse of cloneFlag, for what ioctl NS_GET_NSTYPE gives.
func kindOf(flag int) config.NamespaceKind {
	for _, k := range config.Kinds() {
		if CloneFlag(k) == uint64(flag) {
			return k
		}
	}
	return ""
}

// JoinPIDWords says why the namespace of a process cannot be opened.
func JoinPIDWords(pid int, k config.NamespaceKind, f NamespaceFile) string {
	switch f.Err {
	case unix.ENOENT, unix.ESRCH:
		return fmt.Sprintf("there is no process %d", pid)
	case unix.EACCES, unix.EPERM:
		return fmt.Sprintf("process %d belongs to another user, so its %s namespace needs CAP_SYS_PTRACE", pid, k)
	}
	return fmt.Sprintf("%s: %v", f.Path, f.Err)
}

// MayOpenHint says what helps one who may not open a namespace.
func MayOpenHint(e unix.Errno) string {
	if e == unix.EACCES || e == unix.EPERM {
		return " (run nslaunch as the user whose process it is, or as root)"
	}
	return ""
}

// namespaceToJoin is namespaceFile for one that another process opens, too: of a path below /proc/self that is the launcher's.
func (h *Host) namespaceToJoin(path string) NamespaceFile {
	f := namespaceFile(path)
	if tree.Below(path, "/proc/self") || tree.Below(path, "/proc/thread-self") || tree.Below(path, "/dev") {
		f.Real = h.walk(path).Resolved
	}
	return f
}

// namespaceFile opens a namespace and returns what it is.
func namespaceFile(path string) NamespaceFile {
	f := NamespaceFile{Path: path}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		f.Err = tree.Errno(err)
		return f
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		f.Err = tree.Errno(err)
		return f
	}
	f.Dev, f.Ino = st.Dev, st.Ino
	flag, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return f
	}
	f.Kind = kindOf(flag)
	request := uint(unix.NS_GET_USERNS)
	if f.Kind == config.User {
		request = unix.NS_GET_PARENT
	}
	if owner, err := unix.IoctlRetInt(fd, request); err == nil {
		if unix.Fstat(owner, &st) == nil {
			f.Owner = st.Ino
		}
		unix.Close(owner)
	}
	return f
}

//go:build linux

package nslist

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// relation is what the kernel says of one namespace.
type relation struct {
	name          string // "net:[4026531840]"
	owner, parent uint64 // see [Namespace]
	ownerUID      int
}

// kernel asks the running kernel, see ioctl_nsfs(2) and rtnetlink(7).
type kernel struct {
	rtnetlink int // a socket; -1 if there is none
}

func newKernel() *kernel {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		fd = -1
	}
	return &kernel{fd}
}

func (k *kernel) close() {
	if k.rtnetlink >= 0 {
		unix.Close(k.rtnetlink)
	}
}

// openNamespace opens a namespace's file; -1 if the caller may not, or if the file is another one by now.
func openNamespace(path string) int {
	// Others may have mounted a device there since, and to open a device can do something.
	at, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	defer unix.Close(at)
	var fs unix.Statfs_t
	if unix.Fstatfs(at, &fs) != nil || fs.Type != unix.NSFS_MAGIC {
		return -1
	}
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", at), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

func (k *kernel) relations(path string) []relation {
	fd := openNamespace(path)
	if fd < 0 {
		return nil
	}
	return climb(fd, nil)
}

// climb appends the relation of an open namespace, and of those that own and contain it. It closes the descriptor.
func climb(fd int, all []relation) []relation {
	defer unix.Close(fd)
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return all
	}
	at := len(all)
	all = append(all, relation{name: fmt.Sprintf("%s:[%d]", kindOf(kind), inodeOfFile(fd)), ownerUID: -1})
	if kind == unix.CLONE_NEWUSER {
		if uid, err := unix.IoctlGetUint32(fd, unix.NS_GET_OWNER_UID); err == nil {
			all[at].ownerUID = int(uid)
		}
	}
	if kind == unix.CLONE_NEWUSER || kind == unix.CLONE_NEWPID {
		if parent, err := unix.IoctlRetInt(fd, unix.NS_GET_PARENT); err == nil {
			all[at].parent = inodeOfFile(parent)
			all = climb(parent, all)
		}
	}
	if kind == unix.CLONE_NEWUSER {
		all[at].owner = all[at].parent
	} else if owner, err := unix.IoctlRetInt(fd, unix.NS_GET_USERNS); err == nil {
		all[at].owner = inodeOfFile(owner)
		all = climb(owner, all)
	}
	return all
}

func inodeOfFile(fd int) uint64 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Ino
}

// kindOf is the type of namespaces with a CLONE_NEW* flag.
func kindOf(flag int) string {
	switch flag {
	case unix.CLONE_NEWCGROUP:
		return "cgroup"
	case unix.CLONE_NEWIPC:
		return "ipc"
	case unix.CLONE_NEWNS:
		return "mnt"
	case unix.CLONE_NEWNET:
		return "net"
	case unix.CLONE_NEWPID:
		return "pid"
	case unix.CLONE_NEWTIME:
		return "time"
	case unix.CLONE_NEWUSER:
		return "user"
	case unix.CLONE_NEWUTS:
		return "uts"
	}
	return ""
}

// Attributes of RTM_GETNSID, of linux/net_namespace.h.
const (
	netnsaNSID = 1
	netnsaFD   = 3
)

// netNSID asks by RTM_GETNSID, as lsns(8) does.
func (k *kernel) netNSID(path string) string {
	if k.rtnetlink < 0 {
		return ""
	}
	fd := openNamespace(path)
	if fd < 0 {
		return ""
	}
	defer unix.Close(fd)
	order := binary.NativeEndian
	request := order.AppendUint32(nil, 0) // the length of all
	request = order.AppendUint16(request, unix.RTM_GETNSID)
	request = order.AppendUint16(request, unix.NLM_F_REQUEST)
	request = append(request, make([]byte, 4+4+4)...) // sequence number, port, struct rtgenmsg with its padding
	request = order.AppendUint16(request, 8)
	request = order.AppendUint16(request, netnsaFD)
	request = order.AppendUint32(request, uint32(fd))
	order.PutUint32(request, uint32(len(request)))
	if unix.Sendto(k.rtnetlink, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return ""
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(k.rtnetlink, answer, 0)
	if err != nil {
		return ""
	}
	return nsidOf(answer[:n])
}

// nsidOf reads the answer to RTM_GETNSID.
func nsidOf(answer []byte) string {
	const header = unix.SizeofNlMsghdr + 4 // and struct rtgenmsg with its padding
	order := binary.NativeEndian
	if len(answer) < header || order.Uint16(answer[4:]) != unix.RTM_NEWNSID {
		return ""
	}
	for rest := answer[header:]; len(rest) >= 8; {
		length := int(order.Uint16(rest))
		if length < 4 || length > len(rest) {
			break
		}
		if order.Uint16(rest[2:]) == netnsaNSID && length >= 8 {
			if id := int32(order.Uint32(rest[4:])); id >= 0 {
				return strconv.Itoa(int(id))
			}
			return "unassigned"
		}
		rest = rest[min((length+3)&^3, len(rest)):]
	}
	return ""
}

package program

import "golang.org/x/sys/unix"

// call says how a system call is printed: its name and what its operands are.
type call struct {
	name   string
	params []param
}

// param says what an operand is.
type param struct {
	kind   kind
	names  []symbol // of a number's values, or of bits
	fields []field  // of a structure
}

type kind uint8

const (
	number      kind = iota // unsigned, decimal where it has no name
	id                      // of 32 bits, -1 where it is not to change
	octal                   // a file mode
	fileMode                // of a regular file, with its type
	descriptor              // or AT_FDCWD
	bits                    // flags
	text                    // a NUL-terminated string
	texts                   // a NULL-terminated array of such
	structure               // with fields
	signal                  // a signal's number
	signalSet               // a set of signals
	capData                 // the three sets of capset(2)
	groupList               // the list of setgroups(2), whose length comes before it
	unixAddress             // struct sockaddr_un of unix(7), with a path
	ifreq                   // struct ifreq of netdevice(7), with flags
)

// field is one of a structure.
type field struct {
	name string
	size uint64 // in bytes
	what param
}

func num(names ...symbol) param    { return param{kind: number, names: names} }
func ids() param                   { return param{kind: id} }
func fd() param                    { return param{kind: descriptor} }
func str() param                   { return param{kind: text} }
func flags(names []symbol) param   { return param{kind: bits, names: names} }
func record(fields ...field) param { return param{kind: structure, fields: fields} }

func limits() param {
	value := num(symbol{"RLIM64_INFINITY", ^uint64(0), 0})
	return record(field{"rlim_cur", 8, value}, field{"rlim_max", 8, value})
}

func openHow() param {
	return record(field{"flags", 8, flags(openFlags())}, field{"mode", 8, param{kind: octal}},
		field{"resolve", 8, flags(resolveFlags())})
}

func mountAttr() param {
	return record(field{"attr_set", 8, flags(mountAttributes())}, field{"attr_clr", 8, flags(mountAttributes())},
		field{"propagation", 8, flags(mountFlags())}, field{"userns_fd", 8, num()})
}

func capHeader() param {
	version := num(symbol{"_LINUX_CAPABILITY_VERSION_3", unix.LINUX_CAPABILITY_VERSION_3, 0})
	return record(field{"version", 4, version}, field{"pid", 4, num()})
}

// lookup returns how an op's system call is printed. One that is not here has
// no name.
func lookup(o *Op) call {
	switch uintptr(o.Nr) {
	case unix.SYS_BIND:
		return call{"bind", []param{fd(), {kind: unixAddress}, num()}}
	case unix.SYS_CAPSET:
		return call{"capset", []param{capHeader(), {kind: capData}}}
	case unix.SYS_CHDIR:
		return call{"chdir", []param{str()}}
	case unix.SYS_CHROOT:
		return call{"chroot", []param{str()}}
	case unix.SYS_CLOSE:
		return call{"close", []param{fd()}}
	case unix.SYS_CLOSE_RANGE:
		return call{"close_range", []param{num(), num(), num()}}
	case unix.SYS_EXECVE:
		return call{"execve", []param{str(), {kind: texts}, {kind: texts}}}
	case unix.SYS_EXIT_GROUP:
		return call{"exit_group", []param{num()}}
	case unix.SYS_FACCESSAT:
		return call{"faccessat", []param{fd(), str(), flags(accessModes())}}
	case unix.SYS_FACCESSAT2:
		return call{"faccessat2", []param{fd(), str(), flags(accessModes()), flags(accessFlags())}}
	case unix.SYS_FALLOCATE:
		return call{"fallocate", []param{fd(), num(), num(), num()}}
	case unix.SYS_FCHDIR:
		return call{"fchdir", []param{fd()}}
	case unix.SYS_FCHMOD:
		return call{"fchmod", []param{fd(), {kind: octal}}}
	case unix.SYS_FCHMODAT:
		return call{"fchmodat", []param{fd(), str(), {kind: octal}}}
	case unix.SYS_FCHOWNAT:
		return call{"fchownat", []param{fd(), str(), ids(), ids(), flags(atFlags())}}
	case unix.SYS_FCNTL:
		return call{"fcntl", []param{fd(), num(fcntlCommands()...), flags(descriptorFlags())}}
	case unix.SYS_FSCONFIG:
		return call{"fsconfig", []param{fd(), num(fsconfigCommands()...), str(), str(), num()}}
	case unix.SYS_FSMOUNT:
		return call{"fsmount", []param{fd(), flags(fsmountFlags()), flags(mountAttributes())}}
	case unix.SYS_FSOPEN:
		return call{"fsopen", []param{str(), flags(fsopenFlags())}}
	case unix.SYS_IOCTL:
		return ioctlCall(o)
	case unix.SYS_KEYCTL:
		return call{"keyctl", []param{num(keyctlOperations()...), str()}}
	case unix.SYS_MKDIRAT:
		return call{"mkdirat", []param{fd(), str(), {kind: octal}}}
	case unix.SYS_MKNODAT:
		return call{"mknodat", []param{fd(), str(), {kind: fileMode}}}
	case unix.SYS_MOUNT:
		return call{"mount", []param{str(), str(), str(), flags(mountFlags()), str()}}
	case unix.SYS_MOUNT_SETATTR:
		return call{"mount_setattr", []param{fd(), str(), flags(atFlags()), mountAttr(), num()}}
	case unix.SYS_MOVE_MOUNT:
		return call{"move_mount", []param{fd(), str(), fd(), str(), flags(moveMountFlags())}}
	case unix.SYS_OPENAT:
		return call{"openat", []param{fd(), str(), flags(openFlags()), {kind: octal}}}
	case unix.SYS_OPENAT2:
		return call{"openat2", []param{fd(), str(), openHow(), num()}}
	case unix.SYS_OPEN_TREE:
		return call{"open_tree", []param{fd(), str(), flags(openTreeFlags())}}
	case unix.SYS_PIVOT_ROOT:
		return call{"pivot_root", []param{str(), str()}}
	case unix.SYS_PRCTL:
		return prctlCall(o)
	case unix.SYS_PRLIMIT64:
		return call{"prlimit64", []param{num(), num(resources()...), limits(), limits()}}
	case unix.SYS_RECVFROM:
		return call{"recvfrom", []param{fd(), str(), num(), flags(messageFlags()), str(), str()}}
	case unix.SYS_RT_SIGPROCMASK:
		return call{"rt_sigprocmask", []param{num(sigmaskHows()...), {kind: signalSet}, {kind: signalSet}, num()}}
	case unix.SYS_SECCOMP:
		return call{"seccomp", []param{num(seccompOperations()...), flags(seccompFlags()), record(field{"len", 8, num()}, field{"filter", 8, num()})}}
	case unix.SYS_SETDOMAINNAME:
		return call{"setdomainname", []param{str(), num()}}
	case unix.SYS_SETGROUPS:
		return call{"setgroups", []param{num(), {kind: groupList}}}
	case unix.SYS_SETHOSTNAME:
		return call{"sethostname", []param{str(), num()}}
	case unix.SYS_SETNS:
		return call{"setns", []param{fd(), flags(namespaceFlags())}}
	case unix.SYS_SETPGID:
		return call{"setpgid", []param{num(), num()}}
	case unix.SYS_SETRESGID:
		return call{"setresgid", []param{ids(), ids(), ids()}}
	case unix.SYS_SETRESUID:
		return call{"setresuid", []param{ids(), ids(), ids()}}
	case unix.SYS_SETSID:
		return call{"setsid", nil}
	case unix.SYS_SOCKET:
		return call{"socket", []param{num(addressFamilies()...), flags(socketTypes()), num()}}
	case unix.SYS_SYMLINKAT:
		return call{"symlinkat", []param{str(), fd(), str()}}
	case unix.SYS_UMASK:
		return call{"umask", []param{{kind: octal}}}
	case unix.SYS_UMOUNT2:
		return call{"umount2", []param{str(), flags(umountFlags())}}
	case unix.SYS_UNLINKAT:
		return call{"unlinkat", []param{fd(), str(), flags(atFlags())}}
	case unix.SYS_UNSHARE:
		return call{"unshare", []param{flags(namespaceFlags())}}
	case unix.SYS_WRITE:
		return call{"write", []param{fd(), str(), num()}}
	}
	return call{}
}

// ioctlCall knows what the requests take that are used here.
func ioctlCall(o *Op) call {
	argument := num()
	if o.Args[1].Value == unix.SIOCSIFFLAGS {
		argument = param{kind: ifreq}
	}
	return call{"ioctl", []param{fd(), num(ioctlRequests()...), argument}}
}

// prctlCall knows how many operands an option of prctl(2) has, and what they
// are.
func prctlCall(o *Op) call {
	for _, p := range []struct {
		name   string
		option uint64
		params []param
	}{
		{"PR_SET_PDEATHSIG", unix.PR_SET_PDEATHSIG, []param{{kind: signal}}},
		{"PR_SET_DUMPABLE", unix.PR_SET_DUMPABLE, []param{num()}},
		{"PR_SET_KEEPCAPS", unix.PR_SET_KEEPCAPS, []param{num()}},
		{"PR_SET_NAME", unix.PR_SET_NAME, []param{str()}},
		{"PR_CAPBSET_DROP", unix.PR_CAPBSET_DROP, []param{num()}},
		{"PR_SET_NO_NEW_PRIVS", unix.PR_SET_NO_NEW_PRIVS, []param{num(), num(), num(), num()}},
		{"PR_CAP_AMBIENT", unix.PR_CAP_AMBIENT, []param{num(
			symbol{"PR_CAP_AMBIENT_IS_SET", unix.PR_CAP_AMBIENT_IS_SET, 0},
			symbol{"PR_CAP_AMBIENT_RAISE", unix.PR_CAP_AMBIENT_RAISE, 0},
			symbol{"PR_CAP_AMBIENT_LOWER", unix.PR_CAP_AMBIENT_LOWER, 0},
			symbol{"PR_CAP_AMBIENT_CLEAR_ALL", unix.PR_CAP_AMBIENT_CLEAR_ALL, 0},
		), num(), num(), num()}},
	} {
		if o.Args[0] == Const(p.option) {
			return call{"prctl", append([]param{num(symbol{p.name, p.option, 0})}, p.params...)}
		}
	}
	return call{"prctl", []param{num(), num(), num(), num(), num()}}
}

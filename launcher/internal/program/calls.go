package program

import "golang.org/x/sys/unix"

// call describes a system call: how it is printed.
type call struct {
	name     string
	params   []param             // what its operands are
	paramsOf func(o *Op) []param // the same, where some operands say what the others are
}

// MaxCall bounds the numbers of system calls.
const MaxCall = 512

// calls are the system calls that a program may make, by their numbers: those that steps are made of.
var calls = [MaxCall]*call{
	unix.SYS_BIND:           {name: "bind", params: []param{fd, {kind: unixAddress}, num}},
	unix.SYS_CAPSET:         {name: "capset", params: []param{record(capHeader), {kind: capData}}},
	unix.SYS_CHDIR:          {name: "chdir", params: []param{str}},
	unix.SYS_CHROOT:         {name: "chroot", params: []param{str}},
	unix.SYS_CLOSE:          {name: "close", params: []param{fd}},
	unix.SYS_CLOSE_RANGE:    {name: "close_range", params: []param{num, num, num}},
	unix.SYS_EXECVE:         {name: "execve", params: []param{str, {kind: texts}, {kind: texts}}},
	unix.SYS_EXIT_GROUP:     {name: "exit_group", params: []param{num}},
	unix.SYS_FACCESSAT:      {name: "faccessat", params: []param{fd, str, flags(accessModes)}},
	unix.SYS_FACCESSAT2:     {name: "faccessat2", params: []param{fd, str, flags(accessModes), flags(accessFlags)}},
	unix.SYS_FALLOCATE:      {name: "fallocate", params: []param{fd, num, num, num}},
	unix.SYS_FCHDIR:         {name: "fchdir", params: []param{fd}},
	unix.SYS_FCHMOD:         {name: "fchmod", params: []param{fd, {kind: octal}}},
	unix.SYS_FCHMODAT:       {name: "fchmodat", params: []param{fd, str, {kind: octal}}},
	unix.SYS_FCHOWNAT:       {name: "fchownat", params: []param{fd, str, {kind: id}, {kind: id}, flags(atFlags)}},
	unix.SYS_FCNTL:          {name: "fcntl", params: []param{fd, oneOf(fcntlCommands), flags(descriptorFlags)}},
	unix.SYS_FSCONFIG:       {name: "fsconfig", params: []param{fd, oneOf(fsconfigCommands), str, str, num}},
	unix.SYS_FSMOUNT:        {name: "fsmount", params: []param{fd, flags(fsmountFlags), flags(mountAttributes)}},
	unix.SYS_FSOPEN:         {name: "fsopen", params: []param{str, flags(fsopenFlags)}},
	unix.SYS_IOCTL:          {name: "ioctl", paramsOf: ioctlParams},
	unix.SYS_KEYCTL:         {name: "keyctl", params: []param{oneOf(keyctlOperations), str}},
	unix.SYS_MKDIRAT:        {name: "mkdirat", params: []param{fd, str, {kind: octal}}},
	unix.SYS_MKNODAT:        {name: "mknodat", params: []param{fd, str, {kind: fileMode}}},
	unix.SYS_MOUNT:          {name: "mount", params: []param{str, str, str, flags(mountFlags), str}},
	unix.SYS_MOUNT_SETATTR:  {name: "mount_setattr", params: []param{fd, str, flags(atFlags), record(mountAttr), num}},
	unix.SYS_MOVE_MOUNT:     {name: "move_mount", params: []param{fd, str, fd, str, flags(moveMountFlags)}},
	unix.SYS_OPENAT:         {name: "openat", params: []param{fd, str, flags(openFlags), {kind: octal}}},
	unix.SYS_OPENAT2:        {name: "openat2", params: []param{fd, str, record(openHow), num}},
	unix.SYS_OPEN_TREE:      {name: "open_tree", params: []param{fd, str, flags(openTreeFlags)}},
	unix.SYS_PIVOT_ROOT:     {name: "pivot_root", params: []param{str, str}},
	unix.SYS_PRCTL:          {name: "prctl", paramsOf: prctlParams},
	unix.SYS_PRLIMIT64:      {name: "prlimit64", params: []param{num, oneOf(resources), record(limits), record(limits)}},
	unix.SYS_RECVFROM:       {name: "recvfrom", params: []param{fd, str, num, flags(messageFlags), str, str}},
	unix.SYS_RT_SIGPROCMASK: {name: "rt_sigprocmask", params: []param{oneOf(sigmaskHows), {kind: signalSet}, {kind: signalSet}, num}},
	unix.SYS_SECCOMP:        {name: "seccomp", params: []param{oneOf(seccompOperations), flags(seccompFlags), record(socketFilter)}},
	unix.SYS_SETDOMAINNAME:  {name: "setdomainname", params: []param{str, num}},
	unix.SYS_SETGROUPS:      {name: "setgroups", params: []param{num, {kind: groupList}}},
	unix.SYS_SETHOSTNAME:    {name: "sethostname", params: []param{str, num}},
	unix.SYS_SETNS:          {name: "setns", params: []param{fd, flags(cloneFlags)}},
	unix.SYS_SETPGID:        {name: "setpgid", params: []param{num, num}},
	unix.SYS_SETRESGID:      {name: "setresgid", params: []param{{kind: id}, {kind: id}, {kind: id}}},
	unix.SYS_SETRESUID:      {name: "setresuid", params: []param{{kind: id}, {kind: id}, {kind: id}}},
	unix.SYS_SETSID:         {name: "setsid"},
	unix.SYS_SOCKET:         {name: "socket", params: []param{oneOf(addressFamilies), flags(socketTypes), num}},
	unix.SYS_SYMLINKAT:      {name: "symlinkat", params: []param{str, fd, str}},
	unix.SYS_UMASK:          {name: "umask", params: []param{{kind: octal}}},
	unix.SYS_UMOUNT2:        {name: "umount2", params: []param{str, flags(umountFlags)}},
	unix.SYS_UNLINKAT:       {name: "unlinkat", params: []param{fd, str, flags(atFlags)}},
	unix.SYS_UNSHARE:        {name: "unshare", params: []param{flags(cloneFlags)}},
	unix.SYS_WRITE:          {name: "write", params: []param{fd, str, num}},
}

// callOf returns the description of the system call with a number, nil if no program may make it.
func callOf(nr uint16) *call {
	if nr >= MaxCall {
		return nil
	}
	return calls[nr]
}

// CallSet has a bit for each system call.
type CallSet [MaxCall / 64]uint64

// Calls returns the set of the system calls that a program may make.
func Calls() CallSet {
	var set CallSet
	for nr, c := range calls {
		if c != nil {
			set[nr/64] |= 1 << (nr % 64)
		}
	}
	return set
}

// Has reports whether a system call is in the set.
func (s *CallSet) Has(nr uint16) bool { return nr < MaxCall && s[nr/64]>>(nr%64)&1 == 1 }

// ioctlParams knows what the requests take that are used here.
func ioctlParams(o *Op) []param {
	argument := num
	if o.Args[1].Value == unix.SIOCSIFFLAGS {
		argument = param{kind: ifreq}
	}
	return []param{fd, oneOf(ioctlRequests), argument}
}

// prctlParams knows how many operands an option of prctl(2) has, and what they
// are.
func prctlParams(o *Op) []param {
	for _, p := range []struct {
		name   string
		option uint64
		params []param
	}{
		{"PR_SET_PDEATHSIG", unix.PR_SET_PDEATHSIG, []param{{kind: signal}}},
		{"PR_SET_DUMPABLE", unix.PR_SET_DUMPABLE, []param{num}},
		{"PR_SET_KEEPCAPS", unix.PR_SET_KEEPCAPS, []param{num}},
		{"PR_SET_NAME", unix.PR_SET_NAME, []param{str}},
		{"PR_CAPBSET_DROP", unix.PR_CAPBSET_DROP, []param{num}},
		{"PR_SET_NO_NEW_PRIVS", unix.PR_SET_NO_NEW_PRIVS, []param{num, num, num, num}},
		{"PR_CAP_AMBIENT", unix.PR_CAP_AMBIENT, []param{oneOf(ambientOperations), num, num, num}},
	} {
		if o.Args[0] == Const(p.option) {
			return append([]param{oneOf([]symbol{{p.name, p.option, 0}})}, p.params...)
		}
	}
	return []param{num, num, num, num, num}
}

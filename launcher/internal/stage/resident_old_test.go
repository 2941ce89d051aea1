package stage

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refuseGroups makes pidfd_send_signal(2) refuse flags, for this thread and what it executes.
func refuseGroups() error {
	const number, flags = 0, 16 + 3*8 // in struct seccomp_data; all processors with an image are little-endian
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_PIDFD_SEND_SIGNAL, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0)
}

// signalsGroups reports whether this kernel signals a process group by a descriptor.
func signalsGroups(t *testing.T) bool {
	t.Helper()
	const processGroup = 4 // PIDFD_SIGNAL_PROCESS_GROUP
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	err = unix.PidfdSendSignal(fd, 0, nil, processGroup)
	if err != nil && err != unix.EINVAL && err != unix.ESRCH { // it leads no group
		t.Fatal(err)
	}
	return err != unix.EINVAL
}

package step

import (
	"bytes"
	"encoding/binary"
	"runtime"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Confine lets the process do no more than execute something, or say that it cannot.
type Confine struct{}

func (Confine) String() string { return "allow only execve, and suspend all other system calls" }

func (Confine) Emit(s *Assembler) {
	// A fault dumps core without a system call. Of a pipe for cores the kernel thinks better at a limit of 1, not of 0.
	s.Call(unix.SYS_PRLIMIT64, null(), program.Int(unix.RLIMIT_CORE), s.Words(1, 1), null()).PassOver(unix.EPERM)
	filter := holdAllBut(uint32(s.layout.Sync))
	listener, which := s.Reg(), s.Words(uint64(len(filter)), s.Bytes(encodeFilter(filter)).Address())
	install := func() *program.Op {
		return s.Call(unix.SYS_SECCOMP, program.Const(unix.SECCOMP_SET_MODE_FILTER), program.Const(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), which).To(listener)
	}
	// It takes CAP_SYS_ADMIN, or no_new_privs, which may change what is executed.
	install().PassOver(unix.EACCES)
	s.ifRefused(listener, func() {
		s.prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		install()
	})
	// The process that waits is the one that would have to answer: it keeps the descriptor over the execve.
	s.Call(unix.SYS_FCNTL, program.Register(listener), program.Const(unix.F_SETFD), program.Const(0))
}

// CanConfine reports whether [Confine] knows the system calls of this processor.
func CanConfine() bool { return auditArch() != 0 }

// holdAllBut is a filter that holds all but what follows in the program: F_SETFD, execve, and a message on the sync
// socket of why that failed. The command cannot use the socket: it has no descriptor of that number, and can open none.
func holdAllBut(sync uint32) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		give  = unix.BPF_RET | unix.BPF_K
		// Offsets in struct seccomp_data; a descriptor is the low half of its operand.
		number, architecture, first, second = 0, 4, 16, 24
	)
	free := []uint32{unix.SYS_EXECVE, unix.SYS_FACCESSAT, unix.SYS_EXIT, unix.SYS_EXIT_GROUP}
	n := uint8(len(free))
	filter := []unix.SockFilter{
		{Code: load, K: architecture},
		{Code: equal, K: auditArch(), Jf: n + 7}, // else hold
		{Code: load, K: number},
	}
	for i, nr := range free {
		filter = append(filter, unix.SockFilter{Code: equal, K: nr, Jt: n - uint8(i) + 6}) // then allow
	}
	return append(filter,
		unix.SockFilter{Code: equal, K: unix.SYS_FCNTL, Jf: 2},
		unix.SockFilter{Code: load, K: second},
		unix.SockFilter{Code: equal, K: unix.F_SETFD, Jt: 4, Jf: 3},
		unix.SockFilter{Code: equal, K: unix.SYS_SENDTO, Jf: 2},
		unix.SockFilter{Code: load, K: first},
		unix.SockFilter{Code: equal, K: sync, Jt: 1},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_USER_NOTIF},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW},
	)
}

// auditArch is what the kernel calls this program's own system calls, 0 where that is not known. Another architecture
// of the same machine has the same numbers for other calls.
func auditArch() uint32 {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64
	case "riscv64":
		return unix.AUDIT_ARCH_RISCV64
	}
	return 0
}

func encodeFilter(filter []unix.SockFilter) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, filter) // a buffer takes all
	return b.Bytes()
}

package launcher

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// ErrUnconfined tells that a rehearsal could not keep the command from doing anything, so it was not executed: the
// kernel has no notifications of seccomp(2), or a filter around this process has them already.
var ErrUnconfined = errors.New("the command cannot be kept from doing anything")

// Rehearse carries the plan out as [Run] does, and executes the command as well, which then does nothing: of its system calls
// none is made but to execute another program, which is held like it, and to end. So a command that is missing, or whose loader is, gives
// the error that it would give. Nothing is left, nor what the launch made for later. It needs Linux 5.0; see seccomp_unotify(2).
func Rehearse(ctx context.Context, p *Plan, o Options) error {
	last := len(p.Steps) - 1
	if auditArch() == 0 {
		return ErrUnconfined
	}
	r := *p
	r.Steps = slices.Insert(slices.Clone(p.Steps), last, Step{By: ByCommand, Action: confine{}, Origin: p.Steps[last].Origin})
	var err error
	if r.program, err = assemble(&r, p.program.CloneFlags); err != nil {
		return err
	}
	s, err := Start(ctx, &r, o)
	var step *StepError
	switch {
	case err == nil:
		err = s.curtain()
		s.l.unmake()
	case !errors.As(err, &step):
	case step.Index == last:
		return errors.Join(ErrUnconfined, step.Err)
	case step.Index > last:
		step.Index = last // which it is in the caller's plan
	}
	return err
}

// curtain ends a command that is held, or says that it was killed as it was executed: then the kernel cannot say why.
func (s *Sandbox) curtain() error {
	// One that loops before its first system call is never held. One that is held sleeps for good, and one that the kernel
	// is executing may do so for a moment.
	const lasting = 10
	for asleep, end := 0, time.Now().Add(time.Second); asleep < lasting && time.Now().Before(end); time.Sleep(time.Millisecond) {
		switch stateOf(s.l.process.PID) {
		case 'R', 'D':
			asleep = 0
		case 'S':
			asleep++
		default:
			asleep = lasting // it has ended
		}
	}
	s.l.kill()
	exit, err := s.Wait()
	if err != nil || exit.Signal == 0 || exit.Signal == unix.SIGKILL && !exit.OOMKilled || exit.TimedOut {
		return err
	}
	p, last := s.l.plan, len(s.l.plan.Steps)-1
	e := &StepError{Index: last - 1, Step: p.Steps[last], Call: "execve", Err: errors.New("killed by " + unix.SignalName(exit.Signal)),
		Cause: "the program ends before its first system call: it is damaged, or a limit leaves it no room", Cure: "install it anew, or higher limits.rlimits",
		NotExecutable: true}
	e.Step.Origin = place(p.profile, e.Step.Origin)
	return e
}

// confine lets the process do no more than execute something, or say that it cannot.
type confine struct{}

func (confine) String() string { return "allow no system call but execve, and hold all others" }

func (confine) emit(s *assembler) {
	// A fault dumps core without a system call. Of a pipe for cores the kernel thinks better at a limit of 1, not of 0.
	s.Call(unix.SYS_PRLIMIT64, null(), program.Int(unix.RLIMIT_CORE), s.Words(1, 1), null()).PassOver(unix.EPERM)
	filter := holdAllBut(uint32(s.layout.sync))
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

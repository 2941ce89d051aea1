// Package siginfo receives signals as sigaction(2) gives them: with what the
// kernel says of their sender, and once for each time that they were sent. Package
// os/signal gives neither, and does not receive signal 34. Those that are pending at one time
// may come in any order: several threads take them.
//
// The handler is a few instructions that write siginfo_t to a pipe and touch
// nothing of the Go runtime. It is in place of the runtime's own for the
// signals received, and for those only.
//
// The package also blocks signals in a thread, and reads what the kernel says of the end of a child.
package siginfo

import (
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Info is a signal that this process got.
type Info struct {
	Signal syscall.Signal
	Code   int32        // si_code: 0 and below if a process sent it, above if the kernel did
	Raw    unix.Siginfo // all that the kernel says
}

// size is that of siginfo_t. A pipe takes so much in one piece or not at all.
const size = 128

// pipe is the descriptor that the handler writes to. A handler knows nothing but
// what is at a fixed address, so this is a variable. It is written once, before
// there is a handler.
//
//lint:ignore U1000 the handler reads it
var pipe int32

const sigIgnore = 1 // SIG_IGN

// handlerPC is the address of the handler.
func handlerPC() uintptr

// Receiver is where the signals of a process come in.
type Receiver struct{ fd int }

// Receive makes the process receive these signals from now on. It is called
// at most once in a process: dispositions of signals are the process's. The calling goroutine is locked
// to its thread, for good.
func Receive(signals []syscall.Signal) (*Receiver, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	// The handler never waits: what a full pipe does not hold is lost. This is the most that
	// anybody may ask for, and holds 8192 signals; where that is refused, 512.
	_, _ = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, 1<<20)
	if err := unix.SetNonblock(ends[1], true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	pipe = int32(ends[1])
	// The process that started this one may have blocked the signals, for every
	// thread. Here is one that takes them.
	runtime.LockOSThread()
	if err := takeOver(signals); err != nil {
		return nil, err
	}
	return &Receiver{ends[0]}, nil
}

// FD can be read once a signal has come.
func (r *Receiver) FD() int { return r.fd }

// WriteFD is where the handler writes to.
func (r *Receiver) WriteFD() int { return int(pipe) }

// From is a receiver of what another process writes to a pipe.
func From(fd int) *Receiver { return &Receiver{fd} }

func takeOver(signals []syscall.Signal) error {
	// Flags and restorer as the runtime sets them for a signal that it always handles.
	a, err := get(unix.SIGSEGV)
	if err != nil {
		return err
	}
	a.handler = handlerPC()
	set := unix.Sigset_t{Val: [16]uint64{1<<(unix.SIGTTIN-1) | 1<<(unix.SIGTTOU-1)}} // for Stop
	for _, s := range signals {
		if err := install(s, &a); err != nil {
			return err
		}
		set.Val[0] |= 1 << (s - 1)
	}
	return os.NewSyscallError("rt_sigprocmask", unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil))
}

// Next returns the next signal; it waits for one if need be.
func (r *Receiver) Next() (Info, error) {
	var raw unix.Siginfo
	buf := (*[size]byte)(unsafe.Pointer(&raw))
	for {
		n, err := unix.Read(r.fd, buf[:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return Info{}, os.NewSyscallError("read", err)
		case n < size:
			return Info{}, io.ErrUnexpectedEOF // the other end is never closed
		default:
			return Info{syscall.Signal(raw.Signo), raw.Code, raw}, nil
		}
	}
}

// Ignored reports whether the process ignores a signal.
func Ignored(s syscall.Signal) bool {
	a, err := get(s)
	return err == nil && a.handler == sigIgnore
}

// Default makes of a signal that the process ignores what the kernel makes of it.
func Default(s syscall.Signal) error {
	if !Ignored(s) {
		return nil
	}
	return install(s, &action{})
}

// Ignore makes the process ignore a signal.
func Ignore(s syscall.Signal) error { return install(s, &action{handler: sigIgnore}) }

// Stop stops this process by a stop signal, whatever is made of that otherwise, or
// all of its process group at once. The process may still run a little when it
// returns. After it was continued, undo makes of the signal what was made before.
func Stop(s syscall.Signal, group bool) (undo func()) {
	undo = func() {}
	// SIGSTOP has no other action.
	if old, err := get(s); err == nil && install(s, &action{}) == nil {
		undo = func() { _ = install(s, &old) }
	}
	pid := unix.Getpid()
	if group {
		pid = 0
	}
	_ = unix.Kill(pid, s)
	return undo
}

func get(s syscall.Signal) (a action, err error) {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a.mask), 0, 0)
	if e != 0 {
		err = os.NewSyscallError("rt_sigaction", e)
	}
	return a, err
}

func install(s syscall.Signal, a *action) error {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(a)), 0, unsafe.Sizeof(a.mask), 0, 0)
	if e != 0 {
		return os.NewSyscallError("rt_sigaction", e)
	}
	return nil
}

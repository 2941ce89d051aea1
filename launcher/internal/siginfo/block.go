package siginfo

import (
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// blocked counts the threads that have blocked all signals. Like pipe, it is at a fixed address for a handler.
var blocked atomic.Int32

// sigBlock is a signal that no Go program without C uses: that of setxid in the C library.
const sigBlock = syscall.Signal(33)

// blockPC is the address of a handler that blocks all signals in the thread that it interrupts.
func blockPC() uintptr

// BlockOthers blocks all signals in all other threads of this process, so that what comes waits. It is for
// who executes another program, with its own thread's signals blocked: a thread that the execve ends may have taken a
// signal, and not have come to its handler. The threads stay so.
func BlockOthers() error {
	a, err := get(unix.SIGSEGV)
	if err != nil {
		return err
	}
	a.handler = blockPC()
	if err := install(sigBlock, &a); err != nil {
		return err
	}
	dir, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open /proc/self/task", err)
	}
	defer unix.Close(dir)
	blocked.Store(0)
	asked := []int{unix.Gettid()}
	for { // until no thread is new
		n := len(asked)
		if asked, err = askOthers(dir, asked); err != nil || len(asked) == n {
			return err
		}
		if err := awaitBlocked(len(asked) - 1); err != nil {
			return err
		}
	}
}

// askOthers has all threads of this process but those asked block their signals, and returns these with those.
func askOthers(dir int, asked []int) ([]int, error) {
	if _, err := unix.Seek(dir, 0, unix.SEEK_SET); err != nil {
		return nil, os.NewSyscallError("lseek", err)
	}
	var buf [4096]byte // more threads than this has room for do not start a sandbox
	n, err := unix.ReadDirent(dir, buf[:])
	if err != nil {
		return nil, os.NewSyscallError("getdents64", err)
	}
	_, _, names := unix.ParseDirent(buf[:n], -1, nil)
	for _, name := range names {
		tid, err := strconv.Atoi(name)
		if err == nil && !slices.Contains(asked, tid) && unix.Tgkill(unix.Getpid(), tid, sigBlock) == nil {
			asked = append(asked, tid)
		}
	}
	return asked, nil
}

// awaitBlocked waits until n threads have blocked their signals. On a machine with much to do it takes a while until
// each has run. No goroutine is to be run meanwhile, in a thread that would be started for it.
func awaitBlocked(n int) error {
	const shortest, longest, limit = 1_000, 1_000_000, 5_000_000_000
	for waited, pause := int64(0), int64(shortest); waited < limit; waited, pause = waited+pause, min(2*pause, longest) {
		if int(blocked.Load()) >= n {
			return nil
		}
		t := unix.NsecToTimespec(pause)
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
	}
	return os.ErrDeadlineExceeded
}

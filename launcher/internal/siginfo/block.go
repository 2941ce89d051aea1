package siginfo

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/runtimehook"
	"golang.org/x/sys/unix"
)

// blocked counts the threads that have blocked all signals. Like pipe, it is at a fixed address for a handler.
var blocked atomic.Int32

// sigBlock is a signal that no Go program without C uses: that of setxid in the C library.
const sigBlock = syscall.Signal(33)

// blockPC is the address of a handler that blocks all signals in the thread that it interrupts.
func blockPC() uintptr

// Exec executes a program in this process, as [syscall.Exec] does but for RLIMIT_NOFILE, and loses no signal. The calling
// thread's are blocked. So are those of all others first: a thread that the execve ends may have taken a signal, and not have come to
// its handler. What comes from then on is pending for the program. After an error those threads stay as they are.
func Exec(path string, argv, envv []string) error {
	file, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	args, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	env, err := syscall.SlicePtrFromStrings(envv)
	if err != nil {
		return err
	}
	others, err := otherThreads()
	if err != nil {
		return err
	}
	defer unix.Close(others.dir)
	// No thread is made from here on, and nothing may wait for one.
	runtimehook.BeforeExec()
	call, errno := others.block()
	if errno == 0 {
		call = "execve"
		_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])))
	}
	runtimehook.AfterExec()
	runtime.KeepAlive(file)
	return os.NewSyscallError(call, errno)
}

// threads are the other threads of this process.
type threads struct {
	dir      int // of /proc/self/task
	pid, tid int
	asked    [64]int // to block their signals
	n        int
	entries  [4096]byte
	pause    unix.Timespec
}

// otherThreads makes ready what takes memory or a file.
func otherThreads() (*threads, error) {
	a, err := get(unix.SIGSEGV)
	if err != nil {
		return nil, err
	}
	a.handler = blockPC()
	if err := install(sigBlock, &a); err != nil {
		return nil, err
	}
	dir, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /proc/self/task", err)
	}
	blocked.Store(0)
	return &threads{dir: dir, pid: unix.Getpid(), tid: unix.Gettid()}, nil
}

// block blocks all signals in all of them. It makes only raw system calls, and returns which failed.
func (t *threads) block() (call string, errno unix.Errno) {
	for {
		n := t.n
		if call, errno = t.ask(); errno != 0 || t.n == n { // until none is new
			return call, errno
		}
		if !t.await() {
			return "tgkill", unix.ETIMEDOUT
		}
	}
}

// ask sends the signal to those that were not asked.
func (t *threads) ask() (call string, errno unix.Errno) {
	if _, _, errno = unix.RawSyscall(unix.SYS_LSEEK, uintptr(t.dir), 0, unix.SEEK_SET); errno != 0 {
		return "lseek", errno
	}
	// More threads than this has room for do not start a sandbox.
	size, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, uintptr(t.dir), uintptr(unsafe.Pointer(&t.entries[0])), unsafe.Sizeof(t.entries))
	if errno != 0 {
		return "getdents64", errno
	}
	for at := 0; at < int(size); {
		e := (*unix.Dirent)(unsafe.Pointer(&t.entries[at]))
		at += int(e.Reclen)
		tid := number(e)
		if tid == 0 || tid == t.tid || t.has(tid) {
			continue
		}
		if t.n == len(t.asked) {
			return "tgkill", unix.E2BIG
		}
		switch _, _, errno = unix.RawSyscall(unix.SYS_TGKILL, uintptr(t.pid), uintptr(tid), uintptr(sigBlock)); errno {
		case 0:
			t.asked[t.n] = tid
			t.n++
		case unix.ESRCH: // it has ended
		default:
			return "tgkill", errno
		}
	}
	return "", 0
}

// number is the number that an entry's name is, 0 if it is none.
func number(e *unix.Dirent) (n int) {
	for _, c := range e.Name {
		if c == 0 {
			break
		}
		if c < '0' || c > '9' {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

func (t *threads) has(tid int) bool {
	for _, asked := range t.asked[:t.n] {
		if asked == tid {
			return true
		}
	}
	return false
}

// await waits until those asked have blocked their signals. On a machine with much to do it takes a while until each has run.
func (t *threads) await() bool {
	const shortest, longest, limit = 1_000, 1_000_000, 1_000_000_000
	for waited, pause := int64(0), int64(shortest); waited < limit; waited, pause = waited+pause, min(2*pause, longest) {
		if int(blocked.Load()) >= t.n {
			return true
		}
		t.pause = unix.NsecToTimespec(pause)
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t.pause)), 0, 0)
	}
	return false
}

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

// most is how many other threads Exec can block. A process that starts a sandbox has fewer. The handlers of block_*.s know this number.
const most = 64

// blocked says which threads have blocked all signals. Each is asked with an index of its own. Like pipe, it is at a fixed address for
// the handler.
var blocked [most]atomic.Uint32

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
	asked    [most]int // to block their signals
	n        int
	info     [size / 8]uint64 // siginfo_t of the signal that asks
	entries  [4096]byte
	length   int // of the entries
	stat     unix.Stat_t
	pause    unix.Timespec
}

// otherThreads prepares what needs memory or a file.
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
	for i := range blocked {
		blocked[i].Store(0)
	}
	t := &threads{dir: dir, pid: unix.Getpid(), tid: unix.Gettid()}
	const queue = 1<<32 - 1 // SI_QUEUE, which is -1
	t.info[0], t.info[1] = uint64(sigBlock), queue
	return t, nil
}

// block blocks all signals in all of them. It makes only raw system calls, and returns the one that failed. On a busy machine it needs
// a while until each thread has run.
func (t *threads) block() (call string, errno unix.Errno) {
	const shortest, longest, limit = 1_000, 1_000_000, 1_000_000_000
	for waited, pause := int64(0), int64(shortest); waited < limit; waited, pause = waited+pause, min(2*pause, longest) {
		if call, errno = t.list(); errno != 0 {
			return call, errno
		}
		done, errno := t.ask()
		if errno != 0 {
			return "rt_tgsigqueueinfo", errno
		}
		if done && t.complete() {
			return "", 0
		}
		t.pause = unix.NsecToTimespec(pause)
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t.pause)), 0, 0)
	}
	return "rt_tgsigqueueinfo", unix.ETIMEDOUT
}

// list reads which threads there are.
func (t *threads) list() (call string, errno unix.Errno) {
	if _, _, errno = unix.RawSyscall(unix.SYS_LSEEK, uintptr(t.dir), 0, unix.SEEK_SET); errno != 0 {
		return "lseek", errno
	}
	length, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, uintptr(t.dir), uintptr(unsafe.Pointer(&t.entries[0])), unsafe.Sizeof(t.entries))
	t.length = int(length)
	return "getdents64", errno
}

// ask sends the signal to the threads that were not asked, and reports whether all listed ones have blocked their signals.
func (t *threads) ask() (done bool, errno unix.Errno) {
	done = true
	for tid, at := t.next(0); tid != 0; tid, at = t.next(at) {
		if tid == t.tid {
			continue
		}
		if i := t.index(tid); i < t.n {
			done = done && blocked[i].Load() != 0
			continue
		}
		if t.n == most {
			return false, unix.E2BIG
		}
		done = false
		t.info[3] = uint64(t.n) // si_value
		_, _, errno = unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(t.pid), uintptr(tid), uintptr(sigBlock), uintptr(unsafe.Pointer(&t.info[0])), 0, 0)
		switch errno {
		case 0:
			t.asked[t.n] = tid
			t.n++
		case unix.ESRCH: // it has ended
		default:
			return false, errno
		}
	}
	return done, 0
}

// complete reports whether the list has all threads. The kernel ends it early, without an error, where a thread ends while it is read
// (next_tid in fs/proc/base.c). So the list must be as long as the process has threads, and each must still be there after that.
func (t *threads) complete() bool {
	if _, _, errno := unix.RawSyscall(unix.SYS_FSTAT, uintptr(t.dir), uintptr(unsafe.Pointer(&t.stat)), 0); errno != 0 {
		return false
	}
	links := uint64(2) // and one for each thread
	for tid, at := t.next(0); tid != 0; tid, at = t.next(at) {
		links++
		if _, _, errno := unix.RawSyscall(unix.SYS_TGKILL, uintptr(t.pid), uintptr(tid), 0); errno != 0 {
			return false
		}
	}
	return uint64(t.stat.Nlink) == links
}

// next returns the next thread of the list and where to look for the one after it, or 0 at the end.
func (t *threads) next(at int) (tid, after int) {
	for tid == 0 && at < t.length {
		e := (*unix.Dirent)(unsafe.Pointer(&t.entries[at]))
		at += int(e.Reclen)
		tid = number(e)
	}
	return tid, at
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

// index returns the index of a thread that was asked, or n.
func (t *threads) index(tid int) int {
	for i, asked := range t.asked[:t.n] {
		if asked == tid {
			return i
		}
	}
	return t.n
}

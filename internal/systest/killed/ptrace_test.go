package killed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// target is a system call at which a process is killed.
type target struct {
	role string // the process; see killer
	n    int    // its nth call, from 1, in whichever of its threads
	// main ends the count at the process' first execve.
	main bool
}

// killer traces a launcher and what it starts, to kill one of them before it
// makes a certain system call. Processes are distinguished by whose child they
// are: "launcher", "launcher.0" for the first that it forks, and so on.
type killer struct {
	target
	count int
	// roles is the role of each thread's process, children how many processes
	// that has forked.
	roles    map[int]string
	children map[string]int
	fresh    map[int]bool // threads that wait for the report of their parent
	status   unix.WaitStatus
}

// killAt starts u's nslaunch and kills the process of the target before it
// makes that call. It reports whether that came to be, and the status of the
// launcher. What is left runs on.
func killAt(t *testing.T, cmd *exec.Cmd, at target) (killed bool, status unix.WaitStatus) {
	t.Helper()
	k := &killer{target: at, roles: map[int]string{}, children: map[string]int{}, fresh: map[int]bool{}}
	// It waits for the tracer, and then is what it is to be.
	wait, begin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer begin.Close()
	cmd.Args = append([]string{"sh", "-c", `read -r x <&3; exec 3<&-; exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{wait}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait.Close()
	onThread(func() { err = k.trace(cmd.Process.Pid, begin) })
	if errors.Is(err, errKilled) {
		_ = cmd.Wait() // its status says all
		return true, unix.WaitStatus(cmd.ProcessState.Sys().(syscall.WaitStatus))
	}
	if err != nil {
		_ = cmd.Process.Kill()
		t.Fatal(err)
	}
	_ = cmd.Process.Release()
	return false, k.status
}

// onThread runs f in a thread and returns when that has ended: the processes that it traced
// are released then. A wait for a traced process before that reports
// its stop, and takes the signal from it that it stopped for.
func onThread(f func()) {
	thread := make(chan int)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread cannot end. It waits here, for another.
			onThread(f)
			runtime.UnlockOSThread()
			close(thread)
			return
		}
		f()
		thread <- unix.Gettid()
	}()
	tid, own := <-thread
	for own && unix.Tgkill(unix.Getpid(), tid, 0) == nil {
		time.Sleep(100 * time.Microsecond)
	}
}

// errKilled says that the target was met.
var errKilled = errors.New("killed")

const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC

// trace starts the launcher, which waits to read from begin, and follows it to its end.
func (k *killer) trace(launcher int, begin *os.File) error {
	k.roles[launcher] = "launcher"
	// Not PTRACE_TRACEME: what is attached so gets signals that outlast the tracer.
	if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(launcher), 0, traceOptions, 0, 0); errno != 0 {
		return errno
	}
	// At its execve, the first thing that it does, it is resumed as it should be.
	if _, err := begin.Write([]byte("\n")); err != nil {
		return err
	}
	var status unix.WaitStatus
	for {
		// __WNOTHREAD: nobody else's children.
		pid, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if !status.Stopped() {
			if pid == launcher {
				k.status = status
				return nil
			}
			continue
		}
		signal := 0
		switch cause := status.TrapCause(); {
		case cause == unix.PTRACE_EVENT_STOP:
			if k.roles[pid] == "" {
				k.fresh[pid] = true // its parent reports it next
				continue
			}
		case cause > 0:
			err = k.event(pid, cause)
		case status.StopSignal() == unix.SIGTRAP|0x80:
			err = k.call(pid)
		case status.StopSignal() != unix.SIGTRAP:
			signal = int(status.StopSignal())
		}
		if err == unix.ESRCH {
			continue // killed meanwhile
		}
		if err != nil {
			return err
		}
		if err := k.resume(pid, signal); err != nil {
			return err
		}
	}
}

// resume lets a thread go on: to its next call if it is of interest.
func (k *killer) resume(pid, signal int) error {
	var err error
	if k.roles[pid] == k.role {
		err = unix.PtraceSyscall(pid, signal)
	} else {
		err = unix.PtraceCont(pid, signal)
	}
	if err == unix.ESRCH { // killed meanwhile
		return nil
	}
	return err
}

// event notes a new thread or process, and the execve that ends the count.
func (k *killer) event(pid, cause int) error {
	if cause == unix.PTRACE_EVENT_EXEC {
		if k.main && k.roles[pid] == k.role {
			k.n = 0
		}
		return nil
	}
	message, err := unix.PtraceGetEventMsg(pid)
	if err != nil {
		return err
	}
	child := int(message)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", child))
	role := k.roles[pid]
	if err != nil || strings.Contains(string(status), fmt.Sprintf("\nTgid:\t%d\n", child)) {
		role = fmt.Sprintf("%s.%d", role, k.children[role])
		k.children[k.roles[pid]]++
	}
	k.roles[child] = role
	if k.fresh[child] {
		delete(k.fresh, child)
		return k.resume(child, 0)
	}
	return nil
}

// call counts the calls of the target's process and kills it before the nth.
func (k *killer) call(pid int) error {
	// struct ptrace_syscall_info of ptrace(2), as far as it is read.
	var info struct {
		op   uint8
		_    [23]byte
		nr   uint64
		rest [64]byte
	}
	const getSyscallInfo, entry = 0x420e, 1
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(pid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return errno
	}
	if info.op != entry || idle(info.nr) {
		return nil
	}
	if k.role == "launcher" && k.count == 0 && info.nr != unix.SYS_MEMFD_CREATE {
		return nil // nothing has begun
	}
	k.count++
	if k.count != k.n {
		return nil
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return err
	}
	return errKilled
}

// idle tells the calls that the Go runtime makes for itself, now more, now less.
func idle(nr uint64) bool {
	switch nr {
	case unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_SCHED_YIELD, unix.SYS_EPOLL_PWAIT, unix.SYS_MADVISE,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_TGKILL, unix.SYS_RT_SIGRETURN,
		unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGACTION, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL:
		return true
	}
	return false
}

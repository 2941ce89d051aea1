// Package stage runs a program of system calls in a new process, the stage. The stage becomes the sandbox's init, or, without one, the
// command. Where the user namespace is new, a loader starts it.
//
// There are two images that do the same. The sealed one is assembly in a memfd ([Image]), written by gen. The portable one is the
// launcher's own binary, executed again, for machines where a memfd cannot be executed ([Main]). A
// running Go process has many threads, and the kernel refuses unshare(2) and
// setns(2) of user namespaces to such a one, so the runtime only loads the program; a raw fork without exec, single-threaded,
// then runs it. From the fork on there is no allocation, no lock, no stack
// growth and no signal handler, as in package syscall between fork and exec.
package stage

//go:generate go run ./gen

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/runtimehook"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// Argv0 is the name under which the binary is started as a stage; the only
// argument is the number of the descriptor that holds the program.
const Argv0 = "nslaunch-init"

// Exit status of a stage whose setup failed.
const exitSetup = 125

// Main runs the program and never returns if this process was started as a
// stage; else it does nothing. It goes first in main.
func Main() {
	if len(os.Args) != 2 || os.Args[0] != Argv0 {
		return
	}
	if !runtimehook.Linked {
		fatal("this build has no portable image")
	}
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil || fd < 0 {
		fatal("not a descriptor: " + os.Args[1])
	}
	m, err := load(fd)
	if err != nil {
		fatal(err.Error())
	}
	if errno := m.start(); errno != 0 {
		m.fail(program.OpStart, errno)
	}
	os.Exit(0)
}

// fatal is for what cannot happen short of a bug or a foreign caller; no
// socket to report on is known yet.
func fatal(msg string) {
	os.Stderr.WriteString("nslaunch: child: " + msg + "\n")
	os.Exit(exitSetup)
}

// load maps the program of fd and closes fd.
func load(fd int) (*machine, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	base, err := mapAt(program.Address, uintptr(st.Size), syscall.PROT_READ, syscall.MAP_PRIVATE, uintptr(fd))
	if err != nil {
		return nil, err
	}
	syscall.Close(fd)
	h, err := program.Check(unsafe.Slice((*byte)(base), st.Size))
	if err != nil {
		return nil, err
	}
	if h.Scratch > 0 {
		const access = syscall.PROT_READ | syscall.PROT_WRITE
		if _, err := mapAt(program.ScratchAddress, uintptr(h.Scratch), access, syscall.MAP_PRIVATE|syscall.MAP_ANONYMOUS, ^uintptr(0)); err != nil {
			return nil, err
		}
	}
	for _, fd := range []int32{h.SyncFD, h.ControlFD} {
		if fd >= 0 {
			syscall.CloseOnExec(int(fd))
		}
	}
	return &machine{
		size:    uintptr(st.Size),
		ops:     unsafe.Add(base, h.OpsAt()),
		count:   uintptr(h.Ops),
		clone:   uintptr(h.CloneFlags),
		inPlace: h.InPlace,
		sync:    uintptr(h.SyncFD),
		control: uintptr(h.ControlFD),
	}, nil
}

// mapAt maps memory at an address where there is nothing yet.
func mapAt(address, size, access, flags, fd uintptr) (unsafe.Pointer, error) {
	const fixedNoReplace = 0x100000 // MAP_FIXED_NOREPLACE
	got, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, address, size, access, flags|fixedNoReplace, fd, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("mmap", errno)
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&got)), nil
}

// start forks the process that runs op 0, as a sibling: the launcher is its
// parent, and this process is done.
//
//go:norace
//go:noinline
//go:nocheckptr
func (m *machine) start() syscall.Errno {
	if m.inPlace {
		return syscall.EINVAL // not with a Go runtime around it
	}
	flags := m.clone | syscall.CLONE_PARENT
	runtimehook.BeforeFork()
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		runtimehook.AfterFork()
		return errno
	}
	runtimehook.AfterForkInChild()
	m.run()
	return 0
}

package stage

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// model is one process of a program: what it does, done by hand.
type model struct {
	t       *testing.T
	p       *program.Program
	pc      int
	regs    [program.NumRegs]int64
	files   map[int64]file // by descriptor
	execErr unix.Errno
	umask   int64
}

// mask is this process's umask, which children have from it.
func mask() int64 {
	old := unix.Umask(0)
	unix.Umask(old)
	return int64(old)
}

// file is an open file.
type file struct {
	null      bool // it is /dev/null
	directory bool
}

func newModel(t *testing.T, p *program.Program) *model {
	return &model{t: t, p: p, umask: mask(), files: map[int64]file{0: {null: true}, 1: {}, 2: {}, syncFD: {}, controlFD: {}}}
}

// ends tells how this process and those that it forks end.
func (m *model) ends() []string {
	var all []string
	for ; m.pc < len(m.p.Ops); m.pc++ {
		o := &m.p.Ops[m.pc]
		switch {
		case o.Nr == program.SpecialSkip:
			if refused := m.regs[o.Args[0].Value] < 0; refused == (o.Args[2].Value == 0) {
				m.pc += int(o.Args[1].Value)
			}
			continue
		case o.Nr == program.SpecialFork && o.Args[0].Value == 0:
			c := *m
			c.pc, c.files = int(o.Args[1].Value), maps.Clone(m.files)
			all = append(all, c.ends()...)
			continue
		}
		result, errno := m.call(o)
		if errno == 0 && o.Flags&program.MustFail != 0 {
			return m.failed(all, m.pc, unix.Errno(o.Args[5].Value))
		}
		if errno != 0 {
			if !o.Passes(errno) {
				return m.failed(all, m.pc, errno)
			}
			if o.Flags&program.Exec != 0 && m.execErr != unix.EACCES {
				m.execErr = errno
			}
			result = -int64(errno)
		}
		if o.Out != program.NoReg {
			m.regs[o.Out] = result
		}
	}
	return m.failed(all, len(m.p.Ops)-1, unix.ENOEXEC)
}

func (m *model) failed(all []string, op int, errno unix.Errno) []string {
	all = append(all, fmt.Sprintf("op %d: %v", op, unix.ErrnoName(errno)))
	slices.Sort(all)
	return all
}

func (m *model) arg(a program.Operand) int64 {
	if a.Kind == program.KindReg {
		return m.regs[a.Value]
	}
	return int64(a.Value)
}

// call is what the kernel would answer.
func (m *model) call(o *program.Op) (int64, unix.Errno) {
	fd := m.arg(o.Args[0])
	f, open := m.files[int64(int32(fd))]
	switch o.Nr {
	case program.SpecialSync, program.SpecialCwd, program.SpecialPID, program.SpecialStore:
		return 0, 0
	case program.SpecialFork:
		return 0, unix.EINVAL
	case program.SpecialNotExecutable:
		if m.execErr == unix.EACCES {
			return 0, m.execErr
		}
		return 0, 0
	case program.SpecialNotFound:
		if m.execErr == 0 {
			return 0, unix.ENOENT
		}
		return 0, m.execErr
	case unix.SYS_UMASK:
		old := m.umask
		m.umask = int64(o.Args[0].Value)
		return old, 0
	case unix.SYS_SOCKET:
		if o.Args[1].Value != unix.SOCK_DGRAM {
			return 0, unix.EINVAL
		}
		return m.add(file{}), 0
	case unix.SYS_OPENAT:
		return m.open(m.p.CString(o.Args[1].Value), int(o.Args[2].Value))
	case unix.SYS_PRCTL:
		if o.Args[0].Value == unix.PR_GET_DUMPABLE {
			return 1, 0
		}
		return 0, unix.EINVAL
	case unix.SYS_CLOSE_RANGE:
		return 0, 0
	}
	if !open {
		return 0, unix.EBADF
	}
	switch o.Nr {
	case unix.SYS_CLOSE:
		delete(m.files, fd)
	case unix.SYS_FCHDIR:
		if !f.directory {
			return 0, unix.ENOTDIR
		}
	case program.SpecialSameFile:
		if !f.null {
			return 0, unix.ESTALE
		}
	default:
		m.t.Fatalf("the model knows no call %d", o.Nr)
	}
	return 0, 0
}

func (m *model) open(path string, flags int) (int64, unix.Errno) {
	switch {
	case path == "/no/such":
		return 0, unix.ENOENT
	case path == "/dev/null/x", path == "/dev/null" && flags&unix.O_DIRECTORY != 0:
		return 0, unix.ENOTDIR
	case path == "/" && flags&unix.O_RDWR != 0:
		return 0, unix.EISDIR
	}
	return m.add(file{path == "/dev/null", path == "/"}), 0
}

// add opens a file at the lowest descriptor that is free.
func (m *model) add(f file) int64 {
	for fd := int64(0); ; fd++ {
		if _, taken := m.files[fd]; !taken {
			m.files[fd] = f
			return fd
		}
	}
}

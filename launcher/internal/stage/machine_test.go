package stage

import (
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Each program ends with a failure, which tells how far it came.
func TestOps(t *testing.T) { eachImage(t, testOps) }

func testOps(t *testing.T, run runner) {
	var null unix.Stat_t
	if err := unix.Stat("/dev/null", &null); err != nil {
		t.Fatal(err)
	}
	major, minor := program.Const(uint64(unix.Major(null.Dev))), program.Const(uint64(unix.Minor(null.Dev)))
	isNull := []program.Operand{major, minor, program.Const(null.Ino), program.Const(unix.S_IFCHR)}
	closed := program.Int(-1) // of which close says EBADF
	for _, test := range []struct {
		name  string
		build func(b *program.Builder)
		op    int // counted after the first, which every program has; -1: the end
		errno unix.Errno
	}{
		{"nothing", func(*program.Builder) {}, -1, unix.ENOEXEC},
		{"a call fails", func(b *program.Builder) {
			b.Call(unix.SYS_UMASK, program.Int(0o22))
			b.Call(unix.SYS_CLOSE, closed)
			b.Call(unix.SYS_UMASK, program.Int(0o22))
		}, 1, unix.EBADF},
		{"an errno is passed over", func(b *program.Builder) {
			b.Call(unix.SYS_CLOSE, closed).PassOver(unix.EINTR, unix.EIO, unix.EBADF, unix.EINVAL)
		}, -1, unix.ENOEXEC},
		{"another errno is not", func(b *program.Builder) {
			b.Call(unix.SYS_CLOSE, closed).PassOver(unix.EINTR)
		}, 0, unix.EBADF},
		{"no success where failure is due", func(b *program.Builder) {
			b.Call(unix.SYS_UMASK, null6(unix.EXDEV)...).PassOver(unix.EBADF).With(program.MustFail)
		}, 0, unix.EXDEV},
		{"the due failure", func(b *program.Builder) {
			b.Call(unix.SYS_CLOSE, closed, zero(), zero(), zero(), zero(), program.Const(uint64(unix.EXDEV))).
				PassOver(unix.EBADF).With(program.MustFail)
		}, -1, unix.ENOEXEC},
		{"another failure than is due", func(b *program.Builder) {
			b.Call(unix.SYS_CLOSE, closed, zero(), zero(), zero(), zero(), program.Const(uint64(unix.EXDEV))).
				PassOver(unix.EINTR).With(program.MustFail)
		}, 0, unix.EBADF},
		{"the sixth operand is not the kernel's where failure is due", func(b *program.Builder) {
			// It is an address there.
			b.Call(unix.SYS_RECVFROM, program.Int(syncFD), zero(), zero(), program.Const(unix.MSG_DONTWAIT),
				zero(), program.Const(uint64(unix.EXDEV))).PassOver(unix.EAGAIN).With(program.MustFail)
		}, -1, unix.ENOEXEC},
		{"a register holds a result", func(b *program.Builder) {
			r := openNull(b)
			b.Call(unix.SYS_CLOSE, program.Register(r))
			b.Call(unix.SYS_CLOSE, program.Register(r))
		}, 2, unix.EBADF},
		{"a register holds an errno", func(b *program.Builder) {
			r := b.Reg()
			b.Call(unix.SYS_CLOSE, closed).To(r).PassOver(unix.EBADF)
			// exit_group(-EBADF) would end the process without a word.
			b.Special(program.SpecialSkip, program.Register(r), program.Int(1), program.Const(0))
			b.Call(unix.SYS_EXIT_GROUP, zero())
		}, -1, unix.ENOEXEC},
		{"the highest register", func(b *program.Builder) {
			b.Call(unix.SYS_OPENAT, program.Int(unix.AT_FDCWD), b.String("/dev/null"), zero(), zero()).To(program.NumRegs - 1)
			b.Call(unix.SYS_CLOSE, program.Register(program.NumRegs-1))
		}, -1, unix.ENOEXEC},
		{"skip after an error", func(b *program.Builder) {
			r := b.Reg()
			b.Call(unix.SYS_CLOSE, closed).To(r).PassOver(unix.EBADF)
			b.Special(program.SpecialSkip, program.Register(r), program.Int(2), program.Const(0))
			b.Call(unix.SYS_CLOSE, closed)
			b.Call(unix.SYS_CLOSE, closed)
			b.Call(unix.SYS_FCHDIR, closed)
		}, 4, unix.EBADF},
		{"no skip after an error", func(b *program.Builder) {
			r := b.Reg()
			b.Call(unix.SYS_CLOSE, closed).To(r).PassOver(unix.EBADF)
			b.Special(program.SpecialSkip, program.Register(r), program.Int(1), program.Const(1))
			b.Call(unix.SYS_FCHDIR, closed)
		}, 2, unix.EBADF},
		{"skip after no error", func(b *program.Builder) {
			r := openNull(b)
			b.Special(program.SpecialSkip, program.Register(r), program.Int(1), program.Const(1))
			b.Call(unix.SYS_FCHDIR, closed)
		}, -1, unix.ENOEXEC},
		{"no skip after no error", func(b *program.Builder) {
			r := openNull(b)
			b.Special(program.SpecialSkip, program.Register(r), program.Int(1), program.Const(0))
			b.Call(unix.SYS_FCHDIR, closed)
		}, 2, unix.EBADF},
		{"the same file", func(b *program.Builder) {
			b.Special(program.SpecialSameFile, append([]program.Operand{program.Register(openNull(b))}, isNull...)...)
		}, -1, unix.ENOEXEC},
		{"another device", func(b *program.Builder) { sameFile(b, isNull, 0) }, 1, unix.ESTALE},
		{"another minor device", func(b *program.Builder) { sameFile(b, isNull, 1) }, 1, unix.ESTALE},
		{"another inode", func(b *program.Builder) { sameFile(b, isNull, 2) }, 1, unix.ESTALE},
		{"another type", func(b *program.Builder) { sameFile(b, isNull, 3) }, 1, unix.ESTALE},
		{"the file of no descriptor", func(b *program.Builder) {
			b.Special(program.SpecialSameFile, append([]program.Operand{closed}, isNull...)...)
		}, 0, unix.EBADF},
		{"a working directory", func(b *program.Builder) { b.Special(program.SpecialCwd) }, -1, unix.ENOEXEC},
		{"nothing was executed", func(b *program.Builder) { b.Special(program.SpecialNotExecutable) }, -1, unix.ENOEXEC},
		{"nothing was found", func(b *program.Builder) { b.Special(program.SpecialNotFound) }, 0, unix.ENOENT},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder()
			test.build(b)
			want := 1 + test.op
			if test.op < 0 {
				want = b.Len() - 1
			}
			op, errno := run.with(t).run(mustProgram(t, b)).failure(t)
			if op != want || errno != test.errno {
				t.Errorf("op %d: %v; want op %d: %v", op, errno, want, test.errno)
			}
		})
	}
}

func zero() program.Operand { return program.Const(0) }

// null6 are six operands, the last of which is an errno.
func null6(e unix.Errno) []program.Operand {
	return []program.Operand{zero(), zero(), zero(), zero(), zero(), program.Const(uint64(e))}
}

func openNull(b *program.Builder) uint8 {
	r := b.Reg()
	b.Call(unix.SYS_OPENAT, program.Int(unix.AT_FDCWD), b.String("/dev/null"), program.Const(unix.O_CLOEXEC), zero()).To(r)
	return r
}

// sameFile asks whether /dev/null is what differs from it in one respect.
func sameFile(b *program.Builder, isNull []program.Operand, differs int) {
	args := append([]program.Operand{program.Register(openNull(b))}, isNull...)
	args[1+differs].Value++
	b.Special(program.SpecialSameFile, args...)
}

// A directory outside of the root has no path.
func TestCwdOutsideTheRoot(t *testing.T) { eachImage(t, testCwdOutsideTheRoot) }

func testCwdOutsideTheRoot(t *testing.T, run runner) {
	run.requireNamespaces("user")
	b := program.NewBuilder()
	b.SetStart(unix.CLONE_NEWUSER, syncFD, controlFD)
	b.Call(unix.SYS_CHROOT, b.String("/dev"))
	b.Special(program.SpecialCwd)
	op, errno := run.with(t).run(mustProgram(t, b)).failure(t)
	if op != 1 || errno != unix.ENOENT {
		t.Errorf("op %d: %v; want op 1: ENOENT", op, errno)
	}
}

// The parent goes on with the next op, the child at the op that it is given.
func TestFork(t *testing.T) { eachImage(t, testFork) }

func testFork(t *testing.T, run runner) {
	b := newBuilder()
	r := b.Reg()
	b.Special(program.SpecialFork, zero(), program.Int(5)).To(r)
	b.Special(program.SpecialSkip, program.Register(r), program.Int(1), program.Const(0))
	b.Call(unix.SYS_FCHDIR, program.Int(-1)) // 3: the parent
	b.Call(unix.SYS_UMASK, program.Int(0o22))
	b.Call(unix.SYS_CLOSE, program.Int(-1)) // 5: the child
	got := run.with(t).run(mustProgram(t, b))
	ops := map[uint32]int{}
	for _, e := range got.sync {
		ops[e.A] = e.pid
		if e.Kind != program.MessageFailed || unix.Errno(e.B) != unix.EBADF {
			t.Errorf("message %+v", e)
		}
	}
	if len(ops) != 2 || ops[3] == 0 || ops[5] == 0 || ops[3] == ops[5] {
		t.Errorf("failed ops by pids %v; want 3 and 5 of two", ops)
	}
	if len(got.statuses) != 2 {
		t.Errorf("%d processes; want 2", len(got.statuses))
	}
}

// A fork that the kernel refuses is a failure like any other.
func TestForkFails(t *testing.T) { eachImage(t, testForkFails) }

func testForkFails(t *testing.T, run runner) {
	b := newBuilder()
	b.Special(program.SpecialFork, program.Const(unix.CLONE_THREAD), program.Int(2))
	b.Call(unix.SYS_UMASK, program.Int(0o22))
	if op, errno := run.with(t).run(mustProgram(t, b)).failure(t); op != 1 || errno != unix.EINVAL {
		t.Errorf("op %d: %v; want op 1: EINVAL", op, errno)
	}
	if run.image == inPlace {
		return // there is no first fork
	}
	b = program.NewBuilder()
	b.SetStart(unix.CLONE_NEWUSER|unix.CLONE_FS, syncFD, controlFD)
	b.Call(unix.SYS_UMASK, program.Int(0o22))
	got := run.with(t).run(mustProgram(t, b))
	// It is the loader that fails, before op 0.
	if len(got.sync) != 1 || got.sync[0].A != program.OpStart || unix.Errno(got.sync[0].B) != unix.EINVAL || got.status.ExitStatus() != exitSetup {
		t.Errorf("first fork: %+v", got)
	}
}

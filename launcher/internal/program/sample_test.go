package program

import (
	"testing"

	"golang.org/x/sys/unix"
)

// sample is a program that has one of everything that programs are made of.
func sample(t testing.TB) *Program {
	t.Helper()
	b := NewBuilder()
	b.SetStart(unix.CLONE_NEWUTS|unix.CLONE_NEWPID, 4, 5)
	dir, mnt, pid := b.Reg(), b.Reg(), b.Reg()
	b.Step(1)
	b.Call(unix.SYS_OPENAT, Int(unix.AT_FDCWD), b.String("/"), Const(unix.O_PATH|unix.O_CLOEXEC), Const(0)).To(dir)
	b.Special(SpecialSameFile, Register(dir), Const(8), Const(1), Const(2), Const(unix.S_IFDIR))
	b.Special(SpecialSync, Const(1))
	b.Step(2)
	b.Call(unix.SYS_FSMOUNT, Register(dir), Const(unix.FSMOUNT_CLOEXEC), Const(0)).To(mnt).PassOver(unix.EPERM, unix.EINVAL)
	b.Special(SpecialSkip, Register(mnt), Const(1), Const(0))
	b.Call(unix.SYS_CLOSE, Register(mnt))
	b.Special(SpecialFork, Const(0), Const(0)).To(pid)
	fork := b.Len() - 1
	b.Special(SpecialInit, Register(pid))
	b.Patch(fork, 1, Const(uint64(b.Len())))
	b.Step(3)
	b.Special(SpecialCwd)
	pidString := b.WithPID("LISTEN_PID=")
	how := b.Scratch(24)
	b.Store(how.Plus(8), 4, Register(dir))
	b.Call(unix.SYS_OPENAT2, Register(dir), b.String("/"), how, Const(24)).PassOver(unix.EINVAL)
	argv, env := b.Strings([]string{"sh", "-c", "exit 1"}), b.Pointers(b.String("A=ä\n\x01"), b.String("sh"), pidString)
	for _, file := range []string{"/usr/bin/sh", "/bin/sh"} {
		b.Call(unix.SYS_EXECVE, b.String(file), argv, env).PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES).With(Exec)
	}
	b.Special(SpecialNotExecutable)
	b.Call(unix.SYS_FACCESSAT, Int(unix.AT_FDCWD), b.String("/bin/sh"), Const(0), Const(0), Const(0), Const(uint64(unix.ELIBBAD))).
		PassOver(unix.ENOENT).With(MustFail)
	b.Special(SpecialNotFound)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

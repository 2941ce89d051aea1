package stage

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// What is stored is there, of its size and at any byte, and what is beside it stays.
func TestStore(t *testing.T) { eachImage(t, testStore) }

func testStore(t *testing.T, run runner) {
	const large = 0x0123456789abcdef
	minus := -int(unix.EBADF)
	b := newBuilder()
	data := b.String("data")
	failed, result, text := b.Reg(), b.Reg(), b.Scratch(64)
	for _, r := range []uint8{failed, result} {
		b.Call(unix.SYS_CLOSE, program.Int(-1)).To(r).PassOver(unix.EBADF)
	}
	var want []byte
	number := func(at, size int, v program.Operand, n uint64) {
		b.Store(text.Plus(at), size, v).To(result)
		want = append(want, make([]byte, max(0, at+size-len(want)))...)
		if size == 4 {
			binary.NativeEndian.PutUint32(want[at:], uint32(n))
		} else {
			binary.NativeEndian.PutUint64(want[at:], n)
		}
	}
	number(0, 8, program.Const(1<<64-1), 1<<64-1)
	number(2, 4, program.Const(large), large)
	number(8, 8, program.Const(1<<64-1), 1<<64-1)
	number(8, 4, program.Const(0), 0)
	number(19, 8, program.Const(large), large)
	number(29, 4, program.Const(large), large)
	number(40, 8, program.Register(failed), uint64(minus))
	number(48, 4, program.Register(failed), uint64(minus))
	number(52, 4, data, data.Address())
	number(56, 8, text, text.Address())
	b.Call(unix.SYS_WRITE, program.Int(1), text, program.Int(64))
	b.Call(unix.SYS_EXIT_GROUP, program.Register(result))
	got := run.run(mustProgram(t, b))
	if got.stdout != string(want) || len(got.sync) != 0 || len(got.statuses) != 1 {
		t.Errorf("% x; want % x\n%+v", got.stdout, want, got)
	}
	for _, status := range got.statuses {
		if status.ExitStatus() != 0 {
			t.Errorf("a store has the result %d; want 0", status.ExitStatus())
		}
	}
}

// A store beyond the scratch memory, or of another size, is refused before anything runs.
func TestStoreOutOfBounds(t *testing.T) { eachImage(t, testStoreOutOfBounds) }

func testStoreOutOfBounds(t *testing.T, run runner) {
	at := program.Operand{Kind: program.KindScratch}
	for _, args := range [][]program.Operand{
		{at.Plus(13), zero(), program.Int(4)},
		{at.Plus(9), zero(), program.Int(8)},
		{at.Plus(16), zero(), program.Int(4)},
		{at, zero(), program.Int(0)},
		{at, zero(), program.Int(5)},
		{at, zero(), program.Int(12)},
		{at, zero(), program.Int(-4)},
		{at, zero(), program.Const(1<<32 + 4)},
		{at, zero(), program.Register(4)},
		{program.Const(program.ScratchAddress), zero(), program.Int(4)},
		{program.Register(0), zero(), program.Int(4)},
		{{Kind: program.KindData}, zero(), program.Int(4)},
	} {
		b := newBuilder()
		b.String("some data")
		b.Scratch(16)
		b.Call(unix.SYS_UMASK, zero())
		p := *mustProgram(t, b)
		op := program.Op{Nr: program.SpecialStore, Out: program.NoReg}
		copy(op.Args[:], args)
		p.Ops = append(p.Ops, op)
		err := p.Validate()
		if err == nil {
			t.Fatalf("%+v is valid", args)
		}
		checkRefused(t, run.with(t), p.Encode(), err.Error())
	}
}

// A structure of a call has a descriptor that is known only then: that of the user namespace by whose maps a mount
// shows its owners.
func TestStoreADescriptor(t *testing.T) { eachImage(t, testStoreADescriptor) }

func testStoreADescriptor(t *testing.T, run runner) {
	run.requireNamespaces("user")
	nstest.Require(t, nstest.Root(), nstest.Kernel(6, 3)) // for such mounts of tmpfs
	const owner = 100000
	other := exec.Command("sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: owner, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: owner, Size: 1}},
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	namespace := fmt.Sprintf("/proc/%d/ns/user", other.Process.Pid)
	fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	_ = other.Process.Kill()
	_ = other.Wait() // the runner waits for all children
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	namespace = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)

	b := newBuilder()
	context, mount, user := b.Reg(), b.Reg(), b.Reg()
	b.Call(unix.SYS_FSOPEN, b.String("tmpfs"), zero()).To(context)
	b.Call(unix.SYS_FSCONFIG, program.Register(context), program.Const(unix.FSCONFIG_CMD_CREATE), zero(), zero(), zero())
	b.Call(unix.SYS_FSMOUNT, program.Register(context), zero(), zero()).To(mount)
	b.Call(unix.SYS_OPENAT, program.Int(unix.AT_FDCWD), b.String(namespace), zero(), zero()).To(user)
	attributes := b.Scratch(32)
	b.Store(attributes, 8, program.Const(unix.MOUNT_ATTR_IDMAP))
	b.Store(attributes.Plus(24), 8, program.Register(user))
	b.Call(unix.SYS_MOUNT_SETATTR, program.Register(mount), b.String(""), program.Const(unix.AT_EMPTY_PATH), attributes, program.Int(32))
	b.Call(unix.SYS_FCHDIR, program.Register(mount))
	b.Call(unix.SYS_EXECVE, b.String("/bin/sh"), b.Strings([]string{"sh", "-c", "stat -c %u ."}), b.Strings([]string{"PATH=/usr/bin:/bin"}))
	if got := run.run(mustProgram(t, b)); strings.TrimSpace(got.stdout) != fmt.Sprint(owner) {
		t.Errorf("the owner is %q; want %d\n%+v", got.stdout, owner, got)
	}
}

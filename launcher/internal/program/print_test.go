package program

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is printed (go test -update writes it):\n%s", file, got)
	}
}

func printed(p *Program) string {
	var b strings.Builder
	fmt.Fprintln(&b, p.FormatStart())
	for i := range p.Ops {
		for _, line := range p.Format(i) {
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

func TestFormatSample(t *testing.T) { golden(t, "sample.txt", printed(sample(t))) }

// Every call that has a name is printed, with every kind of operand that it
// may have.
func TestFormatCalls(t *testing.T) {
	b := NewBuilder()
	b.SetStart(unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWNET|unix.CLONE_NEWIPC|unix.CLONE_NEWCGROUP, 3, -1)
	r := b.Reg()
	fd, cwd, null := Register(r), Int(unix.AT_FDCWD), Const(0)
	name := make([]byte, 40)
	copy(name, "lo")
	name[16] = unix.IFF_UP
	const emptyPath = unix.AT_EMPTY_PATH | unix.AT_RECURSIVE
	for _, c := range []struct {
		nr   uintptr
		args []Operand
	}{
		{unix.SYS_CAPSET, []Operand{b.Words(unix.LINUX_CAPABILITY_VERSION_3), b.Words(1<<12|1<<21<<32, 1<<7, 1)}},
		{unix.SYS_BIND, []Operand{fd, b.Bytes([]byte("\x01\x00notify.1\x00")), Const(10)}},
		{unix.SYS_CHDIR, []Operand{b.String("/a \"b\"\\\n\t\r\x01\x012é\xff\u2028")}},
		{unix.SYS_CLOSE, []Operand{fd}},
		{unix.SYS_CLOSE_RANGE, []Operand{Int(3), Const(1<<32 - 1), null}},
		{unix.SYS_EXIT_GROUP, []Operand{null}},
		{unix.SYS_FCNTL, []Operand{fd, Const(unix.F_SETFD), null}},
		{unix.SYS_FSCONFIG, []Operand{fd, Const(unix.FSCONFIG_SET_STRING), b.String("mode"), b.String("0555"), null}},
		{unix.SYS_FSCONFIG, []Operand{fd, Const(99), null, null, null}},
		{unix.SYS_FSMOUNT, []Operand{fd, Const(unix.FSMOUNT_CLOEXEC), Const(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_RDONLY | 1<<20)}},
		{unix.SYS_FSOPEN, []Operand{b.String("tmpfs"), Const(unix.FSOPEN_CLOEXEC)}},
		{unix.SYS_IOCTL, []Operand{fd, Const(unix.SIOCSIFFLAGS), b.Bytes(name)}},
		{unix.SYS_IOCTL, []Operand{null, Const(unix.TIOCSCTTY), null}},
		{unix.SYS_KEYCTL, []Operand{Const(unix.KEYCTL_JOIN_SESSION_KEYRING), null}},
		{unix.SYS_MOUNT, []Operand{null, b.String("/"), null, Const(unix.MS_REC | unix.MS_SLAVE), null}},
		{unix.SYS_MOUNT_SETATTR, []Operand{fd, b.String(""), Const(emptyPath), b.Words(unix.MOUNT_ATTR_RDONLY, 0, unix.MS_PRIVATE, 0), Const(32)}},
		{unix.SYS_MOVE_MOUNT, []Operand{fd, b.String(""), fd, b.String(""), Const(unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_EMPTY_PATH)}},
		{unix.SYS_OPENAT, []Operand{cwd, b.String("/x"), Const(unix.O_WRONLY | unix.O_CREAT | unix.O_CLOEXEC), Const(0o640)}},
		{unix.SYS_OPENAT2, []Operand{cwd, b.String("/x"), b.Words(unix.O_PATH, 0, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS), Const(24)}},
		{unix.SYS_OPEN_TREE, []Operand{fd, b.String(""), Const(unix.OPEN_TREE_CLONE | unix.O_CLOEXEC | emptyPath)}},
		{unix.SYS_PRCTL, []Operand{Const(unix.PR_SET_PDEATHSIG), Const(uint64(unix.SIGKILL))}},
		{unix.SYS_PRCTL, []Operand{Const(unix.PR_SET_PDEATHSIG), Const(40)}},
		{unix.SYS_PRCTL, []Operand{Const(unix.PR_SET_NAME), b.String("nslaunch-init")}},
		{unix.SYS_PRCTL, []Operand{Const(unix.PR_CAP_AMBIENT), Const(unix.PR_CAP_AMBIENT_RAISE), Const(12), null, null}},
		{unix.SYS_PRCTL, []Operand{Const(unix.PR_CAPBSET_DROP), Const(12)}},
		{unix.SYS_PRCTL, []Operand{Const(9999), Const(1)}},
		{unix.SYS_PRLIMIT64, []Operand{null, Const(7), b.Words(1024, 1<<64-1), null}},
		{unix.SYS_RECVFROM, []Operand{Int(4), null, null, Const(unix.MSG_PEEK | unix.MSG_DONTWAIT), null, null}},
		{unix.SYS_RT_SIGPROCMASK, []Operand{Const(unix.SIG_SETMASK), b.Words(1<<64 - 1), null, Const(8)}},
		{unix.SYS_RT_SIGPROCMASK, []Operand{Const(unix.SIG_BLOCK), b.Words(1<<1 | 1<<14), null, Const(8)}},
		{unix.SYS_RT_SIGPROCMASK, []Operand{Const(unix.SIG_BLOCK), b.Words(^uint64(1 << 8)), null, Const(8)}},
		{unix.SYS_SECCOMP, []Operand{Const(unix.SECCOMP_SET_MODE_FILTER), Const(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), b.Words(12, 0x4000)}},
		{unix.SYS_SETDOMAINNAME, []Operand{b.String("lab"), Int(3)}},
		{unix.SYS_SETGROUPS, []Operand{Int(3), b.Bytes([]byte{9, 0, 0, 0, 1, 1, 0, 0, 0xff, 0xff, 0xff, 0x7f})}},
		{unix.SYS_SETGROUPS, []Operand{null, null}},
		{unix.SYS_SETHOSTNAME, []Operand{b.String("h"), Int(1)}},
		{unix.SYS_SETNS, []Operand{fd, Const(unix.CLONE_NEWTIME)}},
		{unix.SYS_SETPGID, []Operand{null, null}},
		{unix.SYS_SETRESGID, []Operand{Const(1<<32 - 1), Const(5), Const(5)}},
		{unix.SYS_SETRESUID, []Operand{null, Const(1000), Const(1000)}},
		{unix.SYS_SETSID, nil},
		{unix.SYS_SOCKET, []Operand{Const(unix.AF_INET), Const(unix.SOCK_DGRAM | unix.SOCK_CLOEXEC), null}},
		{unix.SYS_UMASK, []Operand{Const(0o27)}},
		{unix.SYS_UNSHARE, []Operand{Const(unix.CLONE_NEWNS | unix.CLONE_NEWTIME | unix.CLONE_NEWUTS)}},
		{unix.SYS_WRITE, []Operand{fd, b.String("monotonic 1 0\n"), Int(14)}},
		// What has no name is printed by its number, as is what no name fits.
		{999, []Operand{Const(1), fd, b.String("x")}},
	} {
		b.Call(c.nr, c.args...)
	}
	b.Special(SpecialFork, Const(unix.CLONE_PARENT), Const(uint64(b.Len()+1))).To(r)
	b.Call(unix.SYS_CLOSE, Int(-1)).PassOver(unix.EBADF, 200)
	b.Special(SpecialSkip, Register(r), Const(0), Const(1))
	how := b.Words(unix.O_PATH, 0, unix.RESOLVE_IN_ROOT)
	b.Call(unix.SYS_OPENAT2, fd, b.String("/x"), how, Const(24)).To(r).With(Repeat)
	b.Call(unix.SYS_OPENAT2, fd, b.String("/x"), how, Const(24)).To(r).PassOver(unix.ENOENT).With(Repeat)
	p := &b.p // which no child would run, for the call without a name
	golden(t, "calls.txt", printed(p))
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Nr != 999 && o.Nr != SpecialSkip && strings.HasPrefix(o.Name(), "syscall_") {
			t.Errorf("op %d has no name", i)
		}
	}
}

func TestFormatStore(t *testing.T) {
	b := NewBuilder()
	b.WithPID("A=")
	at := b.Scratch(12)
	b.Store(at, 8, Int(7))
	b.Store(at.Plus(8), 4, Register(3))
	b.Store(at, 8, b.WithPID("B="))
	for i, want := range []string{
		"# the 8 bytes at scratch+24 are 7", "# the 4 bytes at scratch+32 are r3", "", "# the 8 bytes at scratch+24 are scratch+36",
	} {
		if got := b.p.Format(1 + i); want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

func TestName(t *testing.T) {
	for nr, want := range map[uint16]string{
		SpecialSync: "recvfrom", SpecialFork: "clone", SpecialInit: "waitid", SpecialSameFile: "statx",
		SpecialCwd: "getcwd", SpecialPID: "getpid", SpecialNotExecutable: "execve", SpecialNotFound: "execve",
		unix.SYS_MOUNT: "mount", 999: "syscall_999",
	} {
		if got := (&Op{Nr: nr}).Name(); got != want {
			t.Errorf("%#x is %q; want %q", nr, got, want)
		}
	}
}

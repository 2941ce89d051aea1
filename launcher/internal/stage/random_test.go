package stage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Random programs of harmless calls do what a model of them says: each process
// fails at the op and with the errno that it should, and no other.
func TestRandomPrograms(t *testing.T) { eachImage(t, testRandomPrograms) }

func testRandomPrograms(t *testing.T, run runner) {
	programs := 300
	if testing.Short() {
		programs = 30
	}
	for i := range programs {
		seed := [2]uint64{uint64(i), 0x6e736c}
		p := randomProgram(t, rand.New(rand.NewPCG(seed[0], seed[1])))
		want := newModel(t, p).ends()
		got := run.run(p)
		var ends []string
		for _, e := range got.sync {
			if e.Kind == program.MessageFailed {
				ends = append(ends, fmt.Sprintf("op %d: %v", e.A, unix.ErrnoName(unix.Errno(e.B))))
			}
		}
		slices.Sort(ends)
		if !slices.Equal(ends, want) || got.stderr != "" || got.stdout != "" || got.status != 0 || len(got.statuses) != len(want) {
			var text strings.Builder
			for i := range p.Ops {
				fmt.Fprintf(&text, "%3d %s\n", i, strings.Join(p.Format(i), "; "))
			}
			t.Fatalf("seed %v: got %q of %d processes; want %q\nstderr %q\n%s", seed, ends, len(got.statuses), want, got.stderr, text.String())
		}
	}
}

// randomProgram makes a program whose calls change nothing but the process'
// own descriptors.
func randomProgram(t *testing.T, r *rand.Rand) *program.Program {
	t.Helper()
	b := newBuilder()
	regs := 1 + r.IntN(program.NumRegs)
	reg := func() uint8 { return uint8(r.IntN(regs)) }
	n := 1 + r.IntN(40)
	for i := 1; i <= n; i++ {
		b.Step(i)
		op := randomOp(b, r, reg, n-i)
		if r.IntN(3) == 0 {
			op.PassOver([]unix.Errno{unix.EBADF, unix.ENOENT, unix.ENOTDIR, unix.EINVAL, unix.ESTALE, unix.EEXIST}[r.IntN(6)], unix.EBADF)
		}
	}
	return mustProgram(t, b)
}

// randomOp appends an op after which there are so many more.
func randomOp(b *program.Builder, r *rand.Rand, reg func() uint8, left int) *program.Op {
	// A register that was never set is 0, the standard input.
	fd := func() program.Operand {
		if r.IntN(4) == 0 {
			return program.Int([]int{-1, 0, 5, 6, 7, 8, 9, 1 << 30}[r.IntN(8)])
		}
		return program.Register(reg())
	}
	switch r.IntN(14) {
	case 13:
		return b.Store(b.Scratch(24).Plus(r.IntN(17)), 4+4*r.IntN(2), fd()).To(reg())
	case 12:
		b.WithPID("LISTEN_PID=")
		return b.Op(b.Len() - 1)
	case 0:
		return b.Call(unix.SYS_UMASK, program.Int(0o700+r.IntN(8))).To(reg())
	case 1, 2, 3:
		file := []string{"/dev/null", "/dev/null", "/dev/null/x", "/no/such", "/"}[r.IntN(5)]
		flags := []uint64{0, unix.O_PATH, unix.O_DIRECTORY, unix.O_RDWR}[r.IntN(4)]
		op := b.Call(unix.SYS_OPENAT, program.Int(unix.AT_FDCWD), b.String(file), program.Const(flags|unix.O_CLOEXEC), zero()).To(reg())
		if r.IntN(2) == 0 {
			op.With(program.Exec)
		}
		return op
	case 4:
		return b.Call(unix.SYS_CLOSE, fd())
	case 5:
		return b.Call(unix.SYS_SOCKET, program.Int(unix.AF_UNIX), program.Int([]int{unix.SOCK_DGRAM, 77}[r.IntN(2)])).To(reg())
	case 6:
		return b.Call(unix.SYS_FCHDIR, fd(), zero(), zero(), zero(), zero(), program.Const(uint64(unix.EXDEV))).
			With([]uint8{0, program.MustFail}[r.IntN(2)]).To(reg())
	case 7:
		return b.Call(unix.SYS_PRCTL, program.Int([]int{unix.PR_GET_DUMPABLE, 1 << 20}[r.IntN(2)]), zero(), zero(), zero(), zero()).To(reg())
	case 8:
		return b.Special(program.SpecialSkip, program.Register(reg()), program.Int(r.IntN(left+1)), program.Int(r.IntN(2)))
	case 9:
		if left > 0 && r.IntN(3) == 0 {
			flags := []uint64{0, 0, unix.CLONE_THREAD}[r.IntN(3)]
			return b.Special(program.SpecialFork, program.Const(flags), program.Int(b.Len()+1+r.IntN(left)))
		}
		return b.Special(program.SpecialSync, program.Int(r.IntN(5)))
	case 10:
		return b.Special(program.SpecialSameFile, nullFile(program.Register(reg()))...)
	}
	return b.Special([]uint16{program.SpecialCwd, program.SpecialNotExecutable, program.SpecialNotFound}[r.IntN(3)])
}

// nullFile are the operands that ask whether fd is /dev/null.
func nullFile(fd program.Operand) []program.Operand {
	var st unix.Stat_t
	if err := unix.Stat("/dev/null", &st); err != nil {
		panic(err)
	}
	return []program.Operand{fd, program.Const(uint64(unix.Major(st.Dev))), program.Const(uint64(unix.Minor(st.Dev))),
		program.Const(st.Ino), program.Const(unix.S_IFCHR)}
}

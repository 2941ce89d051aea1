package stage

import (
	"bytes"
	"debug/elf"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// The image is one segment that is read and executed, and small, and asks for a stack that is not executed.
func TestImageIsOneSegment(t *testing.T) {
	if !HasImage() {
		t.Skip("there is no image for this processor")
	}
	image := Image()
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}[runtime.GOARCH]
	if f.Type != elf.ET_DYN || f.Machine != machine || f.Class != elf.ELFCLASS64 || f.Entry != imageText || len(f.Sections) != 0 {
		t.Errorf("%+v with %d sections", f.FileHeader, len(f.Sections))
	}
	size := uint64(len(image))
	want := []elf.ProgHeader{
		{Type: elf.PT_LOAD, Flags: elf.PF_R | elf.PF_X, Filesz: size, Memsz: size, Align: 64 << 10},
		{Type: elf.PT_GNU_STACK, Flags: elf.PF_R | elf.PF_W},
	}
	for i, p := range f.Progs {
		if i >= len(want) || p.ProgHeader != want[i] {
			t.Errorf("segment %d: %+v; want %+v", i, p.ProgHeader, want)
		}
	}
	if len(f.Progs) != len(want) {
		t.Errorf("%d segments; want %d", len(f.Progs), len(want))
	}
	if n := len(text()); n == 0 || n > maxText || !bytes.Equal(image[imageText:], text()) {
		t.Errorf("%d bytes of text behind %d; want at most %d", n, imageText, maxText)
	}
	if imageCalls+8*len(program.CallSet{}) > imageWords || imageWords+len(words) > imageText {
		t.Error("the parts of the image overlap")
	}
}

// A kernel before 6.3 knows no executable and other memfds.
func TestMemfdOfAnOldKernel(t *testing.T) {
	var asked []int
	old := func(name string, flags int) (int, error) {
		asked = append(asked, flags)
		if flags&(unix.MFD_EXEC|unix.MFD_NOEXEC_SEAL) != 0 {
			return -1, unix.EINVAL
		}
		return unix.MemfdCreate(name, flags)
	}
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	for executable, kind := range map[bool]int{true: unix.MFD_EXEC, false: unix.MFD_NOEXEC_SEAL} {
		asked = nil
		fd, err := newMemfd(old, "test", executable)
		if err != nil || len(asked) != 2 || asked[0] != flags|kind || asked[1] != flags {
			t.Fatalf("%v; asked for %#x", err, asked)
		}
		if err := Seal(fd); err != nil {
			t.Error(err)
		}
		unix.Close(fd)
	}
	// Any other error is one.
	asked = nil
	_, err := newMemfd(func(_ string, flags int) (int, error) {
		asked = append(asked, flags)
		return -1, unix.EMFILE
	}, "test", true)
	if err == nil || err.Error() != "memfd_create: too many open files" || len(asked) != 1 {
		t.Errorf("%v; asked for %#x", err, asked)
	}
}

// A memfd cannot be changed once it is sealed, by nobody.
func TestSeals(t *testing.T) {
	for _, executable := range []bool{true, false} {
		fd, err := Memfd("test", []byte("text"), executable)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		path := "/proc/self/fd/" + strconv.Itoa(fd)
		if _, err := unix.Pwrite(fd, []byte("x"), 0); err != unix.EPERM {
			t.Errorf("write: %v", err)
		}
		if err := unix.Ftruncate(fd, 0); err != unix.EPERM {
			t.Errorf("shrink: %v", err)
		}
		if err := unix.Ftruncate(fd, 1<<20); err != unix.EPERM {
			t.Errorf("grow: %v", err)
		}
		if _, err := unix.Mmap(fd, 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != unix.EPERM {
			t.Errorf("map: %v", err)
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE); err != unix.EPERM {
			t.Errorf("seal: %v", err)
		}
		if err := os.WriteFile(path, []byte("other"), 0o700); err == nil {
			t.Error("it was written to by its path")
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
			t.Errorf("%q, %v", text, err)
		}
	}
}

// A system call that no step makes is refused, and so is any that may come. All others pass.
func TestCallsAreRefused(t *testing.T) { eachImage(t, testCallsAreRefused) }

func testCallsAreRefused(t *testing.T, run runner) {
	numbers := []uint16{program.MaxCall, program.FirstSpecial - 1, program.EndSpecial, 1<<16 - 1, unix.SYS_PTRACE, unix.SYS_MMAP}
	set := program.Calls()
	for nr := range uint16(program.MaxCall) {
		// Those on both sides of one that is allowed, and a few more.
		if set.Has(nr) || set.Has(nr+1) || nr > 0 && set.Has(nr-1) || nr%64 == 0 {
			numbers = append(numbers, nr)
		}
	}
	for _, nr := range numbers {
		b := newBuilder()
		b.Call(unix.SYS_FCHDIR, program.Int(-1))
		p := *mustProgram(t, b)
		p.Ops = append(p.Ops, program.Op{Nr: nr, Out: program.NoReg}) // which is not reached
		if set.Has(nr) {
			if op, errno := run.run(&p).failure(t); op != 1 || errno != unix.EBADF {
				t.Errorf("call %d: op %d: %v", nr, op, errno)
			}
			continue
		}
		err := p.Validate()
		if err == nil {
			t.Fatalf("call %d is valid", nr)
		}
		checkRefused(t, run, p.Encode(), err.Error())
	}
}

// What is started with anything but the number of a program's descriptor says so, and does nothing.
func TestImageWithoutProgram(t *testing.T) {
	if !HasImage() {
		t.Skip("there is no sealed image for this processor")
	}
	for _, test := range []struct {
		name string
		argv []string
		env  []string
	}{
		{"no words", []string{Argv0}, nil},
		{"no descriptor", []string{Argv0, "9"}, nil},
		{"no number", []string{Argv0, "3x"}, nil},
		{"a sign", []string{Argv0, "-1"}, nil},
		{"two numbers", []string{Argv0, "3", "3"}, nil},
		{"no program", []string{Argv0, "0"}, nil},
		{"no number in the environment", []string{"nslaunch", "x", "y"}, []string{"A=b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, command, done := sealed.open(t)
			defer done()
			stderr, theirs := pipe(t)
			null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(null)
			pid, err := syscall.ForkExec(path, command(test.argv...), &syscall.ProcAttr{
				Env: test.env, Files: []uintptr{uintptr(null), uintptr(null), uintptr(theirs)},
			})
			unix.Close(theirs)
			if err != nil {
				t.Fatal(err)
			}
			said := slurp(stderr)
			var status syscall.WaitStatus
			if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != exitSetup || said != words {
				t.Errorf("%v, status %v, %q", err, status, strings.TrimSpace(said))
			}
		})
	}
}

package stage

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// However a program with it is built, and wherever it lies in that, the image is the same: no linker, no
// instrumentation and no loader changes the text.
func TestTextIsTheSameInEachBuild(t *testing.T) {
	nstest.Require(t, nstest.Tools("cc"))
	const unoptimized = "-gcflags=github.com/nslaunch/nslaunch/...=-N -l"
	for _, flags := range [][]string{
		nil, {"-race"}, {"-cover"}, {"-buildmode=pie"}, {"-tags=cgo_main", "-ldflags=-linkmode=external"}, {unoptimized},
	} {
		binary := buildImage(t, "amd64", flags...)
		run := exec.Command(binary)
		run.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir())
		if image, err := run.Output(); err != nil || !bytes.Equal(image, Image()) {
			t.Errorf("%q: another image, %v", flags, err)
		}
		if flags == nil {
			disassemble(t, "amd64", binary, len(text()))
		}
	}
	// Of other processors, what lies in the file.
	for _, arch := range []string{"arm64", "riscv64"} {
		var first []byte
		for _, flags := range [][]string{nil, {"-buildmode=pie"}, {unoptimized}} {
			if arch == "riscv64" && slices.Equal(flags, []string{"-buildmode=pie"}) {
				continue // which takes a linker for it
			}
			binary := buildImage(t, arch, flags...)
			code := stageIn(t, binary)
			if flags == nil {
				first = code
				disassemble(t, arch, binary, len(code))
			}
			if !bytes.Equal(code, first) || len(code) == 0 || len(code) > maxText {
				t.Errorf("%s %q: %d bytes; want at most %d and what they are without flags", arch, flags, len(code), maxText)
			}
		}
	}
}

// stageIn reads the text out of an executable, up to the mark of its end.
func stageIn(t *testing.T, binary string) []byte {
	t.Helper()
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if strings.TrimSuffix(s.Name, ".abi0") != "github.com/nslaunch/nslaunch/launcher/internal/stage.stage" {
			continue
		}
		code := make([]byte, s.Size)
		section := f.Sections[s.Section]
		if _, err := section.ReadAt(code, int64(s.Value-section.Addr)); err != nil {
			t.Fatal(err)
		}
		code, _, ok := bytes.Cut(code, []byte(endOfText))
		if !ok {
			t.Fatal("no end")
		}
		return code
	}
	t.Fatal("no stage")
	return nil
}

// buildImage builds the program that writes its image.
func buildImage(t *testing.T, arch string, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "image")
	words := append([]string{"build", "-o", binary}, flags...)
	build := exec.Command("go", append(words, "./testdata/image")...)
	build.Env = append(os.Environ(), "GOARCH="+arch)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", flags, err, out)
	}
	return binary
}

// instruction is a line of go tool objdump: file:line, address, code, and the instruction.
var instruction = regexp.MustCompile(`^ +stage_\w+\.s:\d+\s+0x([0-9a-f]+)\s+[0-9a-f]+\s+(\S.*?)\s*$`)

// disassemble checks that no instruction of the stage leaves it, or depends on where it is but for the one by which
// it finds itself.
func disassemble(t *testing.T, arch, binary string, size int) {
	t.Helper()
	out, err := exec.Command("go", "tool", "objdump", "-s", `stage\.stage$`, binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	var start uint64
	end := 0 // of what was read
	calls := 0
	for line := range strings.Lines(string(out)) {
		m := instruction.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			if !strings.HasPrefix(line, "TEXT ") && strings.TrimSpace(line) != "" {
				t.Fatalf("%s: %q", arch, line)
			}
			continue
		}
		address, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if start == 0 {
			start = address
		}
		at := int(address - start)
		if at >= size {
			break // the mark of its end
		}
		end = at
		if m[2] == "SYSCALL" || m[2] == "SVC $0" || m[2] == "ECALL" {
			calls++
		}
		if why := leaves(arch, m[2], start, at, size); why != "" {
			t.Errorf("%s: at %d: %s: %s", arch, at, m[2], why)
		}
	}
	if end < size-8 || calls < 30 {
		t.Errorf("%s: read to %d of %d bytes, with %d system calls", arch, end, size, calls)
	}
}

var (
	branch   = regexp.MustCompile(`^(JMP|J[A-Z]+|B[A-Z]*|CBN?ZW?|TBN?Z) (?:.*, )?(0x[0-9a-f]+|-?\d+\(PC\))$`)
	relative = regexp.MustCompile(`\(IP\)|\(PC\)|\(SB\)|^ADRP? |^AUIPC `)
	outside  = regexp.MustCompile(`^(CALL|LCALL|BL|BLR|RET|IRET|JMP|BR|INT|HLT|UD|BRK|HVC|SMC|JAL|JALR|EBREAK)\b|\?`)
)

// leaves says in what respect an instruction at an offset is one that may not be.
func leaves(arch, text string, start uint64, at, size int) string {
	if at == 0 {
		if text != map[string]string{"amd64": "LEAQ 0(IP), R12", "arm64": "ADR 0(PC), R20", "riscv64": "AUIPC $0, X20"}[arch] {
			return "it does not find itself"
		}
		return ""
	}
	if m := branch.FindStringSubmatch(text); m != nil && m[1] != "BL" {
		to, err := strconv.ParseInt(m[2], 0, 64) // of amd64
		if words, ok := strings.CutSuffix(m[2], "(PC)"); ok {
			to, err = strconv.ParseInt(words, 10, 64)
			to = 4*to + int64(at)
		} else {
			to -= int64(start)
		}
		if err != nil || to < 0 || to >= int64(size) {
			return "it leaves the text"
		}
		return ""
	}
	if outside.MatchString(text) {
		return "no such instruction may be there"
	}
	if relative.MatchString(text) {
		return "it depends on its address"
	}
	return ""
}

func TestLeaves(t *testing.T) {
	for _, test := range []struct {
		arch, text string
		at         int
		fine       bool
	}{
		{"amd64", "LEAQ 0(IP), R12", 0, true},
		{"amd64", "LEAQ 0(IP), R12", 8, false},
		{"amd64", "MOVQ 0x10(R15), AX", 8, true},
		{"amd64", "MOVQ runtime.g0(SB), AX", 8, false},
		{"amd64", "JNE 0x1010", 8, true},
		{"amd64", "JMP 0x1100", 8, false},
		{"amd64", "JMP 0xfff", 8, false},
		{"amd64", "JMP AX", 8, false},
		{"amd64", "CALL 0x1010", 8, false},
		{"amd64", "RET", 8, false},
		{"amd64", "?", 8, false},
		{"arm64", "ADR 0(PC), R20", 0, true},
		{"arm64", "ADR 2(PC), R20", 8, false},
		{"arm64", "ADRP 4096(PC), R20", 8, false},
		{"arm64", "TBNZ $63, R0, -2(PC)", 8, true},
		{"arm64", "TBNZ $63, R0, -3(PC)", 8, false},
		{"arm64", "JMP 62(PC)", 8, false},
		{"arm64", "JMP (R1)", 8, false},
		{"arm64", "CALL 2(PC)", 8, false},
		{"arm64", "MOVD 2(PC), R1", 8, false},
		{"arm64", "MOVD 8(R19), R1", 8, true},
		{"riscv64", "AUIPC $0, X20", 0, true},
		{"riscv64", "AUIPC $0, X20", 8, false},
		{"riscv64", "BGEU X6, X5, -2(PC)", 8, true},
		{"riscv64", "BEQZ X5, -3(PC)", 8, false},
		{"riscv64", "JMP 62(PC)", 8, false},
		{"riscv64", "JMP (X5)", 8, false},
		{"riscv64", "CALL 2(PC)", 8, false},
		{"riscv64", "RET", 8, false},
		{"riscv64", "MOV 8(X8), X10", 8, true},
	} {
		if why := leaves(test.arch, test.text, 0x1000, test.at, 0x100); (why == "") != test.fine {
			t.Errorf("%s at %d: %q", test.text, test.at, why)
		}
	}
}

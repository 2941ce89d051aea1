package stage

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// defines reads the constants of a file of the assembler's, from their names to their values.
func defines(t *testing.T, file string) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int64{}
	for _, m := range regexp.MustCompile(`(?m)^#define (\w+) ([-\w]+)(?: //.*)?$`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.ParseInt(m[2], 0, 64)
		if other, ok := all[m[2]]; ok {
			n, err = other, nil
		}
		if err != nil {
			t.Fatalf("%s: %s is %q, which is no number", file, m[1], m[2])
		}
		all[m[1]] = n
	}
	if len(all) == 0 {
		t.Fatalf("%s: no constants", file)
	}
	return all
}

// numbersIn is defines for a text that was written by hand.
func numbersIn(t *testing.T, file string) map[string]int64 {
	t.Helper()
	if file == "stage_amd64.s" {
		return nil
	}
	return defines(t, file)
}

// Each constant of stage.h is what Go has under that name, or where the frame has room for what it is.
func TestHeader(t *testing.T) {
	d := defines(t, "stage.h")
	want := goConstants()
	for _, offsets := range []map[string]int64{headerOffsets(t), opOffsets(t), residentOffsets(t)} {
		for name, n := range offsets {
			want[name] = n
		}
	}
	frame := []string{"BUF", "RESIDENT", "ARGS", "SIZE", "COUNT", "MISSED", "ASSISTANT", "MSG", "SAID", "REGS", "end"}
	for name, n := range d {
		if w, ok := want[name]; ok && w != n {
			t.Errorf("%s is %#x; want %#x", name, n, w)
		} else if !ok && !slices.Contains(append(frame, "CWD", "FRAME", "FRAME_MIDDLE"), name) {
			t.Errorf("%s has no counterpart", name)
		}
	}
	for name := range want {
		if _, ok := d[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	d["end"] = d["FRAME"] - d["FRAME_MIDDLE"]
	sizes := []int64{512, d["R_SIZE"], 6 * 8, 8, 4, 4, 8, program.MessageSize, program.MaxText, 8 * program.NumRegs}
	for i, size := range sizes {
		if end := d[frame[i]] + size; end > d[frame[i+1]] {
			t.Errorf("%s ends at %d, after %s", frame[i], end, frame[i+1])
		}
	}
	// Text follows a message, and a working directory begins with the frame and ends with the buffer.
	if d["SAID"] != d["MSG"]+program.MessageSize || d["CWD"] != -d["FRAME_MIDDLE"] || d["CWD"]+d["CWD_SIZE"] != d["BUF"]+512 || d["FRAME"]%64 != 0 {
		t.Errorf("the frame: %v", d)
	}
}

// goConstants are those with a name in Go.
func goConstants() map[string]int64 {
	return map[string]int64{
		"ADDRESS": program.Address, "SCRATCH": program.ScratchAddress, "MAX_OPS": program.MaxOps, "MAX_DATA": program.MaxData,
		"MAX_SCRATCH": program.MaxScratch, "NUM_REGS": program.NumRegs, "NO_REG": program.NoReg, "REPEATS": program.Repeats,
		"PID_ROOM": program.PIDRoom, "MAX_CALL": program.MaxCall, "MAX_TEXT": program.MaxText, "MAX_POLLED": program.MaxPolled,
		"HEADER_SIZE": program.HeaderSize, "OP_SIZE": program.OpSize,
		"KIND_CONST": int64(program.KindConst), "KIND_DATA": int64(program.KindData), "KIND_REG": int64(program.KindReg),
		"KIND_SCRATCH": int64(program.KindScratch),
		"MUST_FAIL":    int64(program.MustFail), "EXEC": int64(program.Exec), "REPEAT": int64(program.Repeat),
		"SPECIAL": int64(program.SpecialSync), "SPECIAL_SYNC": int64(program.SpecialSync), "SPECIAL_FORK": int64(program.SpecialFork),
		"SPECIAL_INIT": int64(program.SpecialInit), "SPECIAL_SAME_FILE": int64(program.SpecialSameFile),
		"SPECIAL_SKIP": int64(program.SpecialSkip), "SPECIAL_CWD": int64(program.SpecialCwd),
		"SPECIAL_RECEIVE": int64(program.SpecialReceive), "SPECIAL_PID": int64(program.SpecialPID),
		"SPECIAL_NOT_EXECUTABLE": int64(program.SpecialNotExecutable), "SPECIAL_NOT_FOUND": int64(program.SpecialNotFound),
		"SPECIAL_RESIDE": int64(program.SpecialReside), "SPECIAL_LAST": int64(program.SpecialReside),
		"MESSAGE_SIZE": program.MessageSize, "MESSAGE_REACHED": int64(program.MessageReached),
		"MESSAGE_FAILED": int64(program.MessageFailed), "MESSAGE_READY": int64(program.MessageReady),
		"MESSAGE_STATE": int64(program.MessageState),
		"IMAGE_CALLS":   imageCalls, "IMAGE_WORDS": imageWords, "IMAGE_TEXT": imageText, "WORDS_SIZE": int64(len(words)),
		"EXIT_SETUP": exitSetup, "CWD_SIZE": 4096,
		"SYS_fsconfig": unix.SYS_FSCONFIG, "SYS_fsmount": unix.SYS_FSMOUNT,
		"PROT_READ": unix.PROT_READ, "PROT_WRITE": unix.PROT_WRITE, "MAP_PRIVATE": unix.MAP_PRIVATE,
		"MAP_ANONYMOUS": unix.MAP_ANONYMOUS, "MAP_FIXED_NOREPLACE": unix.MAP_FIXED_NOREPLACE, "CLONE_PARENT": unix.CLONE_PARENT,
		"F_SETFD": unix.F_SETFD, "FD_CLOEXEC": unix.FD_CLOEXEC, "MSG_PEEK": unix.MSG_PEEK, "MSG_NOSIGNAL": unix.MSG_NOSIGNAL,
		"MSG_CMSG_CLOEXEC": unix.MSG_CMSG_CLOEXEC, "MSG_DONTWAIT": unix.MSG_DONTWAIT, "SCM_RIGHTS": unix.SCM_RIGHTS,
		"AT_EMPTY_PATH": unix.AT_EMPTY_PATH, "STATX_TYPE_INO": unix.STATX_TYPE | unix.STATX_INO, "S_IFMT": unix.S_IFMT,
		"P_PID": unix.P_PID, "WEXITED": unix.WEXITED,
		"WAIT_ALL":   unix.WEXITED | unix.WSTOPPED | unix.WCONTINUED | unix.WALL,
		"WAIT_PEEK":  unix.WEXITED | unix.WSTOPPED | unix.WCONTINUED | unix.WNOHANG | unix.WNOWAIT,
		"WAIT_ENDED": unix.WEXITED | unix.WNOHANG, "WAIT_TAKE": unix.WSTOPPED | unix.WCONTINUED | unix.WNOHANG,
		"WAIT_END":                   unix.WEXITED | unix.WNOWAIT,
		"PIDFD_SIGNAL_PROCESS_GROUP": 4, // of linux/pidfd.h
		"PR_SET_PDEATHSIG":           unix.PR_SET_PDEATHSIG,
		"SIG_BLOCK":                  unix.SIG_BLOCK, "SIG_UNBLOCK": unix.SIG_UNBLOCK, "SIG_SETMASK": unix.SIG_SETMASK,
		"SIGKILL": int64(unix.SIGKILL), "SIGTERM": int64(unix.SIGTERM), "SIGCHLD": int64(unix.SIGCHLD),
		"SIGINFO_SIZE": 128, "SI_QUEUE": -1, // of asm-generic/siginfo.h, as the next
		"CLD_EXITED": cldExited, "CLD_DUMPED": cldDumped,
		"ENOENT": int64(unix.ENOENT), "EINTR": int64(unix.EINTR), "ENOEXEC": int64(unix.ENOEXEC), "EAGAIN": int64(unix.EAGAIN),
		"EINVAL": int64(unix.EINVAL), "EACCES": int64(unix.EACCES), "EBADMSG": int64(unix.EBADMSG), "ESTALE": int64(unix.ESTALE),
	}
}

// at is where a number of 2, 4 or 8 bytes is encoded, -1 unless that is one place.
func at(text []byte, number any) int64 {
	buf, err := binary.Append(nil, binary.NativeEndian, number)
	if err != nil || bytes.Count(text, buf) != 1 {
		return -1
	}
	return int64(bytes.Index(text, buf))
}

func headerOffsets(t *testing.T) map[string]int64 {
	t.Helper()
	p := program.Program{
		CloneFlags: 0x1122334455667788, SyncFD: 0x21222324, ControlFD: 0x31323334, InPlace: true,
		Scratch: 0x41424344, Data: make([]byte, 0x5152), Ops: make([]program.Op, 0x62),
	}
	text := p.Encode()[:program.HeaderSize]
	return map[string]int64{
		"MAGIC": int64(binary.NativeEndian.Uint32(text)), "H_CLONE": at(text, p.CloneFlags), "H_SYNC": at(text, p.SyncFD),
		"H_CONTROL": at(text, p.ControlFD), "H_OPS": at(text, uint32(0x62)), "H_DATA": at(text, uint32(0x5152)),
		"H_SCRATCH": at(text, p.Scratch), "H_IN_PLACE": at(text, uint32(1)),
	}
}

func opOffsets(t *testing.T) map[string]int64 {
	t.Helper()
	op := program.Op{Nr: 0x1112, Out: 0x21, Flags: 0x31, Pass: [8]uint8{0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48}}
	op.Args[0] = program.Operand{Kind: program.KindScratch, Value: 0x5152535455565758}
	op.Args[5] = program.Operand{Kind: program.KindReg}
	text := (&program.Program{Ops: []program.Op{op}}).Encode()[program.HeaderSize:]
	return map[string]int64{
		"OP_NR": at(text, op.Nr), "OP_OUT": at(text, op.Out), "OP_FLAGS": at(text, op.Flags),
		"OP_KINDS": at(text, uint16(program.KindScratch)|uint16(program.KindReg)<<10), "OP_PASS": at(text, op.Pass),
		"OP_ARGS": at(text, op.Args[0].Value),
	}
}

func residentOffsets(t *testing.T) map[string]int64 {
	t.Helper()
	r := program.Resident{
		Signals: 0x1112131415161718, Wake: 0x2122232425262728, Keys: 0x3132333435363738,
		Argv: program.Const(0x1000), Env: program.Const(0x2000),
		PIDFD: 0x1111, Pipe: 0x2222, PID: 0x3333, Stop: 0x4444, Binary: 0x5555, States: 0x6666, Exits: true,
		Control: 0x7777, SignalFD: 0x8888, Requests: 0x9999, Others: []int32{0xaaaa},
	}
	b := program.NewBuilder()
	b.Reside(r)
	text := mustProgram(t, b).Data
	return map[string]int64{
		"R_SIZE": int64(len(text)), "R_SIGNALS": at(text, r.Signals), "R_WAKE": at(text, r.Wake), "R_KEYS": at(text, r.Keys),
		"R_ARGV": at(text, r.Argv.Address()), "R_ENV": at(text, r.Env.Address()), "R_PIDFD": at(text, r.PIDFD),
		"R_PIPE": at(text, r.Pipe), "R_PID": at(text, r.PID), "R_STOP": at(text, r.Stop), "R_BINARY": at(text, r.Binary),
		"R_STATES": at(text, r.States), "R_EXITS": at(text, [2]int32{1, 4}), "R_COUNT": at(text, [2]int32{1, 4}) + 4,
		"R_FDS": at(text, r.Control), "R_CONTROL": at(text, r.Control), "R_SIGNALFD": at(text, r.SignalFD),
		"R_REQUESTS": at(text, r.Requests),
	}
}

// The numbers of system calls are those of the processor, and both stages have the same parts.
func TestStages(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`(?m)^(\w+):`)
	var parts [2][]string
	for i, arch := range []string{"amd64", "arm64"} {
		file := "stage_" + arch + ".s"
		numbers, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "unix", "zsysnum_linux_"+arch+".go"))
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range numbersIn(t, file) {
			if !strings.HasPrefix(name, "SYS_") {
				t.Errorf("%s: %s belongs to stage.h", file, name)
			}
			m := regexp.MustCompile(`(?m)^\t` + strings.ToUpper(name) + ` += (\d+)$`).FindSubmatch(numbers)
			if m == nil || string(m[1]) != strconv.FormatInt(n, 10) {
				t.Errorf("%s: %s is %d; want %q", file, name, n, m)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range label.FindAllSubmatch(text, -1) {
			if name := string(m[1]); name != "image" {
				parts[i] = append(parts[i], name)
			}
		}
	}
	if len(parts[0]) == 0 || !slices.Equal(parts[0], parts[1]) {
		t.Errorf("labels of amd64:\n%q\nof arm64:\n%q", parts[0], parts[1])
	}
}

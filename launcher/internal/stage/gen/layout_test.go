package main

import (
	"testing"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// structure is what lies in encoded text.
func structure[S any](t *testing.T, text []byte) S {
	t.Helper()
	if len(text) < sizeOf[S]() {
		t.Fatalf("%d bytes; want %d", len(text), sizeOf[S]())
	}
	return *(*S)(unsafe.Pointer(&text[0]))
}

// A program is encoded as the structures say.
func TestEncodedProgram(t *testing.T) {
	p := program.Program{
		CloneFlags: 0x1122334455667788, SyncFD: 0x21222324, ControlFD: -1, InPlace: true, Scratch: 0x41424344,
		Data: make([]byte, 0x5152), Ops: make([]program.Op, 3),
	}
	p.Ops[0] = program.Op{Nr: 0x1112, Step: 0x1314, Out: 0x21, Flags: 0x31, Pass: [8]uint8{1, 2, 3, 4, 5, 6, 7, 8}}
	p.Ops[0].Args[0] = program.Operand{Kind: program.KindScratch, Value: 0x5152535455565758}
	p.Ops[0].Args[5] = program.Operand{Kind: program.KindReg, Value: 0x61}
	text := p.Encode()
	if sizeOf[encodedHeader]() != program.HeaderSize || sizeOf[encodedOp]() != program.OpSize || 1<<opShift != program.OpSize {
		t.Error("the sizes")
	}
	h := structure[encodedHeader](t, text)
	if want := (encodedHeader{
		magic: uint32(magic()), clone: p.CloneFlags, sync: p.SyncFD, control: p.ControlFD, ops: 3, data: 0x5152, scratch: p.Scratch, inPlace: 1,
	}); h != want {
		t.Errorf("header %+v; want %+v", h, want)
	}
	at := (program.HeaderSize + len(p.Data) + program.OpSize - 1) &^ (program.OpSize - 1)
	o := structure[encodedOp](t, text[at:])
	if want := (encodedOp{
		nr: 0x1112, step: 0x1314, out: 0x21, flags: 0x31, kinds: uint16(program.KindScratch) | uint16(program.KindReg)<<10,
		pass: p.Ops[0].Pass, args: [6]uint64{0x5152535455565758, 0, 0, 0, 0, 0x61},
	}); o != want {
		t.Errorf("op %+v; want %+v", o, want)
	}
}

func TestEncodedResident(t *testing.T) {
	r := program.Resident{
		Signals: 0x1112131415161718, Wake: 0x2122232425262728, Keys: 0x3132333435363738,
		Argv: program.Const(0x1000), Env: program.Const(0x2000),
		PIDFD: 0x1111, Pipe: 0x2222, PID: 0x3333, Stop: 0x4444, Binary: 0x5555, States: 0x6666, Exits: true,
		Control: -1, SignalFD: 0x8888, Requests: 0x9999, Others: []int32{0xaaaa},
	}
	b := program.NewBuilder()
	b.Reside(r)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	got := structure[encodedResident](t, p.Data)
	want := encodedResident{
		signals: r.Signals, wake: r.Wake, keys: r.Keys, argv: r.Argv.Address(), env: r.Env.Address(),
		pidfd: r.PIDFD, pipe: r.Pipe, pid: 0x3333, stop: 0x4444, binary: r.Binary, states: r.States, exits: 1, count: 4,
		control: polled{-1, unix.POLLIN, 0}, signalFD: polled{0x8888, unix.POLLIN, 0}, requests: polled{0x9999, unix.POLLIN, 0},
	}
	want.others[0] = polled{0xaaaa, unix.POLLIN, 0}
	if got != want || len(p.Data) != sizeOf[encodedResident]() {
		t.Errorf("%d bytes: %+v; want %+v", len(p.Data), got, want)
	}
}

// Messages are as the structure says, and what is said follows.
func TestFrame(t *testing.T) {
	sent := message{program.MessageState, 2, 3, 0}
	text := unsafe.Slice((*byte)(unsafe.Pointer(&sent)), sizeOf[message]())
	if m, ok := program.DecodeMessage(text); !ok || m != (program.Message{Kind: program.MessageState, A: 2, B: 3}) || len(text) != program.MessageSize {
		t.Errorf("message %+v, %v", m, ok)
	}
	said, msg := of[frameLayout]("said"), of[frameLayout]("msg")
	if said.offset != msg.offset+program.MessageSize {
		t.Error("what is said does not follow the message")
	}
	if sizeOf[frameLayout]()%64 != 0 || of[frameLayout]("buf").offset+512 != of[frameLayout]("resident").offset {
		t.Error("the frame")
	}
	for name, size := range map[string]int{
		"stat": sizeOf[unix.Stat_t](), "statx": sizeOf[unix.Statx_t](), "siginfo": sizeOf[siginfo](), "received": sizeOf[received](),
	} {
		if size > 512 {
			t.Errorf("%s: %d bytes do not fit into the buffer", name, size)
		}
	}
	if sizeOf[siginfo]() != 128 || sizeOf[polled]() != 8 || unix.SizeofMsghdr != of[received]("iov").offset {
		t.Error("structures of the kernel")
	}
}

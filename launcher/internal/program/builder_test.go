package program

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestBuilderData(t *testing.T) {
	b := NewBuilder()
	b.Call(unix.SYS_SETSID)
	first := b.String("abc")
	if again := b.String("abc"); again != first {
		t.Errorf("equal strings at %d and %d; want one", first.Value, again.Value)
	}
	if other := b.String("ab"); other == first || b.p.CString(other.Value) != "ab" {
		t.Errorf("another string at %d: %q", other.Value, b.p.CString(other.Value))
	}
	data := b.Bytes([]byte{1, 2, 3})
	words := b.Words(1, 1<<63)
	if data.Value%8 != 0 || words.Value%8 != 0 {
		t.Errorf("data at %d, words at %d; want multiples of 8", data.Value, words.Value)
	}
	list := b.Strings([]string{"abc", "", "abc"})
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.Data[data.Value:data.Value+3], []byte{1, 2, 3}) || p.uint(words.Value+8, 8) != 1<<63 {
		t.Errorf("data: % x", p.Data)
	}
	var got []string
	for at := list.Value; p.uint(at, 8) != 0; at += 8 {
		got = append(got, p.CString(p.uint(at, 8)-DataAddress))
	}
	if want := "abc||abc"; strings.Join(got, "|") != want {
		t.Errorf("strings %q; want %q", got, want)
	}
	if empty := b.Strings(nil); b.p.uint(empty.Value, 8) != 0 {
		t.Error("no strings: the first is not NULL")
	}
}

// What is written as the program runs lies in the scratch memory, one after the other.
func TestBuilderScratch(t *testing.T) {
	b := NewBuilder()
	first, second := b.WithPID("A="), b.WithPID("LONGER=")
	list := b.Pointers(first, second)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if first.Address() != ScratchAddress || second.Address() != ScratchAddress+2+PIDRoom || p.Scratch != 2+7+2*PIDRoom {
		t.Errorf("at %#x and %#x of %d bytes", first.Address(), second.Address(), p.Scratch)
	}
	if p.uint(list.Value, 8) != first.Address() || p.uint(list.Value+8, 8) != second.Address() {
		t.Error("an array has other addresses")
	}
	b = NewBuilder()
	b.WithPID("A=")
	at := b.Scratch(20)
	if want := (Operand{KindScratch, 24}); at != want || b.p.Scratch != 44 || at.Plus(4).Address() != ScratchAddress+28 {
		t.Errorf("a structure at %+v of %d bytes; want %+v", at, b.p.Scratch, want)
	}
}

func TestBuilderOps(t *testing.T) {
	b := NewBuilder()
	b.Step(7)
	op := b.Call(unix.SYS_CLOSE, Int(-1)).PassOver(unix.EBADF).PassOver(unix.EINTR, unix.EIO).With(Exec).With(MustFail)
	op.To(b.Reg())
	want := Op{Nr: unix.SYS_CLOSE, Step: 7, Out: 0, Flags: Exec | MustFail, Pass: [8]uint8{9, 4, 5}, Args: [6]Operand{{KindConst, 1<<64 - 1}}}
	if *op != want || b.Len() != 1 {
		t.Errorf("got %+v; want %+v", *op, want)
	}
	for _, e := range []unix.Errno{unix.EBADF, unix.EINTR, unix.EIO} {
		if !op.Passes(e) {
			t.Errorf("%v is not passed over", e)
		}
	}
	if op.Passes(0) || op.Passes(unix.EPERM) {
		t.Error("passes over what it was not told")
	}
	b.Patch(0, 5, Register(3))
	if got := b.p.Ops[0].Args[5]; got != Register(3) {
		t.Errorf("patched to %+v", got)
	}
	if p, err := b.Program(); err != nil || p.ControlFD != -1 {
		t.Errorf("program %+v, %v", p, err)
	}
}

func TestBuilderRunsOutOfRegisters(t *testing.T) {
	b := NewBuilder()
	b.Call(unix.SYS_SETSID)
	for i := range NumRegs {
		if r := b.Reg(); int(r) != i {
			t.Fatalf("register %d; want %d", r, i)
		}
	}
	if _, err := b.Program(); err != nil {
		t.Errorf("with all registers: %v", err)
	}
	b.Reg()
	if _, err := b.Program(); err == nil || !strings.Contains(err.Error(), "more than 64 registers") {
		t.Errorf("with one more: %v", err)
	}
}

func TestBuilderRefusesInvalidPrograms(t *testing.T) {
	b := NewBuilder()
	if _, err := b.Program(); err == nil {
		t.Error("an empty program is accepted")
	}
	b.Call(unix.SYS_SETSID, Operand{KindData, 0})
	if _, err := b.Program(); err == nil {
		t.Error("an address of data that is not there is accepted")
	}
}

func TestDecodeMessage(t *testing.T) {
	encode := func(words ...uint32) []byte {
		var buf []byte
		for _, w := range words {
			buf = binary.NativeEndian.AppendUint32(buf, w)
		}
		return buf
	}
	if m, ok := DecodeMessage(encode(MessageFailed, 3, 0xffffffff, 0)); !ok || m != (Message{MessageFailed, 3, -1, 0}) {
		t.Errorf("got %+v, %v", m, ok)
	}
	for _, bad := range [][]byte{nil, encode(1, 2, 3), encode(1, 2, 3, 4, 5), encode(0, 0, 0, 0), encode(MessageState+1, 0, 0, 0)} {
		if m, ok := DecodeMessage(bad); ok {
			t.Errorf("% x: got %+v; want none", bad, m)
		}
	}
}

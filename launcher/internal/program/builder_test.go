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
	b.Call(unix.SYS_GETPID)
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
	for at := list.Value; at < uint64(len(p.Data)); at += 8 {
		got = append(got, p.CString(p.uint(at, 8)))
	}
	// The last word is NULL, which no relocation makes an address.
	if want := "abc||abc|abc"; strings.Join(got, "|") != want || p.uint(list.Value+24, 8) != 0 {
		t.Errorf("strings %q; want %q", got, want)
	}
	if len(p.Relocs) != 3 || uint64(p.Relocs[0]) != list.Value || uint64(p.Relocs[2]) != list.Value+16 {
		t.Errorf("relocations %d of strings at %d", p.Relocs, list.Value)
	}
	if empty := b.Strings(nil); len(b.p.Relocs) != 3 || b.p.uint(empty.Value, 8) != 0 {
		t.Errorf("no strings: relocations %d", b.p.Relocs)
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
	b.Call(unix.SYS_GETPID)
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
	b.Call(unix.SYS_GETPID, Operand{KindData, 0})
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

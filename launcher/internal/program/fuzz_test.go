package program

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzDecode feeds the decoder what a child would never be given. It must not
// panic; what it accepts comes back by Encode and Decode; and Load, by which
// the child decodes in place, accepts just the same.
func FuzzDecode(f *testing.F) {
	text := sample(f).Encode()
	f.Add(text)
	f.Add(text[:len(text)-1])
	f.Add(text[:HeaderSize])
	for _, at := range []int{0, 24, 28, 32, HeaderSize, HeaderSize + 4, HeaderSize + 6, HeaderSize + 16, len(text) - 4} {
		changed := slices.Clone(text)
		changed[at] ^= 0x41
		f.Add(changed)
	}
	least, err := leastProgram()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(least.Encode())
	f.Fuzz(func(t *testing.T, buf []byte) {
		original := slices.Clone(buf)
		_, err := Decode(buf)
		if !bytes.Equal(buf, original) {
			t.Fatal("Decode has changed what it read")
		}
		const base = 0x12345000
		h, loadErr := Load(buf, base)
		if (err == nil) != (loadErr == nil) {
			t.Fatalf("Decode: %v; Load: %v", err, loadErr)
		}
		if err != nil {
			if !bytes.Equal(buf, original) {
				t.Error("Load has changed what it refused")
			}
			return
		}
		checkLoaded(t, h, original, buf, base)
		p, err := Decode(original)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(p.Encode())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("decoded again: %+v, %v; want %+v", again, err, p)
		}
		for i := range p.Ops {
			if len(p.Format(i)) == 0 {
				t.Errorf("op %d is printed as nothing", i)
			}
		}
		p.FormatStart()
	})
}

func leastProgram() (*Program, error) {
	b := NewBuilder()
	b.Call(unix.SYS_GETPID)
	return b.Program()
}

// checkLoaded checks that Load has changed the words that are relocated, by
// the address of the data, and nothing else.
func checkLoaded(t *testing.T, h Header, before, after []byte, base uint64) {
	t.Helper()
	want := slices.Clone(before)
	for i := range int(h.Relocs) {
		at := h.DataAt() + int(h.reloc(before, i))
		e := binary.NativeEndian
		e.PutUint64(want[at:], e.Uint64(want[at:])+base+uint64(h.DataAt()))
	}
	if !bytes.Equal(after, want) {
		t.Error("Load has changed more than the relocated words, or not all of them")
	}
}

package program

import (
	"encoding/binary"
	"reflect"
	"testing"
)

func TestEncodeRoundTrip(t *testing.T) {
	p := sample(t)
	text := p.Encode()
	if got := p.header().Size(); got != len(text) {
		t.Errorf("size %d; want %d", got, len(text))
	}
	got, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v; want %+v", got, p)
	}
	// What is mapped may be longer than what was written.
	if got, err := Decode(append(text, make([]byte, 4096)...)); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("with a tail: %+v, %v", got, err)
	}
}

func TestLoadRelocates(t *testing.T) {
	p := sample(t)
	text := p.Encode()
	const base = 0x7f0000001000
	h, err := Load(text, base)
	if err != nil {
		t.Fatal(err)
	}
	data := text[h.DataAt():h.RelocsAt()]
	relocated := map[uint32]bool{}
	for _, r := range p.Relocs {
		relocated[r] = true
	}
	for at := uint32(0); int(at)+8 <= len(p.Data); at += 8 {
		want := p.uint(uint64(at), 8)
		if relocated[at] {
			want += base + uint64(h.DataAt())
		}
		if got := binary.NativeEndian.Uint64(data[at:]); got != want {
			t.Errorf("word at %d: %#x; want %#x", at, got, want)
		}
	}
	if h.CloneFlags != p.CloneFlags || h.SyncFD != 4 || h.ControlFD != 5 || h.OpsAt() != HeaderSize {
		t.Errorf("header %+v", h)
	}
}

// Every program that was cut short is refused, wherever that was.
func TestDecodeRefusesTruncated(t *testing.T) {
	text := sample(t).Encode()
	for n := range len(text) {
		if _, err := Decode(text[:n:n]); err == nil {
			t.Fatalf("%d of %d bytes are accepted", n, len(text))
		}
		if _, err := Load(text[:n:n], 0); err == nil {
			t.Fatalf("%d of %d bytes are loaded", n, len(text))
		}
	}
}

func TestDecodeHeaderBounds(t *testing.T) {
	for name, change := range map[string]func(buf []byte){
		"magic":       func(buf []byte) { buf[0]++ },
		"ops":         func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], MaxOps+1) },
		"all ops":     func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], 1<<32-1) },
		"no ops":      func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], 0) },
		"relocations": func(buf []byte) { binary.NativeEndian.PutUint32(buf[28:], MaxData/8+1) },
		"data":        func(buf []byte) { binary.NativeEndian.PutUint32(buf[32:], MaxData+1) },
		"more data":   func(buf []byte) { binary.NativeEndian.PutUint32(buf[32:], binary.NativeEndian.Uint32(buf[32:])+8) },
	} {
		text := sample(t).Encode()
		change(text)
		if _, err := Decode(text); err == nil {
			t.Errorf("%s: decoded", name)
		}
		if _, err := Load(text, 0); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

package program

import (
	"encoding/binary"
	"reflect"
	"testing"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/nstest"
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

// Every program that was cut short is refused, wherever that was.
func TestDecodeRefusesTruncated(t *testing.T) {
	text := sample(t).Encode()
	for n := range len(text) {
		if _, err := Decode(text[:n:n]); err == nil {
			t.Fatalf("%d of %d bytes are accepted", n, len(text))
		}
		if _, err := Check(text[:n:n]); err == nil {
			t.Fatalf("%d of %d bytes pass", n, len(text))
		}
	}
}

func TestDecodeHeaderBounds(t *testing.T) {
	for name, change := range map[string]func(buf []byte){
		"magic":   func(buf []byte) { buf[0]++ },
		"ops":     func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], MaxOps+1) },
		"all ops": func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], 1<<32-1) },
		"no ops":  func(buf []byte) { binary.NativeEndian.PutUint32(buf[24:], 0) },
		"data":    func(buf []byte) { binary.NativeEndian.PutUint32(buf[28:], MaxData+1) },
		"more data": func(buf []byte) {
			binary.NativeEndian.PutUint32(buf[28:], binary.NativeEndian.Uint32(buf[28:])+OpSize)
		},
		"scratch": func(buf []byte) { binary.NativeEndian.PutUint32(buf[32:], MaxScratch+1) },
	} {
		text := sample(t).Encode()
		change(text)
		if _, err := Decode(text); err == nil {
			t.Errorf("%s: decoded", name)
		}
		if _, err := Check(text); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

// What runs a program reads it where it lies: it is as large as is said, and has no pointer.
func TestEncodedStructures(t *testing.T) {
	nstest.AssertFlat(t, EncodedHeader{}, EncodedOp{}, EncodedResident{})
	if h, o := unsafe.Sizeof(EncodedHeader{}), unsafe.Sizeof(EncodedOp{}); h != HeaderSize || o != OpSize {
		t.Errorf("a header of %d bytes, an op of %d; want %d, %d", h, o, HeaderSize, OpSize)
	}
}

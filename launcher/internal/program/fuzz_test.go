package program

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzDecode feeds the decoder what a child would never be given. It must not
// panic; what it accepts comes back by Encode and Decode; and Check, by which
// the child checks what it runs in place, accepts just the same.
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
		if _, checkErr := Check(buf); (err == nil) != (checkErr == nil) || !bytes.Equal(buf, original) {
			t.Fatalf("Decode: %v; Check: %v", err, checkErr)
		}
		if err != nil {
			return
		}
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
	b.Call(unix.SYS_SETSID)
	return b.Program()
}

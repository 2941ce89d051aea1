package program

import (
	"errors"
	"fmt"
	"unsafe"
)

// The encoded form is an [EncodedHeader], the data, padded to 64 bytes, and an [EncodedOp] for each op. It is what
// a child maps at [Address], and reads where it lies.

// Magic is what an encoded program begins with: "NLP2".
const Magic = 0x32504c4e

// EncodedHeader is how an encoded program begins.
type EncodedHeader struct {
	Magic, _           uint32
	CloneFlags         uint64
	SyncFD, ControlFD  int32
	Ops, Data, Scratch uint32
	InPlace            uint32 // 1: it is
	_                  [24]byte
}

// EncodedOp is how an op is encoded.
type EncodedOp struct {
	Nr, Step   uint16
	Out, Flags uint8
	Kinds      uint16 // two bits an operand
	Pass       [8]uint8
	Args       [6]uint64
}

// The sizes of an EncodedHeader and of an EncodedOp.
const (
	HeaderSize = 64
	OpSize     = 64
)

// at is what lies at an offset of encoded memory.
func at[T any](buf []byte, offset int) *T {
	var t T
	return (*T)(unsafe.Pointer(unsafe.SliceData(buf[offset : offset+int(unsafe.Sizeof(t))])))
}

// Header is the decoded header of an encoded program.
type Header struct {
	CloneFlags        uint64
	InPlace           bool
	SyncFD, ControlFD int32
	Ops               uint32
	Data              uint32 // bytes, without padding
	Scratch           uint32 // bytes
}

// DataAt and OpsAt are the offsets at which those parts begin.
func (h Header) DataAt() int { return HeaderSize }

// OpsAt is the offset at which the ops begin.
func (h Header) OpsAt() int { return HeaderSize + (int(h.Data)+OpSize-1)&^(OpSize-1) }

// Size is the length of the whole encoded program.
func (h Header) Size() int { return h.OpsAt() + OpSize*int(h.Ops) }

func (p *Program) header() Header {
	return Header{p.CloneFlags, p.InPlace, p.SyncFD, p.ControlFD, uint32(len(p.Ops)), uint32(len(p.Data)), p.Scratch}
}

// Encode returns the encoded form of a valid program.
func (p *Program) Encode() []byte {
	h := p.header()
	buf := make([]byte, h.Size())
	e := at[EncodedHeader](buf, 0)
	e.Magic, e.CloneFlags, e.SyncFD, e.ControlFD = Magic, h.CloneFlags, h.SyncFD, h.ControlFD
	e.Ops, e.Data, e.Scratch = h.Ops, h.Data, h.Scratch
	if h.InPlace {
		e.InPlace = 1
	}
	copy(buf[h.DataAt():], p.Data)
	for i := range p.Ops {
		p.Ops[i].encode(at[EncodedOp](buf, h.OpsAt()+OpSize*i))
	}
	return buf
}

func (o *Op) encode(e *EncodedOp) {
	e.Nr, e.Step, e.Out, e.Flags, e.Pass = o.Nr, o.Step, o.Out, o.Flags, o.Pass
	for i, a := range o.Args {
		e.Kinds |= uint16(a.Kind) << (2 * i)
		e.Args[i] = a.Value
	}
}

var errEncoding = errors.New("program: not an encoded program")

// DecodeHeader reads the header of the encoded program in buf, which may be longer than that.
func DecodeHeader(buf []byte) (Header, error) {
	if len(buf) < HeaderSize {
		return Header{}, errEncoding
	}
	e := at[EncodedHeader](buf, 0)
	if e.Magic != Magic {
		return Header{}, errEncoding
	}
	h := Header{e.CloneFlags, e.InPlace == 1, e.SyncFD, e.ControlFD, e.Ops, e.Data, e.Scratch}
	if h.Ops > MaxOps || h.Data > MaxData || h.Size() > len(buf) {
		return Header{}, errEncoding
	}
	return h, nil
}

// Decode is the inverse of Encode. Its result is valid; Data shares buf's memory.
func Decode(buf []byte) (*Program, error) {
	h, err := DecodeHeader(buf)
	if err != nil {
		return nil, err
	}
	p := &Program{CloneFlags: h.CloneFlags, InPlace: h.InPlace, SyncFD: h.SyncFD, ControlFD: h.ControlFD, Scratch: h.Scratch,
		Data: buf[h.DataAt() : h.DataAt()+int(h.Data)]}
	for offset := h.OpsAt(); offset < h.Size(); offset += OpSize {
		p.Ops = append(p.Ops, decodeOp(at[EncodedOp](buf, offset)))
	}
	return p, p.Validate()
}

// Check is Decode for a caller that runs the program where it lies.
func Check(buf []byte) (Header, error) {
	h, err := DecodeHeader(buf)
	if err != nil {
		return Header{}, err
	}
	b := bounds{uint64(h.Ops), uint64(h.Data), uint64(h.Scratch), h.ControlFD >= 0}
	if err := b.check(); err != nil {
		return Header{}, err
	}
	for i := range int(h.Ops) {
		o := decodeOp(at[EncodedOp](buf, h.OpsAt()+OpSize*i))
		if err := b.op(i, &o); err != nil {
			return Header{}, fmt.Errorf("program: op %d: %w", i, err)
		}
	}
	return h, nil
}

func decodeOp(e *EncodedOp) Op {
	o := Op{Nr: e.Nr, Step: e.Step, Out: e.Out, Flags: e.Flags, Pass: e.Pass}
	for i, v := range e.Args {
		o.Args[i] = Operand{Kind(e.Kinds >> (2 * i) & 3), v}
	}
	return o
}

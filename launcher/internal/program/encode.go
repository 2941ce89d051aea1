package program

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoded form, in the machine's byte order, is a header of 64 bytes, the data, padded
// to 64 bytes, and the ops of 64 bytes each. It is what a child maps at [Address].
const (
	magic      = 0x32504c4e // "NLP2"
	HeaderSize = 64
	OpSize     = 64
)

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
	e := binary.NativeEndian
	buf := make([]byte, h.OpsAt(), h.Size())
	e.PutUint32(buf[0:], magic)
	e.PutUint64(buf[8:], h.CloneFlags)
	e.PutUint32(buf[16:], uint32(h.SyncFD))
	e.PutUint32(buf[20:], uint32(h.ControlFD))
	e.PutUint32(buf[24:], h.Ops)
	e.PutUint32(buf[28:], h.Data)
	e.PutUint32(buf[32:], h.Scratch)
	if h.InPlace {
		e.PutUint32(buf[36:], 1)
	}
	copy(buf[HeaderSize:], p.Data)
	for i := range p.Ops {
		buf = appendOp(buf, &p.Ops[i])
	}
	return buf
}

// An op is nr u16, step u16, out u8, flags u8, kinds u16 (two bits an
// operand), passed errnos 8 × u8, and six operands u64.
func appendOp(buf []byte, o *Op) []byte {
	e := binary.NativeEndian
	buf = e.AppendUint16(buf, o.Nr)
	buf = e.AppendUint16(buf, o.Step)
	buf = append(buf, o.Out, o.Flags)
	var kinds uint16
	for i, a := range o.Args {
		kinds |= uint16(a.Kind) << (2 * i)
	}
	buf = e.AppendUint16(buf, kinds)
	buf = append(buf, o.Pass[:]...)
	for _, a := range o.Args {
		buf = e.AppendUint64(buf, a.Value)
	}
	return buf
}

var errEncoding = errors.New("program: not an encoded program")

// DecodeHeader reads the header of the encoded program in buf, which may be longer than that.
func DecodeHeader(buf []byte) (Header, error) {
	e := binary.NativeEndian
	if len(buf) < HeaderSize || e.Uint32(buf) != magic {
		return Header{}, errEncoding
	}
	h := Header{
		CloneFlags: e.Uint64(buf[8:]),
		SyncFD:     int32(e.Uint32(buf[16:])),
		ControlFD:  int32(e.Uint32(buf[20:])),
		Ops:        e.Uint32(buf[24:]),
		Data:       e.Uint32(buf[28:]),
		Scratch:    e.Uint32(buf[32:]),
		InPlace:    e.Uint32(buf[36:]) == 1,
	}
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
	for at := h.OpsAt(); at < h.Size(); at += OpSize {
		p.Ops = append(p.Ops, decodeOp(buf[at:]))
	}
	return p, p.Validate()
}

// Check is Decode for who runs the program where it lies.
func Check(buf []byte) (Header, error) {
	h, err := DecodeHeader(buf)
	if err != nil {
		return Header{}, err
	}
	b := bounds{int(h.Ops), int(h.Data), int(h.Scratch), h.ControlFD >= 0, Calls()}
	if err := b.check(); err != nil {
		return Header{}, err
	}
	for i := range int(h.Ops) {
		o := decodeOp(buf[h.OpsAt()+OpSize*i:])
		if err := b.op(i, &o); err != nil {
			return Header{}, fmt.Errorf("program: op %d: %w", i, err)
		}
	}
	return h, nil
}

func decodeOp(buf []byte) Op {
	e := binary.NativeEndian
	o := Op{Nr: e.Uint16(buf), Step: e.Uint16(buf[2:]), Out: buf[4], Flags: buf[5]}
	kinds := e.Uint16(buf[6:])
	copy(o.Pass[:], buf[8:16])
	for i := range o.Args {
		o.Args[i] = Operand{Kind(kinds >> (2 * i) & 3), e.Uint64(buf[16+8*i:])}
	}
	return o
}

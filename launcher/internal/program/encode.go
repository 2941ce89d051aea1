package program

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoded form, in the machine's byte order, is a header of 64 bytes, the
// ops of 64 bytes each, the data padded to 8 bytes, and the relocations of 4
// bytes each.
const (
	magic      = 0x31504c4e // "NLP1"
	HeaderSize = 64
	OpSize     = 64
)

// Header is the decoded header of an encoded program.
type Header struct {
	CloneFlags        uint64
	SyncFD, ControlFD int32
	Ops, Relocs       uint32
	Data              uint32 // bytes, without padding
}

func (h Header) dataAt() int   { return HeaderSize + OpSize*int(h.Ops) }
func (h Header) relocsAt() int { return h.dataAt() + pad8(int(h.Data)) }

// Size is the length of the whole encoded program.
func (h Header) Size() int { return h.relocsAt() + 4*int(h.Relocs) }

// OpsAt and DataAt are the offsets at which those parts begin.
func (h Header) OpsAt() int { return HeaderSize }

// DataAt is the offset at which the data begins.
func (h Header) DataAt() int { return h.dataAt() }

// RelocsAt is the offset at which the relocations begin.
func (h Header) RelocsAt() int { return h.relocsAt() }

func pad8(n int) int { return (n + 7) &^ 7 }

func (p *Program) header() Header {
	return Header{p.CloneFlags, p.SyncFD, p.ControlFD, uint32(len(p.Ops)), uint32(len(p.Relocs)), uint32(len(p.Data))}
}

// Encode returns the encoded form of a valid program.
func (p *Program) Encode() []byte {
	h := p.header()
	e := binary.NativeEndian
	buf := make([]byte, HeaderSize, h.Size())
	e.PutUint32(buf[0:], magic)
	e.PutUint64(buf[8:], h.CloneFlags)
	e.PutUint32(buf[16:], uint32(h.SyncFD))
	e.PutUint32(buf[20:], uint32(h.ControlFD))
	e.PutUint32(buf[24:], h.Ops)
	e.PutUint32(buf[28:], h.Relocs)
	e.PutUint32(buf[32:], h.Data)
	for i := range p.Ops {
		buf = appendOp(buf, &p.Ops[i])
	}
	buf = append(buf, p.Data...)
	buf = append(buf, make([]byte, h.relocsAt()-len(buf))...)
	for _, r := range p.Relocs {
		buf = e.AppendUint32(buf, r)
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

// DecodeHeader reads the header at the beginning of buf, which may be longer
// than the program. Every part that it names lies within buf.
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
		Relocs:     e.Uint32(buf[28:]),
		Data:       e.Uint32(buf[32:]),
	}
	if h.Ops > MaxOps || h.Data > MaxData || h.Relocs > MaxData/8 || h.Size() > len(buf) {
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
	p := &Program{CloneFlags: h.CloneFlags, SyncFD: h.SyncFD, ControlFD: h.ControlFD, Data: h.data(buf)}
	for i := range int(h.Ops) {
		p.Ops = append(p.Ops, decodeOp(buf[HeaderSize+OpSize*i:]))
	}
	for i := range int(h.Relocs) {
		p.Relocs = append(p.Relocs, h.reloc(buf, i))
	}
	return p, p.Validate()
}

func (h Header) data(buf []byte) []byte { return buf[h.dataAt() : h.dataAt()+int(h.Data)] }

func (h Header) reloc(buf []byte, i int) uint32 {
	return binary.NativeEndian.Uint32(buf[h.relocsAt()+4*i:])
}

// Load validates the encoded program in buf, which lies at address base, and makes its
// relocations good, so that the child can run it where it is. It keeps
// nothing of buf elsewhere in memory.
func Load(buf []byte, base uintptr) (Header, error) {
	h, err := DecodeHeader(buf)
	if err != nil {
		return Header{}, err
	}
	b := h.bounds()
	if err := b.check(); err != nil {
		return Header{}, err
	}
	for i := range int(h.Ops) {
		o := decodeOp(buf[HeaderSize+OpSize*i:])
		if err := b.op(i, &o); err != nil {
			return Header{}, fmt.Errorf("program: op %d: %w", i, err)
		}
	}
	data, e, next := h.data(buf), binary.NativeEndian, 0
	for i := range int(h.Relocs) {
		r := h.reloc(buf, i)
		if err := b.reloc(r, &next, data); err != nil {
			return Header{}, err
		}
	}
	for i := range int(h.Relocs) {
		word := data[h.reloc(buf, i):]
		e.PutUint64(word, e.Uint64(word)+uint64(base)+uint64(h.dataAt()))
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

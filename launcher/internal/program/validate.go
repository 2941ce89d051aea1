package program

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Validate checks that every register, offset and jump of the program is in
// bounds. A child runs only what passed it.
func (p *Program) Validate() error {
	b := bounds{len(p.Ops), len(p.Data), p.ControlFD >= 0}
	if err := b.check(); err != nil {
		return err
	}
	for i := range p.Ops {
		if err := b.op(i, &p.Ops[i]); err != nil {
			return fmt.Errorf("program: op %d: %w", i, err)
		}
	}
	next := 0
	for _, r := range p.Relocs {
		if err := b.reloc(r, &next, p.Data); err != nil {
			return err
		}
	}
	return nil
}

// bounds are what the parts of a program have to stay within.
type bounds struct {
	ops, data int
	control   bool
}

func (h Header) bounds() bounds { return bounds{int(h.Ops), int(h.Data), h.ControlFD >= 0} }

func (b bounds) check() error {
	if b.ops == 0 || b.ops > MaxOps || b.data > MaxData {
		return fmt.Errorf("program: %d ops, %d bytes of data: out of bounds", b.ops, b.data)
	}
	return nil
}

func (b bounds) op(i int, o *Op) error {
	if o.Special() && o.Nr > SpecialNotFound {
		return fmt.Errorf("unknown special op %#x", o.Nr)
	}
	if o.Out != NoReg && o.Out >= NumRegs {
		return fmt.Errorf("register %d: out of bounds", o.Out)
	}
	for _, a := range o.Args {
		switch {
		case a.Kind == KindConst,
			a.Kind == KindData && a.Value < uint64(b.data),
			a.Kind == KindReg && a.Value < NumRegs:
		default:
			return fmt.Errorf("operand %d of kind %d: out of bounds", a.Value, a.Kind)
		}
	}
	last := uint64(b.ops - 1)
	switch o.Nr {
	case SpecialFork:
		if to := o.Args[1]; to.Kind != KindConst || to.Value <= uint64(i) || to.Value > last {
			return errors.New("fork goes on out of bounds")
		}
	case SpecialSkip:
		if n := o.Args[1]; o.Args[0].Kind != KindReg || n.Kind != KindConst || n.Value > last-uint64(i) {
			return errors.New("skip goes on out of bounds")
		}
	case SpecialPID:
		if at := o.Args[0]; at.Kind != KindData || at.Value+PIDRoom > uint64(b.data) {
			return errors.New("a process id is written out of bounds")
		}
	case SpecialInit:
		if !b.control {
			return errors.New("an init without a control socket")
		}
	}
	return nil
}

// reloc checks a relocation. They ascend: next is the least offset that it may
// have, so that no word is relocated twice.
func (b bounds) reloc(r uint32, next *int, data []byte) error {
	if r%8 != 0 || int64(r) < int64(*next) || int64(r)+8 > int64(b.data) {
		return fmt.Errorf("program: relocation at %d: out of bounds", r)
	}
	*next = int(r) + 8
	if v := binary.NativeEndian.Uint64(data[r:]); v >= uint64(b.data) {
		return fmt.Errorf("program: relocation at %d to %d: out of bounds", r, v)
	}
	return nil
}

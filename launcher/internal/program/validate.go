package program

import (
	"errors"
	"fmt"
)

// Validate checks that every register, offset and jump of the program is in
// bounds, and that it makes no system call but those that steps are made of. A child runs only what passed it.
func (p *Program) Validate() error {
	b := bounds{uint64(len(p.Ops)), uint64(len(p.Data)), uint64(p.Scratch), p.ControlFD >= 0}
	if err := b.check(); err != nil {
		return err
	}
	for i := range p.Ops {
		if err := b.op(i, &p.Ops[i]); err != nil {
			return fmt.Errorf("program: op %d: %w", i, err)
		}
	}
	return nil
}

// bounds are what the parts of a program have to stay within.
type bounds struct {
	ops, data, scratch uint64
	control            bool
}

func (b *bounds) check() error {
	if b.ops == 0 || b.ops > MaxOps || b.data > MaxData || b.scratch > MaxScratch {
		return fmt.Errorf("program: %d ops, %d bytes of data, %d of scratch memory: out of bounds", b.ops, b.data, b.scratch)
	}
	return nil
}

// op checks op i.
func (b *bounds) op(i int, o *Op) error {
	special := SpecialOf(o.Nr)
	switch {
	case o.Special() && special == nil:
		return fmt.Errorf("unknown special op %#x", o.Nr)
	case special == nil && callOf(o.Nr) == nil:
		return fmt.Errorf("system call %d is not one that a step makes", o.Nr)
	}
	if o.Out != NoReg && o.Out >= NumRegs {
		return fmt.Errorf("register %d: out of bounds", o.Out)
	}
	for _, a := range o.Args {
		switch {
		case a.Kind == KindConst,
			a.Kind == KindData && a.Value < b.data,
			a.Kind == KindReg && a.Value < NumRegs,
			a.Kind == KindScratch && a.Value < b.scratch:
		default:
			return fmt.Errorf("operand %d of kind %d: out of bounds", a.Value, a.Kind)
		}
	}
	if special != nil && !b.holds(special, i, o) {
		return errors.New(special.refused)
	}
	return nil
}

// Bound is what an operand of a special op has to stay within, beyond what holds for each.
type Bound struct {
	Kind BoundKind
	// Size is how many bytes of memory there have to be, and More the operand, a length, that says how
	// many more, 0 for none. Size of a length is the most that it may be.
	Size uint64
	More uint8
}

// BoundKind says what a [Bound] is about.
type BoundKind uint8

const (
	BoundNone     BoundKind = iota // the operand may be any
	BoundRegister                  // it is a register
	BoundLater                     // it is the constant index of a later op
	BoundAhead                     // it is a constant number of later ops
	BoundLength                    // it is a constant length
	BoundData                      // it is an address of the data
	BoundScratch                   // it is an address of the scratch memory
	BoundWidth                     // it is the constant size of a number, 4 or 8
)

// holds reports whether a special op is within its bounds. All are looked at: a sum that is larger than
// a number can be has a length in it that is larger than it may be.
func (b *bounds) holds(s *Special, i int, o *Op) bool {
	if s.Control && !b.control {
		return false
	}
	later := b.ops - 1 - uint64(i) // ops
	for n, bound := range &s.Bounds {
		a, size := o.Args[n], bound.Size
		if bound.More != 0 {
			size += o.Args[bound.More].Value
		}
		ok := true
		switch bound.Kind {
		case BoundRegister:
			ok = a.Kind == KindReg
		case BoundLater:
			ok = a.Kind == KindConst && a.Value > uint64(i) && a.Value-uint64(i) <= later
		case BoundAhead:
			ok = a.Kind == KindConst && a.Value <= later
		case BoundLength:
			ok = a.Kind == KindConst && a.Value <= size
		case BoundData:
			ok = a.Kind == KindData && a.Value+size <= b.data
		case BoundScratch:
			ok = a.Kind == KindScratch && a.Value+size <= b.scratch
		case BoundWidth:
			ok = a.Kind == KindConst && (a.Value == 4 || a.Value == 8)
		}
		if !ok {
			return false
		}
	}
	return true
}

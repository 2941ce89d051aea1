package program

import (
	"errors"
	"fmt"
)

// Validate checks that every register, offset and jump of the program is in
// bounds, and that it makes no system call but those that steps are made of. A child runs only what passed it.
func (p *Program) Validate() error {
	b := bounds{len(p.Ops), len(p.Data), int(p.Scratch), p.ControlFD >= 0, Calls()}
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
	ops, data, scratch int
	control            bool
	calls              CallSet
}

func (b bounds) check() error {
	if b.ops == 0 || b.ops > MaxOps || b.data > MaxData || b.scratch > MaxScratch {
		return fmt.Errorf("program: %d ops, %d bytes of data, %d of scratch memory: out of bounds", b.ops, b.data, b.scratch)
	}
	return nil
}

func (b bounds) op(i int, o *Op) error {
	switch {
	case o.Nr > SpecialReside:
		return fmt.Errorf("unknown special op %#x", o.Nr)
	case !o.Special() && !b.calls.Has(o.Nr):
		return fmt.Errorf("system call %d is not one that a step makes", o.Nr)
	}
	if o.Out != NoReg && o.Out >= NumRegs {
		return fmt.Errorf("register %d: out of bounds", o.Out)
	}
	for _, a := range o.Args {
		switch {
		case a.Kind == KindConst,
			a.Kind == KindData && a.Value < uint64(b.data),
			a.Kind == KindReg && a.Value < NumRegs,
			a.Kind == KindScratch && a.Value < uint64(b.scratch):
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
		if !b.pid(o.Args[0], o.Args[1], o.Args[2]) {
			return errors.New("a process id is written out of bounds")
		}
	case SpecialReside:
		if at := o.Args[0]; at.Kind != KindData || at.Value+residentSize > uint64(b.data) {
			return errors.New("a resident out of bounds")
		}
	case SpecialInit:
		if !b.control {
			return errors.New("an init without a control socket")
		}
	}
	return nil
}

// pid checks the operands of SpecialPID.
func (b bounds) pid(to, from, size Operand) bool {
	return to.Kind == KindScratch && from.Kind == KindData && size.Kind == KindConst && size.Value <= MaxScratch &&
		from.Value+size.Value <= uint64(b.data) && to.Value+size.Value+PIDRoom <= uint64(b.scratch)
}

package main

import "math/bits"

// loadStore is a processor whose instructions have registers for operands, except for loads, stores and small numbers. The portable
// ones fall into those: t0 takes a number or what is loaded, t1 an address. All are of 64 bits, which narrow ones may be.
type loadStore interface {
	processor
	// fits reports whether an instruction may have the number n as its operand, or, if it loads or stores, as its offset.
	fits(v verb, n int) bool
	// plain writes an instruction that has no other operands than those.
	plain(w *writer, i instruction)
}

// lower writes an instruction of the source for a processor that loads and stores.
func lower(p loadStore, w *writer, i instruction) {
	l := lowering{p, w}
	switch i.verb {
	case isLoad:
		i.a = l.reach(i.a.(mem))
	case isStore:
		i.to = l.reach(i.to)
		if i.a != 0 {
			i.a = l.register(i.a, t0)
		}
	case isAddress:
		l.address(i.dst, i.a.(addr).mem)
		return
	case isAdd, isSub, isAnd, isOr, isXor, isMul:
		if n, ok := i.a.(int); !ok || !p.fits(i.verb, n) {
			i.a = l.register(i.a, t0)
		}
	case isIf:
		if m, ok := i.a.(mem); ok {
			// A number that may be negative is loaded as one.
			n, _ := i.b.(int)
			m.signed = m.signed || i.cond.signed() || n < 0
			i.a = l.register(m, t0)
		}
		if n, ok := i.b.(int); !ok || !p.fits(i.verb, n) {
			i.b = l.register(i.b, t1)
		}
	case isIfFlag:
		i.a = l.register(i.a, t0)
	case isLoop:
		m, ok := i.a.(mem)
		if !ok {
			break
		}
		l.register(m, t0)
		l.write(sub(t0, 1), put(m, t0))
		i = when(t0, ne, 0, i.label)[0]
	}
	p.plain(w, i)
}

// lowering writes instructions.
type lowering struct {
	p loadStore
	w *writer
}

func (l lowering) write(blocks ...block) {
	for _, i := range seq(blocks...) {
		lower(l.p, l.w, i)
	}
}

// register has an operand in a register, which is r unless it is in one already.
func (l lowering) register(a operand, r reg) reg {
	if in, ok := a.(reg); ok {
		return in
	}
	l.write(set(r, a))
	return r
}

// reach is memory without an index and with an offset that fits.
func (l lowering) reach(m mem) mem {
	if m.index != none {
		l.p.plain(l.w, instruction{verb: isIndex, dst: t1, a: m.base, b: m.index, cond: cond(bits.Len(uint(m.scale)) - 1)})
		m.base, m.index = t1, none
	}
	if !l.p.fits(isLoad, m.offset) {
		l.write(set(t1, m.offset), add(t1, m.base))
		m.base, m.offset = t1, 0
	}
	return m
}

// address puts the address of memory into a register.
func (l lowering) address(dst reg, m mem) {
	switch {
	case m.base == sp:
		l.write(set(dst, sp), add(dst, m.offset))
	case l.p.fits(isAdd, m.offset):
		l.p.plain(l.w, instruction{verb: isAddress, dst: dst, a: addr{m}})
	default:
		l.write(set(dst, m.offset), add(dst, m.base))
	}
}

package main

import (
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// checkOps wants the call numbers, registers and offsets of each op in bounds.
func checkOps() block {
	const nr, operand, index, kind, bound = res, a1, a0, a2, a4
	calls := inImage(8, "imageCalls").by(tmp)
	b := seq(
		set(op, first),
		label("check"),
		sub(opsLeft, 1),
		set(nr, ops("Nr")),
		narrow(when(nr, from, program.FirstSpecial, "checkOut")),
		narrow(when(nr, from, program.MaxCall, "bad")),
		set(tmp, low(nr)),
		narrow(shr(tmp, 6)),
		set(a2, calls),
		whenBit(nr, not, a2, "bad"),
		label("checkOut"),
		narrow(when(nr, from, program.EndSpecial, "bad")),
		set(tmp, ops("Out")),
		narrow(when(tmp, eq, program.NoReg, "checkArgs")),
		narrow(when(tmp, from, program.NumRegs, "bad")),
		label("checkArgs"),
		set(tmp, ops("Kinds")),
		set(index, 0),
		label("checkArg"),
		set(operand, ops("Args").by(index)),
		set(kind, low(tmp)),
		narrow(and(kind, 3)),
		narrow(when(kind, eq, program.KindConst, "checkedArg")),
		set(bound, dataSize),
		narrow(when(kind, eq, program.KindData, "checkBound")),
		set(bound, program.NumRegs),
		narrow(when(kind, eq, program.KindReg, "checkBound")),
		set(bound, scratchSize),
		label("checkBound"),
		when(operand, from, bound, "bad"),
		label("checkedArg"),
		narrow(shr(tmp, 2)),
		narrow(add(index, 1)),
		narrow(when(index, lt, 6, "checkArg")),
	)
	for n := range specials() {
		if checked(n) {
			b = append(b, narrow(when(nr, eq, program.FirstSpecial+n, checkLabel(n)))...)
		}
	}
	return seq(b,
		label("checked"),
		add(op, program.OpSize),
		when(op, ne, end, "check"),
	)
}

// boundsOf is what package program says of a special op.
func boundsOf(n int) *program.Special { return program.SpecialOf(uint16(program.FirstSpecial + n)) }

// checked reports whether a special op needs more checks than other ops.
func checked(n int) bool {
	return boundsOf(n).Control || boundsOf(n).Bounds != [6]program.Bound{}
}

// checkLabel is where that is done.
func checkLabel(n int) string {
	name := specials()[n]
	return "check" + strings.ToUpper(name[:1]) + name[1:]
}

// checkSpecialOps wants the operands of special ops within their bounds; it uses what checkOps knows.
func checkSpecialOps() block {
	var all block
	for n := range specials() {
		if !checked(n) {
			continue
		}
		s := boundsOf(n)
		all = append(all, label(checkLabel(n))...)
		if s.Control {
			all = append(all, seq(set(res, program.Address), when(header("ControlFD", res), lt, 0, "bad"))...)
		}
		for i, b := range s.Bounds {
			all = append(all, within(i, b)...)
		}
		all = append(all, goTo("checked")...)
	}
	return all
}

// within wants an operand to be within a bound. A sum may be larger than a number can be: then a length in it is larger than it may
// be, which is intended.
func within(i int, b program.Bound) block {
	value := func(i int) mem { return ops("Args").plus(i) }
	memory := func(kind program.Kind, size reg) block {
		sum := seq(kindIs(i, kind), set(res, value(i)))
		if b.Size != 0 {
			sum = append(sum, add(res, b.Size)...)
		}
		if b.More != 0 {
			sum = append(sum, add(res, value(int(b.More)))...)
		}
		return seq(sum, when(res, above, size, "bad"))
	}
	switch b.Kind {
	case program.BoundRegister:
		return kindIs(i, program.KindReg)
	case program.BoundLater:
		return seq(
			kindIs(i, program.KindConst),
			set(res, value(i)),
			set(tmp, op),
			sub(tmp, first),
			shr(tmp, opShift),
			when(res, upTo, tmp, "bad"),
			add(tmp, opsLeft),
			when(res, above, tmp, "bad"),
		)
	case program.BoundAhead:
		return seq(kindIs(i, program.KindConst), when(value(i), above, opsLeft, "bad"))
	case program.BoundLength:
		return seq(kindIs(i, program.KindConst), when(value(i), above, b.Size, "bad"))
	case program.BoundData:
		return memory(program.KindData, dataSize)
	case program.BoundScratch:
		return memory(program.KindScratch, scratchSize)
	case program.BoundWidth: // 4 or 8: 0 or 4 more than 4
		return seq(kindIs(i, program.KindConst), set(res, value(i)), sub(res, 4), and(res, ^4), when(res, ne, 0, "bad"))
	}
	return nil
}

// kindIs wants an operand to be of a kind.
func kindIs(i int, kind program.Kind) block {
	return narrow(seq(set(tmp, ops("Kinds")), shr(tmp, 2*i), and(tmp, 3), when(tmp, ne, kind, "bad")))
}

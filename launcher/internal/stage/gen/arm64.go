package main

import "fmt"

// arm64 is the processor of that name. A system call changes R0. The assembler uses R27. There are no literals behind the end of
// the text: what takes more than two instructions is none of the source's numbers.
type arm64 struct{}

func (arm64) name() string { return "arm64" }

func (arm64) reg(r reg) string {
	return [...]string{
		a0: "R0", a1: "R1", a2: "R2", a3: "R3", a4: "R4", a5: "R5", res: "R9", tmp: "R10", aux: "R11",
		frame: "R19", op: "R23", first: "R21", end: "R22", base: "R20", sp: "RSP", t0: "R16", t1: "R17",
	}[r]
}

func (arm64) stagePC() string { return "\tMOVD\t$·stage(SB), R0\n\tMOVD\tR0, ret+0(FP)\n" }

func (p arm64) instruction(w *writer, i instruction) { lower(p, w, i) }

func (arm64) fits(v verb, n int) bool {
	switch v {
	case isLoad, isIf:
		return n > -4096 && n < 4096
	case isAdd, isSub:
		return n >= 0 && n < 4096
	}
	return false
}

// operand is a register, or a number.
func (p arm64) operand(a operand) string {
	if r, ok := a.(reg); ok {
		return p.reg(r)
	}
	return number(a)
}

func (p arm64) mem(m mem) string { return fmt.Sprintf("%s(%s)", m.displacement(), p.reg(m.base)) }

func (p arm64) plain(w *writer, i instruction) {
	dst := p.reg(i.dst)
	switch i.verb {
	case isHere:
		fmt.Fprintf(w, "image:\n")
		w.line("ADR", "image", dst)
		w.line("SUB", "$const_imageText", dst)
	case isSet:
		if i.a == 0 {
			w.line("MOVD", "ZR", dst)
			return
		}
		w.line("MOVD", number(i.a), dst)
	case isMove:
		if r, ok := i.a.(low); ok {
			w.line("MOVWU", p.reg(reg(r)), dst)
			return
		}
		w.line("MOVD", p.operand(i.a), dst)
	case isLoad:
		m := i.a.(mem)
		mnemonic := map[mem]string{
			{size: 1}: "MOVBU", {size: 2}: "MOVHU", {size: 4}: "MOVWU", {size: 4, signed: true}: "MOVW", {size: 8}: "MOVD",
			{size: 8, signed: true}: "MOVD",
		}[mem{size: m.size, signed: m.signed}]
		w.line(mnemonic, p.mem(m), dst)
	case isStore:
		from := "ZR"
		if r, ok := i.a.(reg); ok {
			from = p.reg(r)
		}
		w.line([...]string{1: "MOVB", 2: "MOVH", 4: "MOVW", 8: "MOVD"}[i.to.size], from, p.mem(i.to))
	case isAddress:
		m := i.a.(addr).mem
		w.line("ADD", "$"+m.whole(), p.reg(m.base), dst)
	case isIndex:
		w.line("ADD", fmt.Sprintf("%s<<%d", p.operand(i.b), i.cond), p.operand(i.a), dst)
	case isAdd, isSub, isAnd, isOr, isXor, isMul, isShl, isShr:
		w.line(map[verb]string{
			isAdd: "ADD", isSub: "SUB", isAnd: "AND", isOr: "ORR", isXor: "EOR", isMul: "MUL", isShl: "LSL", isShr: "LSR",
		}[i.verb], p.operand(i.a), dst)
	case isNeg:
		w.line("NEG", dst, dst)
	case isDivMod:
		w.line("UDIV", "R4", "R9", "R16")
		w.line("MSUB", "R4", "R9", "R16", "R2") // R9 - R16*R4
		w.line("MOVD", "R16", "R9")
	case isIf:
		p.jump(w, i)
	case isIfFlag:
		w.line("TST", number(i.b), p.operand(i.a))
		w.line(map[cond]string{is: "BNE", not: "BEQ"}[i.cond], i.label)
	case isIfBit:
		w.line("LSR", p.operand(i.a), p.operand(i.b), "R16")
		w.line(map[cond]string{is: "TBNZ", not: "TBZ"}[i.cond], "$0", "R16", i.label)
	case isLoop:
		w.line("SUB", "$1", p.operand(i.a))
		w.line("CBNZ", p.operand(i.a), i.label)
	case isGoto:
		w.line("B", i.label)
	case isCall:
		if i.label != "" {
			w.line("MOVD", callNumber(i.label), "R8")
		} else {
			w.line("MOVD", "R9", "R8")
		}
		w.line("SVC")
		w.line("MOVD", "R0", "R9")
	case isEnd:
		w.line("WORD", "$0x454c534e")
		w.line("WORD", "$0x2121444e")
	default:
		panic(i.bug())
	}
}

// jump goes to a label if a register is as it should be.
func (p arm64) jump(w *writer, i instruction) {
	a := p.operand(i.a)
	switch n, ok := i.b.(int); {
	case ok && n == 0 && i.cond == eq:
		w.line("CBZ", a, i.label)
		return
	case ok && n == 0 && i.cond == ne:
		w.line("CBNZ", a, i.label)
		return
	case ok && n == 0 && i.cond == lt:
		w.line("TBNZ", "$63", a, i.label)
		return
	case ok && n == 0 && i.cond == ge:
		w.line("TBZ", "$63", a, i.label)
		return
	case ok && n < 0:
		w.line("CMN", number(-n), a)
	default:
		w.line("CMP", p.operand(i.b), a)
	}
	w.line([...]string{
		eq: "BEQ", ne: "BNE", lt: "BLT", le: "BLE", gt: "BGT", ge: "BGE", below: "BLO", upTo: "BLS", above: "BHI", from: "BHS",
	}[i.cond], i.label)
}

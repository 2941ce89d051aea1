package main

import "fmt"

// riscv64 is the processor of that name. A system call changes A0. The assembler uses T6; S11 and TP belong to Go.
type riscv64 struct{}

func (riscv64) name() string { return "riscv64" }

func (riscv64) reg(r reg) string {
	return [...]string{
		a0: "A0", a1: "A1", a2: "A2", a3: "A3", a4: "A4", a5: "A5", res: "T0", tmp: "T1", aux: "T2",
		frame: "S0", op: "S1", first: "S2", end: "S3", base: "S4", sp: "X2", t0: "T3", t1: "T4",
	}[r]
}

func (riscv64) stagePC() string { return "\tMOV\t$·stage(SB), A0\n\tMOV\tA0, ret+0(FP)\n" }

func (p riscv64) instruction(w *writer, i instruction) { lower(p, w, i) }

func (riscv64) fits(v verb, n int) bool {
	switch v {
	case isLoad, isAdd, isAnd, isOr, isXor:
		return n >= -2048 && n < 2048
	case isSub:
		return n > -2048 && n <= 2048
	case isIf:
		return n == 0
	}
	return false
}

// operand is a register, or a number.
func (p riscv64) operand(a operand) string {
	if r, ok := a.(reg); ok {
		return p.reg(r)
	}
	return number(a)
}

// orZero is a register, or the one that is always 0.
func (p riscv64) orZero(a operand) string {
	if a == 0 {
		return "ZERO"
	}
	return p.operand(a)
}

func (p riscv64) mem(m mem) string { return fmt.Sprintf("%s(%s)", m.displacement(), p.reg(m.base)) }

func (p riscv64) plain(w *writer, i instruction) {
	dst := p.reg(i.dst)
	switch i.verb {
	case isHere:
		w.line("AUIPC", "$0", dst)
		w.line("SUB", "$const_imageText", dst)
	case isSet:
		w.line("MOV", p.orZero(i.a), dst)
	case isMove:
		if r, ok := i.a.(low); ok {
			w.line("MOVWU", p.reg(reg(r)), dst)
			return
		}
		w.line("MOV", p.operand(i.a), dst)
	case isLoad:
		m := i.a.(mem)
		mnemonic := map[mem]string{
			{size: 1}: "MOVBU", {size: 2}: "MOVHU", {size: 4}: "MOVWU", {size: 4, signed: true}: "MOVW", {size: 8}: "MOV",
			{size: 8, signed: true}: "MOV",
		}[mem{size: m.size, signed: m.signed}]
		w.line(mnemonic, p.mem(m), dst)
	case isStore:
		w.line([...]string{1: "MOVB", 2: "MOVH", 4: "MOVW", 8: "MOV"}[i.to.size], p.orZero(i.a), p.mem(i.to))
	case isAddress:
		m := i.a.(addr).mem
		w.line("ADD", "$"+m.whole(), p.reg(m.base), dst)
	case isIndex:
		index := p.operand(i.b)
		if i.cond != 0 {
			w.line("SLL", fmt.Sprintf("$%d", i.cond), index, dst)
			index = dst
		}
		w.line("ADD", index, p.operand(i.a), dst)
	case isAdd, isSub, isAnd, isOr, isXor, isMul, isShl, isShr:
		w.line(map[verb]string{
			isAdd: "ADD", isSub: "SUB", isAnd: "AND", isOr: "OR", isXor: "XOR", isMul: "MUL", isShl: "SLL", isShr: "SRL",
		}[i.verb], p.operand(i.a), dst)
	case isNeg:
		w.line("NEG", dst, dst)
	case isDivMod:
		w.line("REMU", "A4", "T0", "A2")
		w.line("DIVU", "A4", "T0")
	case isIf:
		w.line([...]string{
			eq: "BEQ", ne: "BNE", lt: "BLT", le: "BLE", gt: "BGT", ge: "BGE", below: "BLTU", upTo: "BLEU", above: "BGTU", from: "BGEU",
		}[i.cond], p.operand(i.a), p.orZero(i.b), i.label)
	case isIfFlag:
		w.line("AND", number(i.b), p.operand(i.a), "T3")
		w.line(map[cond]string{is: "BNE", not: "BEQ"}[i.cond], "T3", "ZERO", i.label)
	case isIfBit:
		w.line("SRL", p.operand(i.a), p.operand(i.b), "T3")
		w.line("AND", "$1", "T3")
		w.line(map[cond]string{is: "BNE", not: "BEQ"}[i.cond], "T3", "ZERO", i.label)
	case isLoop:
		w.line("SUB", "$1", p.operand(i.a))
		w.line("BNE", p.operand(i.a), "ZERO", i.label)
	case isGoto:
		w.line("JMP", i.label)
	case isCall:
		if i.label != "" {
			w.line("MOV", callNumber(i.label), "A7")
		} else {
			w.line("MOV", "T0", "A7")
		}
		w.line("ECALL")
		w.line("MOV", "A0", "T0")
	case isEnd:
		w.line("WORD", "$0x454c534e")
		w.line("WORD", "$0x2121444e")
	default:
		panic(i.bug())
	}
}

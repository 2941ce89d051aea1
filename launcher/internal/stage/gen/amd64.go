package main

import (
	"fmt"
	"strings"
)

// amd64 is the processor of that name. A system call changes AX, CX and R11.
type amd64 struct{}

func (amd64) name() string { return "amd64" }

func (amd64) stagePC() string { return "\tLEAQ\t·stage(SB), AX\n\tMOVQ\tAX, ret+0(FP)\n" }

func (amd64) reg(r reg) string {
	return [...]string{
		a0: "DI", a1: "SI", a2: "DX", a3: "R10", a4: "R8", a5: "R9", res: "AX", tmp: "CX", aux: "R11",
		frame: "R15", op: "BX", first: "R13", end: "R14", base: "R12", sp: "SP",
	}[r]
}

func (p amd64) mem(m mem) string {
	s := fmt.Sprintf("%s(%s)", m.displacement(), p.reg(m.base))
	if m.index != none {
		s += fmt.Sprintf("(%s*%d)", p.reg(m.index), m.scale)
	}
	return s
}

func (p amd64) operand(a operand) string {
	switch a := a.(type) {
	case reg:
		return p.reg(a)
	case low:
		return p.reg(reg(a))
	case mem:
		return p.mem(a)
	}
	return number(a)
}

// suffix is that of instructions by the size of what they are for.
func (amd64) suffix(size int) string { return [...]string{1: "B", 2: "W", 4: "L", 8: "Q"}[size] }

func (p amd64) instruction(w *writer, i instruction) {
	// Moves leave the flags as they are.
	compared := w.compared
	w.compared = ""
	width := "Q"
	if i.narrow {
		width = "L"
	}
	switch i.verb {
	case isHere:
		// No mnemonic takes the address of what follows.
		w.line("BYTE", "$0x4c; BYTE $0x8d; BYTE $0x25; LONG $0 // LEAQ 0(IP), "+p.reg(i.dst))
		w.line("SUBQ", "$(const_imageText+7)", p.reg(i.dst))
	case isSet:
		n, ok := i.a.(int)
		switch {
		case ok && n == 0:
			w.line("XORL", p.reg(i.dst), p.reg(i.dst))
			return
		case ok && (n < 0 || n>>32 != 0):
			w.line("MOVQ", number(n), p.reg(i.dst))
		default:
			w.line("MOVL", number(i.a), p.reg(i.dst))
		}
		w.compared = p.without(compared, i.dst)
	case isMove:
		if _, ok := i.a.(low); ok {
			width = "L"
		}
		w.line("MOV"+width, p.operand(i.a), p.reg(i.dst))
		w.compared = p.without(compared, i.dst)
	case isLoad:
		m := i.a.(mem)
		mnemonic := map[mem]string{
			{size: 1}: "MOVBLZX", {size: 2}: "MOVWLZX", {size: 4}: "MOVL", {size: 4, signed: true}: "MOVLQSX", {size: 8}: "MOVQ",
		}[mem{size: m.size, signed: m.signed}]
		w.line(mnemonic, p.mem(m), p.reg(i.dst))
		w.compared = p.without(compared, i.dst)
	case isStore:
		w.line("MOV"+p.suffix(i.to.size), p.operand(i.a), p.mem(i.to))
		if !strings.Contains(compared, "(") {
			w.compared = compared
		}
	case isAddress:
		w.line("LEA"+width, p.mem(i.a.(addr).mem), p.reg(i.dst))
	case isAdd, isSub:
		mnemonic, by1 := "ADD", "INC"
		if i.verb == isSub {
			mnemonic, by1 = "SUB", "DEC"
		}
		if i.a == 1 {
			w.line(by1+width, p.reg(i.dst))
			return
		}
		w.line(mnemonic+width, p.operand(i.a), p.reg(i.dst))
	case isAnd, isOr, isXor:
		w.line(map[verb]string{isAnd: "AND", isOr: "OR", isXor: "XOR"}[i.verb]+width, number(i.a), p.reg(i.dst))
		w.compared = fmt.Sprintf("TEST%s\t%[2]s, %[2]s", width, p.reg(i.dst)) // the flags are the same
	case isShl, isShr:
		w.line(map[verb]string{isShl: "SHL", isShr: "SHR"}[i.verb]+width, p.operand(i.a), p.reg(i.dst))
	case isNeg:
		w.line("NEGQ", p.reg(i.dst))
	case isMul:
		w.line("IMULQ", number(i.a), p.reg(i.dst))
	case isDivMod:
		w.line("XORL", "DX", "DX")
		w.line("DIVL", "R8")
	case isIf:
		test := p.comparison(i, width)
		if test != compared {
			w.line(test)
		}
		w.line(p.jump(i.cond), i.label)
		w.compared = test
	case isIfFlag:
		w.line("TESTB", number(i.b), p.operand(i.a))
		w.line(map[cond]string{is: "JNE", not: "JEQ"}[i.cond], i.label)
	case isIfBit:
		w.line("BTQ", p.operand(i.a), p.operand(i.b))
		w.line(map[cond]string{is: "JCS", not: "JCC"}[i.cond], i.label)
	case isLoop:
		if m, ok := i.a.(mem); ok {
			width = p.suffix(m.size)
		}
		w.line("DEC"+width, p.operand(i.a))
		w.line("JNE", i.label)
	case isGoto:
		w.line("JMP", i.label)
	case isCall:
		if i.label != "" {
			w.line("MOVL", callNumber(i.label), "AX")
		}
		w.line("SYSCALL")
	case isEnd:
		w.line("BYTE", "$0x4e; BYTE $0x53; BYTE $0x4c; BYTE $0x45; BYTE $0x4e; BYTE $0x44; BYTE $0x21; BYTE $0x21")
	default:
		panic(i.bug())
	}
}

// without is a comparison that is still true when a register has another value; else it is "".
func (p amd64) without(compared string, r reg) string {
	if strings.Contains(compared, p.reg(r)) {
		return ""
	}
	return compared
}

// comparison is the instruction that sets the flags for a jump.
func (p amd64) comparison(i instruction, width string) string {
	if r, ok := i.a.(reg); ok && i.b == 0 {
		return fmt.Sprintf("TEST%s\t%[2]s, %[2]s", width, p.reg(r))
	}
	if m, ok := i.a.(mem); ok {
		width = p.suffix(m.size)
	}
	return fmt.Sprintf("CMP%s\t%s, %s", width, p.operand(i.a), p.operand(i.b))
}

func (amd64) jump(c cond) string {
	return [...]string{
		eq: "JEQ", ne: "JNE", lt: "JLT", le: "JLE", gt: "JGT", ge: "JGE", below: "JCS", upTo: "JLS", above: "JHI", from: "JCC",
	}[c]
}

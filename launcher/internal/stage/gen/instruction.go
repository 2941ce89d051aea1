package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// reg is a register of 64 bits. The arguments of a system call are a0 to a5, its result is res. It changes
// no other, but what tmp, aux and a0 hold is lost, and what they are afterwards differs between processors.
type reg int

const (
	a0 reg = iota
	a1
	a2
	a3
	a4
	a5
	res
	tmp
	aux
	frame // the frame, see layout.go
	op    // the current op
	first // the first op
	end   // the end of the ops
	base  // the image, later the program
	sp    // of the kernel's stack
	t0    // of the processor's own, if it loads and stores
	t1

	none reg = -1
)

// mem is memory: a number of size bytes, of a register and an offset, with another register times its scale.
type mem struct {
	size   int
	signed bool
	symbol symbol // "", or added to the offset
	base   reg
	offset int
	index  reg // or none
	scale  int
	note   string // what it is
}

// at is memory of a structure to which a register points.
func (f field) at(r reg) mem { return mem{f.size, f.signed, "", r, f.offset, none, 0, f.path} }

// plus is the memory n elements further on.
func (m mem) plus(n int) mem {
	m.offset += n * m.size
	if m.note != "" {
		m.note += fmt.Sprintf("[%d]", n)
	}
	return m
}

// by is the memory so many elements further on as a register says.
func (m mem) by(index reg) mem {
	m.index, m.scale = index, m.size
	return m
}

// times is the memory so many times a size further on as a register says.
func (m mem) times(index reg, size int) mem {
	m.index, m.scale = index, size
	return m
}

// wide is the same and what follows it, of 8 bytes.
func (m mem) wide() mem {
	m.size = 8
	return m
}

// bytes is the memory of so many bytes at an address.
func bytes(size int, r reg, offset int) mem { return mem{size, false, "", r, offset, none, 0, ""} }

// inImage is the memory of so many bytes at an offset in the image, which is a constant of package stage.
func inImage(size int, s symbol) mem { return mem{size, false, s, base, 0, none, 0, ""} }

// addr is the address of memory, as an operand.
type addr struct{ mem }

// low is a register of which the lower 32 bits count, as an operand.
type low reg

// symbol is a constant of package stage, as a number that the assembler knows.
type symbol string

// operand is a reg, a low, a mem, an addr, a symbol, or a number of any type.
type operand any

// plain is an operand with a number as an int.
func plain(a operand) operand {
	switch a.(type) {
	case nil, reg, low, mem, addr, symbol, kept:
		return a
	}
	switch v := reflect.ValueOf(a); {
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(v.Uint())
	}
	panic(fmt.Sprintf("no operand: %v", a))
}

// verb is what an instruction does.
type verb int

const (
	isLabel verb = iota
	isComment
	isHere    // dst = the address of the image, whose text begins here
	isSet     // dst = a number
	isMove    // dst = a register, or its lower half
	isLoad    // dst = memory
	isStore   // memory = a register, its lower bytes, or a number
	isAddress // dst = an address
	isAdd     // dst += a register, a number or memory
	isSub
	isAnd
	isOr
	isXor
	isShl // dst <<= a number, or tmp modulo 64
	isShr
	isNeg
	isMul    // dst *= a number
	isDivMod // res, a2 = res / a4, res % a4
	isIf     // goes to label if a is to b as cond says
	isIfFlag // goes to label if memory has a flag, which is one bit; or has it not
	isIfBit  // goes to label if bit a, modulo 64, of b is 1; or is 0
	isLoop   // counts a down, and goes to label unless that is 0
	isGoto
	isCall // res = the system call with a arguments, or a negative errno
	isEnd

	isIndex // dst = a + b * 2 to the power of cond; of processors that load and store
)

// cond is how a is to b. The first four are of signed numbers.
type cond int

const (
	eq cond = iota
	ne
	lt
	le
	gt
	ge
	below
	upTo
	above
	from

	is  = eq // of flags and bits
	not = ne
)

// signed reports whether a condition is one of signed numbers.
func (c cond) signed() bool { return c >= lt && c <= ge }

// instruction is one of the source.
//
// An instruction that is narrow is for numbers that fit into 32 bits, before and after: what is above is 0, or, if the
// condition is one of signed numbers, the sign. A processor may take 32 or all bits, whichever is shorter there.
type instruction struct {
	verb   verb
	narrow bool
	dst    reg
	a, b   operand
	to     mem
	cond   cond
	label  string // or the name of a system call, or a comment
}

// jumps reports whether an instruction may go on elsewhere.
func (i instruction) jumps() bool {
	return slices.Contains([]verb{isIf, isIfFlag, isIfBit, isLoop, isGoto}, i.verb)
}

// block is a list of instructions.
type block []instruction

// seq joins blocks.
func seq(blocks ...block) block {
	var all block
	for _, b := range blocks {
		all = append(all, b...)
	}
	return all
}

// narrow makes the instructions of a block narrow.
func narrow(b block) block {
	for i := range b {
		b[i].narrow = true
	}
	return b
}

func one(i instruction) block {
	i.a, i.b = plain(i.a), plain(i.b)
	return block{i}
}

// label is a jump target. The text says what is there.
func label(name string, words ...string) block {
	b := say(words...)
	return append(b, instruction{verb: isLabel, label: name})
}

// room gives a block labels of its own. Outside it is known by the label that is its name.
func room(name string, b block) block {
	own := map[string]bool{}
	for _, i := range b {
		if i.verb == isLabel && i.label != name {
			own[i.label] = true
		}
	}
	for n, i := range b {
		if own[i.label] && (i.verb == isLabel || i.jumps()) {
			b[n].label = name + strings.ToUpper(i.label[:1]) + i.label[1:]
		}
	}
	return b
}

// say is a comment.
func say(lines ...string) block {
	if len(lines) == 0 {
		return nil
	}
	return one(instruction{verb: isComment, label: strings.Join(lines, "\n\t// ")})
}

func here(dst reg) block             { return one(instruction{verb: isHere, dst: dst}) }
func shl(dst reg, n operand) block   { return one(instruction{verb: isShl, dst: dst, a: n}) }
func shr(dst reg, n operand) block   { return one(instruction{verb: isShr, dst: dst, a: n}) }
func add(dst reg, n operand) block   { return one(instruction{verb: isAdd, dst: dst, a: n}) }
func sub(dst reg, n operand) block   { return one(instruction{verb: isSub, dst: dst, a: n}) }
func and(dst reg, n operand) block   { return one(instruction{verb: isAnd, dst: dst, a: n}) }
func or(dst reg, n operand) block    { return one(instruction{verb: isOr, dst: dst, a: n}) }
func xor(dst reg, n operand) block   { return one(instruction{verb: isXor, dst: dst, a: n}) }
func mul(dst reg, n operand) block   { return one(instruction{verb: isMul, dst: dst, a: n}) }
func neg(dst reg) block              { return one(instruction{verb: isNeg, dst: dst}) }
func theEnd() block                  { return one(instruction{verb: isEnd}) }
func divMod() block                  { return one(instruction{verb: isDivMod, dst: res}) }
func goTo(label string) block        { return one(instruction{verb: isGoto, label: label}) }
func loop(a operand, l string) block { return one(instruction{verb: isLoop, a: a, label: l}) }

// kept is an operand that is in its register already.
type kept struct{}

// set puts an operand into a register.
func set(dst reg, a operand) block {
	if a == (kept{}) {
		return nil
	}
	i := instruction{verb: isMove, dst: dst, a: a}
	switch plain(a).(type) {
	case int, symbol:
		i.verb = isSet
	case mem:
		i.verb = isLoad
	case addr:
		i.verb = isAddress
	}
	return one(i)
}

// put puts a register or a number into memory.
func put(to mem, a operand) block { return one(instruction{verb: isStore, to: to, a: a}) }

// when goes to label if a is to b as cond says.
func when(a operand, c cond, b operand, label string) block {
	return one(instruction{verb: isIf, a: a, b: b, cond: c, label: label})
}

// whenFlag goes to label if memory has a flag.
func whenFlag(m mem, c cond, flag operand, label string) block {
	return one(instruction{verb: isIfFlag, a: m, b: flag, cond: c, label: label})
}

// whenBit goes to label if set has bit n.
func whenBit(n reg, c cond, set reg, label string) block {
	return one(instruction{verb: isIfBit, a: n, b: set, cond: c, label: label})
}

// call makes a system call with arguments.
func call(name string, arguments ...operand) block {
	var b block
	for i, a := range arguments {
		b = append(b, set(a0+reg(i), a)...)
	}
	return append(b, one(instruction{verb: isCall, label: name, a: len(arguments)})...)
}

// callRes makes the system call whose number is res, with what is in a0 to a5.
func callRes() block { return one(instruction{verb: isCall, a: 6}) }

func (i instruction) bug() string { return fmt.Sprintf("no such instruction: %+v", i) }

package main

import (
	"fmt"
	"testing"
)

// No register is read that a system call before it may have changed, or that nobody has set. Processors differ in what such a
// register has.
func TestRegistersAreSet(t *testing.T) {
	source := stage()
	at := map[string]int{}
	for n, i := range source {
		if i.verb == isLabel {
			at[i.label] = n
		}
	}
	// lost are, before each instruction, the registers whose content is not known, whichever way led there.
	lost := make([]registers, len(source)+1)
	seen := make([]bool, len(source)+1)
	var visit []int
	reach := func(n int, l registers) {
		if !seen[n] || lost[n]|l != lost[n] {
			seen[n], lost[n] = true, lost[n]|l
			visit = append(visit, n)
		}
	}
	reach(0, ^registers(0)&^(1<<sp))
	wrong := map[string]bool{}
	for len(visit) > 0 {
		n := visit[len(visit)-1]
		visit = visit[:len(visit)-1]
		if n == len(source) {
			continue
		}
		i, l := source[n], lost[n]
		reads, writes := i.registers()
		if bad := reads & l; bad != 0 {
			wrong[fmt.Sprintf("%d: registers %b: %+v", n, bad, i)] = true
		}
		l &^= writes
		if i.verb == isCall {
			l |= 1<<a0 | 1<<tmp | 1<<aux
		}
		if i.jumps() {
			reach(at[i.label], l)
		}
		if i.verb != isGoto {
			reach(n+1, l)
		}
	}
	for w := range wrong {
		t.Error(w)
	}
	for n, i := range source {
		if !seen[n] && i.verb != isComment && i.verb != isEnd {
			t.Errorf("nothing leads to instruction %d: %+v", n, i)
		}
	}
}

// registers is a set of them.
type registers uint32

// registers are those that an instruction reads and writes.
func (i instruction) registers() (reads, writes registers) {
	for _, a := range []operand{i.a, i.b, i.to} {
		switch a := a.(type) {
		case reg:
			reads |= 1 << a
		case low:
			reads |= 1 << a
		case addr:
			reads |= a.registers()
		case mem:
			reads |= a.registers()
		}
	}
	switch i.verb {
	case isAdd, isSub, isAnd, isOr, isXor, isShl, isShr, isNeg, isMul:
		reads |= 1 << i.dst
		writes |= 1 << i.dst
	case isHere, isSet, isMove, isLoad, isAddress:
		writes |= 1 << i.dst
	case isDivMod:
		reads |= 1<<res | 1<<a4
		writes |= 1<<res | 1<<a2
	case isLoop:
		if r, ok := i.a.(reg); ok {
			writes |= 1 << r
		}
	case isCall:
		for a := range i.a.(int) {
			reads |= 1 << a
		}
		if i.label == "" {
			reads |= 1 << res
		}
		writes |= 1 << res
	}
	return reads, writes
}

func (m mem) registers() registers {
	if m.size == 0 {
		return 0 // there is none
	}
	r := registers(1) << m.base
	if m.index != none {
		r |= 1 << m.index
	}
	return r
}

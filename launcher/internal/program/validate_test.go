package program

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestValidateBounds(t *testing.T) {
	const (
		samefile = 1
		skip     = 4
		fork     = 6
		beInit   = 7
		pid      = 9
		store    = 10
	)
	for _, test := range []struct {
		name   string
		change func(p *Program)
		want   string // "" for a program that is valid
	}{
		{"nothing", func(*Program) {}, ""},
		{"no ops", func(p *Program) { p.Ops = nil }, "0 ops"},
		{"too many ops", func(p *Program) { p.Ops = append(p.Ops, make([]Op, MaxOps)...) }, "ops, "},
		{"as many ops as there may be", func(p *Program) {
			p.Ops = append(p.Ops, slices.Repeat([]Op{{Nr: unix.SYS_SETSID}}, MaxOps-len(p.Ops))...)
		}, ""},
		{"too much data", func(p *Program) { p.Data = make([]byte, MaxData+1) }, "bytes of data"},
		{"unknown special op", func(p *Program) { p.Ops[0].Nr = EndSpecial }, "op 0: unknown special op"},
		{"highest op", func(p *Program) { p.Ops[0].Nr = 0xffff }, "op 0: unknown special op"},
		{"highest call", func(p *Program) { p.Ops[0].Nr = SpecialSync - 1 }, "op 0: system call 61439 is not"},
		{"a call of no step", func(p *Program) { p.Ops[0].Nr = unix.SYS_PTRACE }, "op 0: system call"},
		{"a call beyond the set", func(p *Program) { p.Ops[0].Nr = MaxCall }, "op 0: system call 512 is not"},
		{"result register", func(p *Program) { p.Ops[2].Out = NumRegs }, "op 2: register 64"},
		{"highest result register", func(p *Program) { p.Ops[2].Out = NumRegs - 1 }, ""},
		{"operand register", func(p *Program) { p.Ops[2].Args[5] = Register(NumRegs) }, "op 2: operand 64 of kind 2"},
		{"highest operand register", func(p *Program) { p.Ops[2].Args[5] = Register(NumRegs - 1) }, ""},
		{"data beyond the end", func(p *Program) { p.Ops[2].Args[0] = Operand{KindData, uint64(len(p.Data))} }, "op 2: operand"},
		{"last byte of the data", func(p *Program) { p.Ops[2].Args[0] = Operand{KindData, uint64(len(p.Data)) - 1} }, ""},
		{"scratch memory beyond the end", func(p *Program) { p.Ops[2].Args[3] = Operand{KindScratch, uint64(p.Scratch)} }, "of kind 3"},
		{"last byte of the scratch memory", func(p *Program) { p.Ops[2].Args[3] = Operand{KindScratch, uint64(p.Scratch) - 1} }, ""},
		{"too much scratch memory", func(p *Program) { p.Scratch = MaxScratch + 1 }, "of scratch memory"},
		{"fork to itself", func(p *Program) { p.Ops[fork].Args[1] = Const(fork) }, "op 6: fork"},
		{"fork backwards", func(p *Program) { p.Ops[fork].Args[1] = Const(0) }, "op 6: fork"},
		{"fork beyond the end", func(p *Program) { p.Ops[fork].Args[1] = Const(uint64(len(p.Ops))) }, "op 6: fork"},
		{"fork to the last op", func(p *Program) { p.Ops[fork].Args[1] = Const(uint64(len(p.Ops)) - 1) }, ""},
		{"fork to a register", func(p *Program) { p.Ops[fork].Args[1] = Register(8) }, "op 6: fork"},
		{"skip beyond the end", func(p *Program) { p.Ops[skip].Args[1] = Const(uint64(len(p.Ops) - skip)) }, "op 4: skip"},
		{"skip to the end", func(p *Program) { p.Ops[skip].Args[1] = Const(uint64(len(p.Ops) - skip - 1)) }, ""},
		{"skip without a bound", func(p *Program) { p.Ops[skip].Args[1] = Const(1<<64 - 1) }, "op 4: skip"},
		{"skip by a register", func(p *Program) { p.Ops[skip].Args[1] = Register(0) }, "op 4: skip"},
		{"skip if a constant", func(p *Program) { p.Ops[skip].Args[0] = Const(0) }, "op 4: skip"},
		{"init without a socket", func(p *Program) { p.ControlFD = -1 }, "op 7: an init"},
		{"no init, no socket", func(p *Program) { p.ControlFD, p.Ops[beInit].Nr = -1, unix.SYS_SETSID }, ""},
		{"a process id as far as there is room", func(p *Program) { p.Ops[pid].Args[0].Value = uint64(p.Scratch) - 11 - PIDRoom }, ""},
		{"a process id out of bounds", func(p *Program) { p.Ops[pid].Args[0].Value = uint64(p.Scratch) - 11 - PIDRoom + 1 }, "op 9: a process id"},
		{"a process id to the data", func(p *Program) { p.Ops[pid].Args[0].Kind = KindData }, "op 9: a process id"},
		{"a process id after a constant", func(p *Program) { p.Ops[pid].Args[1].Kind = KindConst }, "op 9: a process id"},
		{"a process id after too much", func(p *Program) { p.Ops[pid].Args[2] = Const(1 << 63) }, "op 9: a process id"},
		{"a store as far as there is room", func(p *Program) { p.Ops[store].Args[0].Value = uint64(p.Scratch) - 4 }, ""},
		{"a store out of bounds", func(p *Program) { p.Ops[store].Args[0].Value = uint64(p.Scratch) - 3 }, "op 10: a number"},
		{"a large store out of bounds", func(p *Program) {
			p.Ops[store].Args[0].Value, p.Ops[store].Args[2] = uint64(p.Scratch)-7, Const(8)
		}, "op 10: a number"},
		{"a large store", func(p *Program) {
			p.Ops[store].Args[0].Value, p.Ops[store].Args[2] = uint64(p.Scratch)-8, Const(8)
		}, ""},
		{"a store to the data", func(p *Program) { p.Ops[store].Args[0] = Operand{KindData, 0} }, "op 10: a number"},
		{"a store to a number", func(p *Program) { p.Ops[store].Args[0] = Const(ScratchAddress) }, "op 10: a number"},
		{"a store to what a register holds", func(p *Program) { p.Ops[store].Args[0] = Register(0) }, "op 10: a number"},
		{"a store of nothing", func(p *Program) { p.Ops[store].Args[2] = Const(0) }, "op 10: a number"},
		{"a store of too few bytes", func(p *Program) { p.Ops[store].Args[2] = Const(2) }, "op 10: a number"},
		{"a store of a size between", func(p *Program) { p.Ops[store].Args[2] = Const(5) }, "op 10: a number"},
		{"a store of too many bytes", func(p *Program) { p.Ops[store].Args[2] = Const(12) }, "op 10: a number"},
		{"a store of far too many bytes", func(p *Program) { p.Ops[store].Args[2] = Int(-8) }, "op 10: a number"},
		{"a store of a size in a register", func(p *Program) { p.Ops[store].Args[2] = Register(4) }, "op 10: a number"},
		{"a store of a constant", func(p *Program) { p.Ops[store].Args[1] = Int(-1) }, ""},
		{"a store of an address", func(p *Program) { p.Ops[store].Args[1] = Operand{KindData, 0} }, ""},
		{"a resident that is no data", func(p *Program) { p.Ops[samefile] = Op{Nr: SpecialReside, Out: NoReg} }, "op 1: a resident"},
		{"a resident beyond the end", func(p *Program) {
			p.Data = append(p.Data, make([]byte, ResidentSize)...)
			p.Ops[samefile] = Op{Nr: SpecialReside, Out: NoReg, Args: [6]Operand{{KindData, uint64(len(p.Data)) - ResidentSize + 1}}}
		}, "op 1: a resident"},
		{"a resident", func(p *Program) {
			p.Data = append(p.Data, make([]byte, ResidentSize)...)
			p.Ops[samefile] = Op{Nr: SpecialReside, Out: NoReg, Args: [6]Operand{{KindData, uint64(len(p.Data)) - ResidentSize}}}
		}, ""},
		{"same file of a constant", func(p *Program) { p.Ops[samefile].Args[0] = Const(1) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := sample(t)
			test.change(p)
			err := p.Validate()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v; want %q in it", err, test.want)
			}
			// The child checks what it is given by the same rules.
			if len(p.Ops) > 0 && len(p.Ops) <= MaxOps && len(p.Data) <= MaxData {
				if _, checkErr := Check(p.Encode()); (checkErr == nil) != (err == nil) {
					t.Errorf("Check: %v; Validate: %v", checkErr, err)
				}
			}
		})
	}
}

// A program may make the calls that have a row, each of which has a name, and no others.
func TestCalls(t *testing.T) {
	set, count := Calls(), 0
	for nr := range uint16(FirstSpecial) {
		c := callOf(nr)
		if (c != nil) != set.Has(nr) || c != nil && c.name == "" {
			t.Errorf("system call %d: in the set %v, row %+v", nr, set.Has(nr), c)
		}
		if set.Has(nr) {
			count++
		}
	}
	if count == 0 {
		t.Error("no calls")
	}
}

// The row of a special op is whole: it can be printed, and what it refuses has words.
func TestSpecials(t *testing.T) {
	for nr := uint16(FirstSpecial); nr < EndSpecial; nr++ {
		if s := SpecialOf(nr); s.print == nil || (s.Control || s.Bounds != [6]Bound{}) != (s.refused != "") {
			t.Errorf("%#x: row %+v", nr, s)
		}
	}
	for _, nr := range []uint16{0, FirstSpecial - 1, EndSpecial, 1<<16 - 1} {
		if s := SpecialOf(nr); s != nil {
			t.Errorf("%#x: row %+v", nr, s)
		}
	}
}

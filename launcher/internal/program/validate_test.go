package program

import (
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
	)
	for _, test := range []struct {
		name   string
		change func(p *Program)
		want   string // "" for a program that is valid
	}{
		{"nothing", func(*Program) {}, ""},
		{"no ops", func(p *Program) { p.Ops = nil }, "0 ops"},
		{"too many ops", func(p *Program) { p.Ops = append(p.Ops, make([]Op, MaxOps)...) }, "ops, "},
		{"as many ops as there may be", func(p *Program) { p.Ops = append(p.Ops, make([]Op, MaxOps-len(p.Ops))...) }, ""},
		{"too much data", func(p *Program) { p.Data = make([]byte, MaxData+1) }, "bytes of data"},
		{"unknown special op", func(p *Program) { p.Ops[0].Nr = SpecialNotFound + 1 }, "op 0: unknown special op"},
		{"highest op", func(p *Program) { p.Ops[0].Nr = 0xffff }, "op 0: unknown special op"},
		{"highest call", func(p *Program) { p.Ops[0].Nr = SpecialSync - 1 }, ""},
		{"result register", func(p *Program) { p.Ops[2].Out = NumRegs }, "op 2: register 64"},
		{"highest result register", func(p *Program) { p.Ops[2].Out = NumRegs - 1 }, ""},
		{"operand register", func(p *Program) { p.Ops[2].Args[5] = Register(NumRegs) }, "op 2: operand 64 of kind 2"},
		{"highest operand register", func(p *Program) { p.Ops[2].Args[5] = Register(NumRegs - 1) }, ""},
		{"data beyond the end", func(p *Program) { p.Ops[2].Args[0] = Operand{KindData, uint64(len(p.Data))} }, "op 2: operand"},
		{"last byte of the data", func(p *Program) { p.Ops[2].Args[0] = Operand{KindData, uint64(len(p.Data)) - 1} }, ""},
		{"unknown kind of operand", func(p *Program) { p.Ops[2].Args[3].Kind = 3 }, "op 2: operand 0 of kind 3"},
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
		{"no init, no socket", func(p *Program) { p.ControlFD, p.Ops[beInit].Nr = -1, unix.SYS_GETPID }, ""},
		{"a process id within bounds", func(p *Program) {
			p.Ops[samefile].Nr, p.Ops[samefile].Args[0] = SpecialPID, Operand{KindData, uint64(len(p.Data)) - PIDRoom}
		}, ""},
		{"a process id out of bounds", func(p *Program) {
			p.Ops[samefile].Nr, p.Ops[samefile].Args[0] = SpecialPID, Operand{KindData, uint64(len(p.Data)) - PIDRoom + 1}
		}, "op 1: a process id"},
		{"a process id to a constant", func(p *Program) {
			p.Ops[samefile].Nr, p.Ops[samefile].Args[0] = SpecialPID, Const(0)
		}, "op 1: a process id"},
		{"same file of a constant", func(p *Program) { p.Ops[samefile].Args[0] = Const(1) }, ""},
		{"odd relocation", func(p *Program) { p.Relocs[0] += 4 }, "relocation at"},
		{"relocation beyond the end", func(p *Program) { p.Relocs = []uint32{uint32(len(p.Data)+7) &^ 7} }, "relocation at"},
		{"highest relocation", func(p *Program) { p.Relocs = []uint32{1<<32 - 8} }, "relocation at"},
		{"relocation to beyond the end", func(p *Program) { p.Data[p.Relocs[0]+2] = 0xff }, "relocation at"},
		{"relocated twice", func(p *Program) { p.Relocs[1] = p.Relocs[0] }, "relocation at"},
		{"no relocations", func(p *Program) { p.Relocs = nil }, ""},
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
				_, loadErr := Load(p.Encode(), 0x1000)
				if (loadErr == nil) != (err == nil) {
					t.Errorf("Load: %v; Validate: %v", loadErr, err)
				}
			}
		})
	}
}

// Package program is the program of system calls that the stage, init and the command's process
// run before the command: its ops, their operands, its encoding and how it is printed.
//
// A program is straight line but for three things that depend on what the
// kernel answers: a fork, whose child goes on elsewhere; a skip over the ops
// that replace something the kernel refused; and the tail of a path search.
// Nothing in it is computed: every operand is a constant, the address of
// constant data, or the result of an earlier call.
package program

import "syscall"

// Program is a list of ops and the data that they point into.
type Program struct {
	// CloneFlags are the CLONE_NEW* flags with which the process that runs op 0 is
	// started. InPlace: the launcher starts it so itself; else the process that loads the
	// program starts it, as a sibling.
	CloneFlags uint64
	InPlace    bool
	// SyncFD is the socket on which every process reports to the launcher;
	// ControlFD, where there is an init, the one that init keeps, else -1.
	SyncFD, ControlFD int32

	Ops  []Op
	Data []byte // read-only, at [DataAddress]; it holds addresses of itself and of the scratch memory
	// Scratch is how many bytes of memory that can be written to the program uses, from
	// [ScratchAddress] on.
	Scratch uint32
}

// A program is mapped, read-only, at an address that is the same in every process, so
// that nothing in it has to be relocated; its scratch memory lies below. No executable of ours,
// no heap of the Go runtime, and none of the C library, which begins up to 1 GiB behind an executable, is there.
const (
	Address        = 0x6000_0000
	DataAddress    = Address + HeaderSize
	ScratchAddress = Address - MaxScratch
)

// Limits of a program; decoding refuses more.
const (
	MaxOps  = 1 << 17
	MaxData = 16 << 20
	NumRegs = 64
	// MaxScratch is a page wherever pages are not larger than 64 KiB.
	MaxScratch = 64 << 10
)

// Op is one system call, or one of the special ops.
type Op struct {
	Nr    uint16     // system call number, or a special op
	Out   uint8      // register for the result, NoReg for none
	Flags uint8      // MustFail, …
	Step  uint16     // index of the plan's step that this op belongs to
	Pass  [8]uint8   // errnos that are not failures; 0: none
	Args  [6]Operand // unused ones are Const(0)
}

// NoReg says that a result is not kept.
const NoReg = 0xff

// Flags of an op.
const (
	// MustFail makes success a failure with the errno that Args[5] holds (that
	// operand is not passed to the kernel).
	MustFail uint8 = 1 << iota
	// Exec marks an execve. One that fails with an errno in Pass is
	// remembered, EACCES before any other, for SpecialNotFound.
	Exec
	// Repeat marks a call that is made again while it gives EAGAIN, at most Repeats
	// times: an openat2 below a root does where, meanwhile, anybody renames or mounts
	// anything at all and the path has a "..".
	Repeat
)

// Repeats bounds the calls of an op with Repeat.
const Repeats = 10000

// Operand is an argument of an op.
type Operand struct {
	Kind  Kind
	Value uint64
}

// Kind says what an operand's value is.
type Kind uint8

const (
	KindConst   Kind = iota // the value itself
	KindData                // an offset into Data: the address is passed
	KindReg                 // the number of a register: its content is passed
	KindScratch             // an offset into the scratch memory: the address is passed
)

// Const is an operand with a fixed value.
func Const(v uint64) Operand { return Operand{KindConst, v} }

// Int is a signed operand with a fixed value, such as AT_FDCWD.
func Int(v int) Operand { return Operand{KindConst, uint64(int64(v))} }

// Register is an operand that is the result of an earlier op.
func Register(r uint8) Operand { return Operand{KindReg, uint64(r)} }

// Address is the address that an operand of data or scratch memory means.
func (o Operand) Address() uint64 {
	if o.Kind == KindScratch {
		return ScratchAddress + o.Value
	}
	return DataAddress + o.Value
}

// Plus is the address so many bytes behind that of data or scratch memory.
func (o Operand) Plus(bytes int) Operand { return Operand{o.Kind, o.Value + uint64(bytes)} }

// Passes reports whether errno e is no failure of the op.
func (o *Op) Passes(e syscall.Errno) bool {
	for _, p := range o.Pass {
		if p != 0 && syscall.Errno(p) == e {
			return true
		}
	}
	return false
}

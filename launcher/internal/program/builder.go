package program

import (
	"encoding/binary"
	"fmt"
	"syscall"
)

// Builder puts a program together.
type Builder struct {
	p       Program
	step    uint16
	regs    int
	free    []uint8
	strings map[string]uint64
	err     error
}

// NewBuilder returns a builder of an empty program.
func NewBuilder() *Builder {
	b := &Builder{strings: map[string]uint64{}}
	b.p.ControlFD = -1
	return b
}

// Grow makes room for n more ops and what they take. An op is large, and copies of many are memory that a process which
// has just started has to get first.
func (b *Builder) Grow(n int) {
	// Unlike slices.Grow, make touches none of it.
	b.p.Ops = append(make([]Op, 0, len(b.p.Ops)+n), b.p.Ops...)
	b.p.Data = append(make([]byte, 0, len(b.p.Data)+16*n), b.p.Data...)
	if len(b.strings) == 0 {
		b.strings = make(map[string]uint64, n/4)
	}
}

// Step sets the index of the plan's step to which the ops that follow belong.
func (b *Builder) Step(i int) { b.step = uint16(i) }

// Program returns what was built, or the first thing that did not fit.
func (b *Builder) Program() (*Program, error) {
	if b.err == nil {
		b.err = b.p.Validate()
	}
	if b.err != nil {
		return nil, b.err
	}
	return &b.p, nil
}

// SetStart sets how the first process is started and which descriptors it reports on.
func (b *Builder) SetStart(cloneFlags uint64, syncFD, controlFD int) {
	b.p.CloneFlags = cloneFlags
	b.p.SyncFD, b.p.ControlFD = int32(syncFD), int32(controlFD)
}

// SetInPlace says that the process which loads the program is the one that runs op 0.
func (b *Builder) SetInPlace() { b.p.InPlace = true }

// Len is the index of the op that comes next.
func (b *Builder) Len() int { return len(b.p.Ops) }

// Reg returns a register that is not in use yet.
func (b *Builder) Reg() uint8 {
	if n := len(b.free); n > 0 {
		r := b.free[n-1]
		b.free = b.free[:n-1]
		return r
	}
	if b.regs == NumRegs {
		b.err = fmt.Errorf("program: more than %d registers", NumRegs)
		return 0
	}
	b.regs++
	return uint8(b.regs - 1)
}

// Free gives a register back whose content is not needed any more.
func (b *Builder) Free(r uint8) { b.free = append(b.free, r) }

// Call appends a system call and returns the op for adding to it, which is
// valid until the next one is appended.
func (b *Builder) Call(nr uintptr, args ...Operand) *Op {
	op := Op{Nr: uint16(nr), Out: NoReg, Step: b.step}
	copy(op.Args[:], args)
	b.p.Ops = append(b.p.Ops, op)
	return &b.p.Ops[len(b.p.Ops)-1]
}

// Op returns the op at index pc, for adding to it.
func (b *Builder) Op(pc int) *Op { return &b.p.Ops[pc] }

// Special appends a special op.
func (b *Builder) Special(nr uint16, args ...Operand) *Op { return b.Call(uintptr(nr), args...) }

// To keeps the op's result in a register.
func (o *Op) To(r uint8) *Op { o.Out = r; return o }

// PassOver adds errnos that are not failures, eight at most.
func (o *Op) PassOver(errnos ...syscall.Errno) *Op {
	n := 0
	for n < len(o.Pass) && o.Pass[n] != 0 {
		n++
	}
	for i, e := range errnos {
		o.Pass[n+i] = uint8(e)
	}
	return o
}

// With sets flags.
func (o *Op) With(flags uint8) *Op { o.Flags |= flags; return o }

// Patch sets operand i of the op at index pc, for a place that was not known
// when the op was appended.
func (b *Builder) Patch(pc, i int, v Operand) { b.p.Ops[pc].Args[i] = v }

// Reside adds the op that waits as r says, and returns the register of its result. More descriptors than fit are an error of the program.
func (b *Builder) Reside(r Resident) (status uint8) {
	if 3+len(r.Others) > MaxPolled && b.err == nil {
		b.err = fmt.Errorf("program: more than %d descriptors to poll", MaxPolled)
	}
	status = b.Reg()
	b.Special(SpecialReside, b.Bytes(r.encode())).To(status)
	return status
}

// String adds a NUL-terminated string to the data, once for equal strings.
func (b *Builder) String(s string) Operand {
	off, ok := b.strings[s]
	if !ok {
		off = b.place(append([]byte(s), 0), 1)
		b.strings[s] = off
	}
	return Operand{KindData, off}
}

// Bytes adds data, aligned to 8 bytes.
func (b *Builder) Bytes(data []byte) Operand { return Operand{KindData, b.place(data, 8)} }

// Words adds 8-byte words in the machine's order.
func (b *Builder) Words(words ...uint64) Operand {
	buf := make([]byte, 0, 8*len(words))
	for _, w := range words {
		buf = binary.NativeEndian.AppendUint64(buf, w)
	}
	return b.Bytes(buf)
}

// Strings adds a NULL-terminated array of strings, as execve(2) takes it.
func (b *Builder) Strings(list []string) Operand {
	ops := make([]Operand, len(list))
	for i, s := range list {
		ops[i] = b.String(s)
	}
	return b.Pointers(ops...)
}

// WithPID returns a string in the scratch memory, and adds the op by which a process writes it there, with
// its id at the end.
func (b *Builder) WithPID(s string) Operand {
	at := b.room(len(s)+PIDRoom, 1)
	b.Special(SpecialPID, at, b.Bytes([]byte(s)), Int(len(s)))
	return at
}

// WithNumber is WithPID for the number in a register. It returns the register of the length, too.
func (b *Builder) WithNumber(s string, r uint8) (at Operand, length uint8) {
	at = b.WithPID(s)
	length = b.Reg()
	b.Op(b.Len() - 1).To(length).Args[3] = Register(r)
	return at, length
}

// Scratch returns so many bytes of the scratch memory, aligned to 8 bytes. They are for a structure that has something
// which is known only as the program runs: it is zero but for what Store writes to it.
func (b *Builder) Scratch(size int) Operand { return b.room(size, 8) }

// Store adds the op that writes the lower size bytes of v, 4 or 8, to scratch memory, in the machine's order.
func (b *Builder) Store(to Operand, size int, v Operand) *Op {
	return b.Special(SpecialStore, to, v, Int(size))
}

// Pointers adds a NULL-terminated array of addresses of data and scratch memory.
func (b *Builder) Pointers(list ...Operand) Operand {
	words := make([]uint64, len(list)+1)
	for i, o := range list {
		words[i] = o.Address()
	}
	return b.Words(words...)
}

func (b *Builder) room(size, align int) Operand {
	off := (int(b.p.Scratch) + align - 1) &^ (align - 1)
	b.p.Scratch = uint32(off + size)
	return Operand{KindScratch, uint64(off)}
}

func (b *Builder) place(data []byte, align int) uint64 {
	for len(b.p.Data)%align != 0 {
		b.p.Data = append(b.p.Data, 0)
	}
	off := len(b.p.Data)
	b.p.Data = append(b.p.Data, data...)
	return uint64(off)
}

// Package program is the program of system calls that a child of nslaunch
// runs: its ops, their operands, its encoding and how it is printed.
//
// A program is straight line but for three things that depend on what the
// kernel answers: a fork, whose child goes on elsewhere; a skip over the ops
// that stand for something the kernel refused; and the tail of a path search.
// Nothing in it is computed: every operand is a constant, the address of
// constant data, or the result of an earlier call.
package program

import (
	"encoding/binary"
	"syscall"
)

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

// Op is one system call, or one of the special ops below.
type Op struct {
	Nr    uint16     // system call number, or a special op
	Out   uint8      // register for the result, NoReg for none
	Flags uint8      // MustFail, …
	Step  uint16     // index of the plan's step that this op belongs to
	Pass  [8]uint8   // errnos that are no failures; 0: none
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

// PIDRoom is what SpecialPID may write: a number below 1<<32.
const PIDRoom = 16

// Special ops. They are above all system call numbers.
const (
	// SpecialSync tells the launcher that point Args[0] is reached and waits for its word.
	SpecialSync uint16 = 0xf000 + iota
	// SpecialFork forks with clone flags Args[0] in addition to SIGCHLD; the
	// child goes on at op Args[1], the parent with the next.
	SpecialFork
	// SpecialInit unmaps the program and is init: it tells the launcher on the control socket that it
	// is in place, then reaps until child Args[0] is gone, of which it reports
	// every change of state, and exits.
	SpecialInit
	// SpecialSameFile fails with ESTALE unless the file of descriptor Args[0]
	// has device major Args[1], minor Args[2], inode Args[3] and file type (S_IFMT) Args[4].
	SpecialSameFile
	// SpecialSkip passes over the next Args[1] ops if register Args[0] holds a
	// negative errno (Args[2] = 0) or does not (Args[2] = 1).
	SpecialSkip
	// SpecialCwd fails with ENOENT if the working directory is not below the root.
	SpecialCwd
	// SpecialReceive takes the descriptor that the launcher sends; it is the result.
	SpecialReceive
	// SpecialPID writes to the scratch memory at Args[0] the string at Args[1] of
	// the data, Args[2] bytes long, and behind it the process's own id, as it sees it, or, if that is a register, the number
	// in Args[3], in decimal and with a NUL at the end: PIDRoom bytes more at most. Its result is the length without that.
	SpecialPID
	// SpecialNotExecutable fails with EACCES if an Exec op met it.
	SpecialNotExecutable
	// SpecialNotFound fails with the errno that was remembered of the Exec ops.
	SpecialNotFound
	// SpecialReside is what is left of a launcher while its command runs, as the [Resident] at Args[0] of
	// the data says. Its result is the exit status, with which the ops that follow have the process exit.
	SpecialReside
)

// Resident is what is left of a launcher while its command runs. It ends as the command does, or, where
// there is something to do that it cannot do, starts an assistant, and then ends as that does.
type Resident struct {
	// Signals are those that it forwards to the command or, if they are in Wake too, leaves to the assistant; all are
	// blocked, and SIGCHLD is among them. Those in Keys go to the command's process group where the kernel sends
	// them, for a key of the terminal.
	Signals, Wake, Keys uint64
	// Argv and Env are those of the assistant, which is the executable Binary.
	Argv, Env Operand
	PIDFD     int32 // of the command
	Pipe      int32 // takes the siginfo_t of a signal that is left to the assistant
	PID       int32 // of the sandbox's first process, a child
	Stop      int32 // what TERM is forwarded as
	Binary    int32
	States    int32 // takes messages of what becomes of the child, if there is no init to tell of the command, or of its end
	// Exits: it may end with the status that shells give the command, without an assistant.
	Exits bool
	// Control is where init tells of the command, -1 if that is the first process itself. SignalFD is a signalfd(2) of
	// Signals. Requests has those of the assistant: the number of a signal by which this process is to stop, in 4 bytes, and 4
	// bytes more, not 0 if all of its process group is to.
	Control, SignalFD, Requests int32
	// Others are descriptors that are left to the assistant when they can be read.
	Others []int32
}

// MaxPolled bounds the descriptors that are polled.
const MaxPolled = 16

// residentSize is that of the encoded form: three sets, two addresses, eight words of 4 bytes,
// of which the last two are a boolean and the number of descriptors, and an array of struct pollfd.
const residentSize = 72 + 8*MaxPolled

// encode returns the encoded form.
func (r *Resident) encode() []byte {
	const pollIn = 1
	e := binary.NativeEndian
	b := make([]byte, 0, residentSize)
	for _, w := range []uint64{r.Signals, r.Wake, r.Keys, r.Argv.Address(), r.Env.Address()} {
		b = e.AppendUint64(b, w)
	}
	fds := append([]int32{r.Control, r.SignalFD, r.Requests}, r.Others...)
	exits := int32(0)
	if r.Exits {
		exits = 1
	}
	for _, n := range []int32{r.PIDFD, r.Pipe, r.PID, r.Stop, r.Binary, r.States, exits, int32(len(fds))} {
		b = e.AppendUint32(b, uint32(n))
	}
	for _, fd := range fds[:min(len(fds), MaxPolled)] {
		b = e.AppendUint32(b, uint32(fd))
		b = e.AppendUint32(b, pollIn)
	}
	return append(b, make([]byte, residentSize-len(b))...)
}

// Operand is an argument of an op.
type Operand struct {
	Kind  Kind
	Value uint64
}

// Kind tells what an operand's value is.
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

// Address is the address that an operand of data or scratch memory stands for.
func (o Operand) Address() uint64 {
	if o.Kind == KindScratch {
		return ScratchAddress + o.Value
	}
	return DataAddress + o.Value
}

// Passes tells whether errno e is no failure of the op.
func (o *Op) Passes(e syscall.Errno) bool {
	for _, p := range o.Pass {
		if p != 0 && syscall.Errno(p) == e {
			return true
		}
	}
	return false
}

// Special tells whether the op is more than one system call.
func (o *Op) Special() bool { return o.Nr >= SpecialSync }

package program

import (
	"unsafe"

	"golang.org/x/sys/unix"
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
	States    int32 // takes messages of what becomes of the child, if there is no init to report the command, or its end
	// Exits: it may end with the status that shells give the command, without an assistant.
	Exits bool
	// Control is where init reports the command, -1 if that is the first process itself. SignalFD is a signalfd(2) of
	// Signals. Requests has those of the assistant: the number of a signal by which this process is to stop, in 4 bytes, and 4
	// bytes more, not 0 if all of its process group is to.
	Control, SignalFD, Requests int32
	// Others are descriptors that are left to the assistant when they can be read.
	Others []int32
}

// MaxPolled bounds the descriptors that are polled.
const MaxPolled = 16

// EncodedResident is how a [Resident] lies in the data.
type EncodedResident struct {
	Signals, Wake, Keys uint64
	Argv, Env           uint64 // addresses
	PIDFD, Pipe         int32
	PID, Stop           int32
	Binary, States      int32
	Exits               int32 // 1: it may
	Count               int32 // of Polled
	// Polled are Control, SignalFD, Requests and the Others.
	Polled [MaxPolled]unix.PollFd
}

// ResidentSize is the size of an EncodedResident.
const ResidentSize = uint64(unsafe.Sizeof(EncodedResident{}))

// encode returns the encoded form.
func (r *Resident) encode() []byte {
	buf := make([]byte, ResidentSize)
	e := at[EncodedResident](buf, 0)
	e.Signals, e.Wake, e.Keys = r.Signals, r.Wake, r.Keys
	e.Argv, e.Env = r.Argv.Address(), r.Env.Address()
	e.PIDFD, e.Pipe, e.PID, e.Stop, e.Binary, e.States = r.PIDFD, r.Pipe, r.PID, r.Stop, r.Binary, r.States
	if r.Exits {
		e.Exits = 1
	}
	fds := append([]int32{r.Control, r.SignalFD, r.Requests}, r.Others...)
	e.Count = int32(len(fds))
	for i, fd := range fds[:min(len(fds), MaxPolled)] {
		e.Polled[i] = unix.PollFd{Fd: fd, Events: unix.POLLIN}
	}
	return buf
}

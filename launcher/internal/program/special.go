package program

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Special ops are more than one system call, or none. Each has a number here and a row in the table below, and
// what runs a program does it. Their numbers are above those of all system calls.
const (
	// SpecialSync reports to the launcher that point Args[0] is reached and waits for its answer.
	SpecialSync uint16 = FirstSpecial + iota
	// SpecialFork forks with clone flags Args[0] in addition to SIGCHLD; the
	// child goes on at op Args[1], the parent with the next.
	SpecialFork
	// SpecialInit unmaps the program and is init: it reports to the launcher on the control socket that it
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
	// the data, Args[2] bytes long, and behind it the process's own id in its pid namespace or, if that is a register, the number
	// in Args[3], in decimal and with a NUL at the end: PIDRoom bytes more at most. Its result is the length without that.
	SpecialPID
	// SpecialNotExecutable fails with EACCES if an Exec op met it.
	SpecialNotExecutable
	// SpecialNotFound fails with the errno that was remembered of the Exec ops.
	SpecialNotFound
	// SpecialReside is what is left of a launcher while its command runs, as the [Resident] at Args[0] of
	// the data says. Its result is the exit status, with which the ops that follow have the process exit.
	SpecialReside
	// SpecialStore writes Args[1], of which the lower Args[2] bytes, 4 or 8, count, to the scratch memory at Args[0], in
	// the machine's order. That may be at any byte. Until then there are zeros.
	SpecialStore

	// EndSpecial is the first number above those of all special ops.
	EndSpecial
)

// FirstSpecial is the lowest number of a special op. All below are those of system calls.
const FirstSpecial = 0xf000

// Special describes a special op, except what it does. A program is checked and printed by it, and the
// check in the stage is made of it.
type Special struct {
	call    string   // the name of its system call that can fail
	Bounds  [6]Bound // of its operands
	Control bool     // it needs the control socket
	refused string   // what is said of one that is out of bounds
	print   func(p *Program, o *Op) []string
}

// specials are all special ops, by their numbers.
var specials = [EndSpecial - FirstSpecial]Special{
	SpecialSync - FirstSpecial: {call: "recvfrom", print: (*Program).formatSync},
	SpecialFork - FirstSpecial: {
		call: "clone", Bounds: [6]Bound{1: {Kind: BoundLater}}, refused: "fork goes on out of bounds",
		print: (*Program).formatFork,
	},
	SpecialInit - FirstSpecial: {
		call: "waitid", Control: true, refused: "an init without a control socket",
		print: (*Program).formatInit,
	},
	SpecialSameFile - FirstSpecial: {call: "statx", print: (*Program).formatSameFile},
	SpecialSkip - FirstSpecial: {
		Bounds: [6]Bound{{Kind: BoundRegister}, {Kind: BoundAhead}}, refused: "skip goes on out of bounds",
		print: (*Program).formatSkip,
	},
	SpecialCwd - FirstSpecial:     {call: "getcwd", print: (*Program).formatCwd},
	SpecialReceive - FirstSpecial: {call: "recvmsg", print: (*Program).formatReceive},
	SpecialPID - FirstSpecial: {
		call:    "getpid",
		Bounds:  [6]Bound{{Kind: BoundScratch, Size: PIDRoom, More: 2}, {Kind: BoundData, More: 2}, {Kind: BoundLength, Size: MaxScratch}},
		refused: "a process id is written out of bounds",
		print:   (*Program).formatPID,
	},
	SpecialNotExecutable - FirstSpecial: {
		call:  "execve",
		print: func(*Program, *Op) []string { return []string{"# it fails with EACCES if an execve did"} },
	},
	SpecialNotFound - FirstSpecial: {
		call:  "execve",
		print: func(*Program, *Op) []string { return []string{"# it fails as an execve did"} },
	},
	SpecialReside - FirstSpecial: {
		call: "ppoll", Bounds: [6]Bound{{Kind: BoundData, Size: ResidentSize}}, refused: "a resident out of bounds",
		print: func(*Program, *Op) []string {
			return []string{"ppoll(fds, n, NULL, NULL, 0) # until the command ends, or there is work to do"}
		},
	},
	SpecialStore - FirstSpecial: {
		Bounds: [6]Bound{{Kind: BoundScratch, More: 2}, 2: {Kind: BoundWidth}}, refused: "a number is stored out of bounds",
		print: (*Program).formatStore,
	},
}

// PIDRoom is what SpecialPID may write: a number below 1<<32.
const PIDRoom = 16

// Special reports whether the op is more than one system call.
func (o *Op) Special() bool { return o.Nr >= FirstSpecial }

// SpecialOf returns the description of the special op with a number, nil if there is none.
func SpecialOf(nr uint16) *Special {
	if nr < FirstSpecial || nr >= EndSpecial {
		return nil
	}
	return &specials[nr-FirstSpecial]
}

func (p *Program) formatSync(o *Op) []string {
	return []string{
		p.formatSend(p.SyncFD, Message{Kind: MessageReached, A: uint32(o.Args[0].Value)}) + " # point " + p.operand(num, o, 0) + " is reached",
		fmt.Sprintf("recvfrom(%d, word, %d, 0, NULL, NULL) # the launcher says to go on", p.SyncFD, MessageSize),
	}
}

func (p *Program) formatFork(o *Op) []string {
	line := fmt.Sprintf("clone(child_stack=NULL, flags=%s)", cloneWords(o.Args[0].Value|uint64(unix.SIGCHLD)))
	if o.Out != NoReg {
		line += fmt.Sprintf(" = r%d", o.Out)
	}
	return []string{line + " # the child goes on at step " + p.stepOf(o.Args[1].Value)}
}

func (p *Program) formatInit(o *Op) []string {
	return []string{
		fmt.Sprintf("munmap(scratch, %d)", MaxScratch+p.header().Size()), // and the program, which lies behind it
		p.formatSend(p.ControlFD, Message{Kind: MessageReady}) + " # init is in place",
		"waitid(P_ALL, 0, info, WEXITED|WSTOPPED|WCONTINUED|__WALL, NULL) # until " + p.operand(num, o, 0) + " has ended; its end is reported",
	}
}

func (p *Program) formatSameFile(o *Op) []string {
	return []string{fmt.Sprintf(`statx(%s, "", AT_EMPTY_PATH, STATX_TYPE|STATX_INO, file) # it is device %s:%s, inode %s, type %#o, or it fails with ESTALE`,
		p.operand(fd, o, 0), p.operand(num, o, 1), p.operand(num, o, 2), p.operand(num, o, 3), o.Args[4].Value)}
}

func (p *Program) formatSkip(o *Op) []string {
	when := "an error"
	if o.Args[2].Value != 0 {
		when = "no error"
	}
	return []string{fmt.Sprintf("if %s is %s, skip %s", p.operand(num, o, 0), when, p.operand(num, o, 1))}
}

func (p *Program) formatCwd(*Op) []string {
	return []string{fmt.Sprintf("getcwd(path, %d) # it begins with /, or it fails with ENOENT", CwdSize)}
}

// CwdSize is the size of the buffer that the working directory is read into.
const CwdSize = 4096

func (p *Program) formatReceive(o *Op) []string {
	return []string{fmt.Sprintf("recvmsg(%d, tree, MSG_CMSG_CLOEXEC) = r%d # the launcher lends it", p.SyncFD, o.Out)}
}

func (p *Program) formatPID(o *Op) []string {
	from, size := o.Args[1].Value, o.Args[2].Value
	return []string{"getpid() # " + pidString + " is " + quote(p.Data[from:from+size]) + " with it at the end"}
}

func (p *Program) formatStore(o *Op) []string {
	return []string{fmt.Sprintf("# the %d bytes at %s are %s", o.Args[2].Value, p.operand(num, o, 0), p.operand(num, o, 1))}
}

package program

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Name is the name of the op's system call; of a special op, of the one that
// can fail.
func (o *Op) Name() string {
	switch o.Nr {
	case SpecialSync:
		return "recvfrom"
	case SpecialFork:
		return "clone"
	case SpecialInit:
		return "waitid"
	case SpecialSameFile:
		return "statx"
	case SpecialCwd:
		return "getcwd"
	case SpecialReceive:
		return "recvmsg"
	case SpecialPID:
		return "getpid"
	case SpecialNotExecutable, SpecialNotFound:
		return "execve"
	case SpecialReside:
		return "ppoll"
	}
	if name := lookup(o).name; name != "" {
		return name
	}
	return fmt.Sprintf("syscall_%d", o.Nr)
}

// FormatStart prints the call that starts the process which runs op 0.
func (p *Program) FormatStart() string {
	if p.InPlace {
		return fmt.Sprintf("clone(child_stack=NULL, flags=%s)", cloneWords(p.CloneFlags|unix.CLONE_VM|unix.CLONE_VFORK|uint64(unix.SIGCHLD)))
	}
	return fmt.Sprintf("clone(child_stack=NULL, flags=%s)", cloneWords(p.CloneFlags|unix.CLONE_PARENT))
}

// Format prints op i, a line for each system call that it makes, in the
// notation of strace(1) with these additions:
//
//   - a result that is kept, and its use, is a register: r0, r1, …; another
//     lower-case word stands for memory that is written as the program runs, or for an address;
//   - "or ERRNO" is an error that is passed over, and "fails with ERRNO" says
//     that the call must fail so;
//   - "if r0 is an error, skip 2" passes over the next two lines;
//   - "#" begins a comment; "# again while EAGAIN" is of a call with Repeat.
func (p *Program) Format(i int) []string {
	o := &p.Ops[i]
	if o.Special() {
		return p.formatSpecial(o)
	}
	line := p.formatCall(o)
	if o.Out != NoReg {
		line += fmt.Sprintf(" = r%d", o.Out)
	}
	if pass := o.passWords(); pass != "" && o.Flags&MustFail != 0 {
		line += " fails with " + pass
	} else if pass != "" {
		line += " or " + pass
	}
	if o.Flags&Repeat != 0 {
		line += " # again while EAGAIN"
	}
	return []string{line}
}

func (p *Program) formatCall(o *Op) string {
	c := lookup(o)
	if c.name == "" {
		c = call{o.Name(), []param{num(), num(), num(), num(), num(), num()}}
	}
	passed := *o
	if o.Flags&MustFail != 0 {
		passed.Args[5] = Const(0)
	}
	words := make([]string, len(c.params))
	for i, param := range c.params {
		words[i] = p.operand(param, &passed, i)
	}
	return c.name + "(" + strings.Join(words, ", ") + ")"
}

// passWords lists the errnos that are no failures.
func (o *Op) passWords() string {
	var words []string
	for _, e := range o.Pass {
		if e == 0 {
			continue
		}
		name := unix.ErrnoName(syscall.Errno(e))
		if name == "" {
			name = fmt.Sprintf("errno %d", e)
		}
		words = append(words, name)
	}
	return strings.Join(words, ", ")
}

func (p *Program) formatSpecial(o *Op) []string {
	arg := func(i int) string { return p.operand(num(), o, i) }
	switch o.Nr {
	case SpecialSync:
		return []string{
			p.formatSend(p.SyncFD, Message{Kind: MessageReached, A: uint32(o.Args[0].Value)}) + " # point " + arg(0) + " is reached",
			fmt.Sprintf("recvfrom(%d, word, %d, 0, NULL, NULL) # the launcher says to go on", p.SyncFD, MessageSize),
		}
	case SpecialFork:
		line := fmt.Sprintf("clone(child_stack=NULL, flags=%s)", cloneWords(o.Args[0].Value|uint64(unix.SIGCHLD)))
		if o.Out != NoReg {
			line += fmt.Sprintf(" = r%d", o.Out)
		}
		return []string{line + " # the child goes on at step " + p.stepOf(o.Args[1].Value)}
	case SpecialInit:
		return []string{
			fmt.Sprintf("munmap(scratch, %d)", MaxScratch+p.header().Size()), // and the program, which lies behind it
			p.formatSend(p.ControlFD, Message{Kind: MessageReady}) + " # init is in place",
			"waitid(P_ALL, 0, info, WEXITED|WSTOPPED|WCONTINUED|__WALL, NULL) # until " + arg(0) + " has ended; what becomes of it is sent",
		}
	case SpecialSameFile:
		return []string{fmt.Sprintf(`statx(%s, "", AT_EMPTY_PATH, STATX_TYPE|STATX_INO, file) # it is device %s:%s, inode %s, type %#o, or it fails with ESTALE`,
			p.operand(fd(), o, 0), arg(1), arg(2), arg(3), o.Args[4].Value)}
	case SpecialCwd:
		return []string{fmt.Sprintf("getcwd(path, %d) # it begins with /, or it fails with ENOENT", cwdSize)}
	case SpecialReceive:
		return []string{fmt.Sprintf("recvmsg(%d, tree, MSG_CMSG_CLOEXEC) = r%d # the launcher lends it", p.SyncFD, o.Out)}
	case SpecialPID:
		from, size := o.Args[1].Value, o.Args[2].Value
		return []string{"getpid() # " + pidString + " is " + quote(p.Data[from:from+size]) + " with it at the end"}
	case SpecialSkip:
		when := "an error"
		if o.Args[2].Value != 0 {
			when = "no error"
		}
		return []string{fmt.Sprintf("if %s is %s, skip %s", arg(0), when, arg(1))}
	case SpecialNotExecutable:
		return []string{"# it fails with EACCES if an execve did"}
	case SpecialReside:
		return []string{"ppoll(fds, n, NULL, NULL, 0) # until the command ends, or something is to be done"}
	}
	return []string{"# it fails as an execve did"}
}

// cwdSize is the size of the buffer that the working directory is read into.
const cwdSize = 4096

// formatSend prints how a message is sent.
func (p *Program) formatSend(fd int32, m Message) string {
	buf := make([]byte, 0, MessageSize)
	for _, word := range []uint32{m.Kind, m.A, uint32(m.B), m.Extra} {
		buf = binary.NativeEndian.AppendUint32(buf, word)
	}
	return fmt.Sprintf("sendto(%d, %s, %d, MSG_NOSIGNAL, NULL, 0)", fd, quote(buf), MessageSize)
}

// stepOf is the number of the step that op i belongs to, as plans count.
func (p *Program) stepOf(i uint64) string {
	if i >= uint64(len(p.Ops)) {
		return "?"
	}
	return fmt.Sprint(p.Ops[i].Step + 1)
}

// cloneWords names the flags of clone(2), whose lowest byte is a signal.
func cloneWords(v uint64) string {
	sig := v & 0xff
	words := []string{}
	if v != sig {
		words = append(words, bitWords(v&^sig, cloneFlags()))
	}
	if sig != 0 {
		words = append(words, signalWord(sig))
	}
	return strings.Join(words, "|")
}

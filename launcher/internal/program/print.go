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
	if s := SpecialOf(o.Nr); s != nil && s.call != "" {
		return s.call
	}
	if c := callOf(o.Nr); c != nil {
		return c.name
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
//     lower-case word is memory that is written while the program runs, or an address;
//   - "or ERRNO" is an error that is passed over, and "fails with ERRNO" says
//     that the call must fail so;
//   - "if r0 is an error, skip 2" passes over the next two lines;
//   - "#" begins a comment; "# again while EAGAIN" is of a call with Repeat.
func (p *Program) Format(i int) []string {
	o := &p.Ops[i]
	if s := SpecialOf(o.Nr); s != nil {
		return s.print(p, o)
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
	params := []param{num, num, num, num, num, num}
	if c := callOf(o.Nr); c != nil && c.paramsOf != nil {
		params = c.paramsOf(o)
	} else if c != nil {
		params = c.params
	}
	passed := *o
	if o.Flags&MustFail != 0 {
		passed.Args[5] = Const(0)
	}
	words := make([]string, len(params))
	for i, param := range params {
		words[i] = p.operand(param, &passed, i)
	}
	return o.Name() + "(" + strings.Join(words, ", ") + ")"
}

// passWords lists the errnos that are not failures.
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
		words = append(words, bitWords(v&^sig, cloneFlags))
	}
	if sig != 0 {
		words = append(words, signalWord(sig))
	}
	return strings.Join(words, "|")
}

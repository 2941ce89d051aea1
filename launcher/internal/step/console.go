package step

import (
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// ConsoleRoom is that of the slave's name in a program.
const ConsoleRoom = 64

// consoleWord is the name in a plan: it is not known before the pseudoterminal is.
const consoleWord = "/dev/pts/N"

// BindConsole shows the command's pseudoterminal as the console.
type BindConsole struct {
	At          MountPoint
	Attributes  tree.Attributes
	Propagation mountprop.Propagation
}

func (a BindConsole) String() string {
	return "bind the pseudoterminal on " + quote.Word(a.At.Path) + ", " + a.Attributes.Words()
}

func (BindConsole) Privileged() {}

func (a BindConsole) Emit(s *Assembler) {
	name := s.Bytes(append([]byte(consoleWord), make([]byte, ConsoleRoom-len(consoleWord))...))
	s.console = name
	src := s.Reg()
	s.Call(unix.SYS_OPENAT, atCwd(), name, program.Int(unix.O_PATH|unix.O_CLOEXEC), program.Const(0)).To(src)
	mnt := s.clone(program.Register(src), "", false)
	s.close(src)
	s.setAttr(mnt, a.Attributes.Set, 0, a.Propagation, false)
	s.place(mnt, a.At)
}

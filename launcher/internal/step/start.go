package step

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// NewKinds is "a new net namespace" or "new net, ipc namespaces".
func NewKinds(kinds []config.NamespaceKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	if len(kinds) == 1 {
		return "a new " + words[0] + " namespace"
	}
	return "new " + strings.Join(words, ", ") + " namespaces"
}

// StartStage starts the stage, at once in new namespaces where nothing has to
// be joined first. It is the program's clone flags; Start does it.
type StartStage struct {
	New      []config.NamespaceKind
	Portable string // why it is not the sealed image; "": it is
	NoGroups bool   // without the caller's supplementary groups
}

func (a StartStage) String() string {
	text := "start the stage"
	if len(a.New) > 0 {
		text += " in " + NewKinds(a.New)
	}
	if a.NoGroups {
		text += ", without supplementary groups"
	}
	if a.Portable != "" {
		text += ", by the portable image: " + a.Portable
	}
	return text
}

// DieWithLauncher asks for SIGKILL when the thread that started the process
// ends. The kernel forgets it at a fork and when ids change, so it is done again.
type DieWithLauncher struct {
	// Check makes sure that the launcher did not end before: no signal
	// comes for that.
	Check bool
}

func (a DieWithLauncher) String() string { return "die with the launcher" }

func (a DieWithLauncher) Emit(s *Assembler) {
	s.prctl(unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL))
	if a.Check {
		s.Call(unix.SYS_RECVFROM, program.Int(s.layout.Sync), null(), null(),
			program.Const(unix.MSG_PEEK|unix.MSG_DONTWAIT), null(), program.Const(uint64(unix.EPIPE))).
			PassOver(unix.EAGAIN).With(program.MustFail)
	}
}

// BlockSignals keeps keyboard and other signals from ending the set-up half way.
type BlockSignals struct{}

func (BlockSignals) String() string { return "block signals" }

func (BlockSignals) Emit(s *Assembler) { s.signalMask(^uint64(0)) }

func (s *Assembler) signalMask(mask uint64) {
	s.Call(unix.SYS_RT_SIGPROCMASK, program.Const(unix.SIG_SETMASK), s.Words(mask), null(), program.Const(8))
}

// Point is where a child waits for the launcher.
type Point uint32

const (
	// PointSetup: the stage is in its user namespace, which has no maps yet.
	PointSetup Point = 1 + iota
	// PointMoved: the process after a fork into a pid namespace, in place of the stage.
	PointMoved
	// PointCommand: the process that becomes the command.
	PointCommand
)

// WaitForLauncher stops the child until the launcher has done its next steps.
type WaitForLauncher struct{ At Point }

func (a WaitForLauncher) String() string { return "wait for the launcher" }

func (a WaitForLauncher) Emit(s *Assembler) {
	s.Special(program.SpecialSync, program.Const(uint64(a.At)))
}

// Release lets the child go on.
type Release struct {
	At Point
}

func (a Release) String() string {
	switch a.At {
	case PointMoved:
		return "follow the forked process and release it"
	case PointCommand:
		return "release the command"
	}
	return "release the stage"
}

func (a Release) Apply(l Launch) error { return l.Release(a.At == PointCommand) }

// ForkCommand forks the process that becomes the command.
type ForkCommand struct{}

func (ForkCommand) String() string { return "fork the command" }

func (ForkCommand) Emit(s *Assembler) { s.fork(0) }

// MoveIntoPID forks the process that goes on inside a pid namespace, which
// no process can enter itself.
type MoveIntoPID struct{}

func (MoveIntoPID) String() string { return "fork into the pid namespace, and exit" }

func (MoveIntoPID) Emit(s *Assembler) {
	// A sibling: the launcher is its parent and can wait for it.
	s.fork(unix.CLONE_PARENT)
	s.Call(unix.SYS_EXIT_GROUP, null())
	s.childBegins()
}

// BeInit makes process 1 of the new pid namespace show and hold nothing, and
// reap until the command is gone.
type BeInit struct{}

func (BeInit) String() string {
	return "act as init: hidden, without capabilities or descriptors; reap processes"
}

func (BeInit) Emit(s *Assembler) {
	s.prctl(unix.PR_SET_DUMPABLE, 0)
	s.Call(unix.SYS_PRCTL, program.Const(unix.PR_SET_NAME), s.String("nslaunch-init"))
	s.capset(0, 0, 0)
	s.Call(unix.SYS_CHDIR, s.String("/"))
	s.closeAllBut([]int{s.layout.Control})
	s.Special(program.SpecialInit, program.Register(s.forked))
	s.childBegins()
}

// HideProcess makes the files of the process in /proc inaccessible to all but
// the privileged of its own binary's user namespace.
type HideProcess struct{}

func (HideProcess) String() string { return "hide from the processes of the joined namespaces" }

func (HideProcess) Emit(s *Assembler) {
	s.prctl(unix.PR_SET_DUMPABLE, 0)
}

// closeAllBut closes every descriptor that is not in keep, which is sorted.
func (s *Assembler) closeAllBut(keep []int) {
	next := 0
	for _, fd := range keep {
		if fd > next {
			s.Call(unix.SYS_CLOSE_RANGE, program.Int(next), program.Int(fd-1), null())
		}
		next = fd + 1
	}
	s.Call(unix.SYS_CLOSE_RANGE, program.Int(next), program.Const(0xffffffff), null())
}

func fdWords(fds []int) string {
	words := make([]string, len(fds))
	for i, fd := range fds {
		words[i] = fmt.Sprint(fd)
	}
	return strings.Join(words, ", ")
}

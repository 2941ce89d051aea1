package launcher

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// newKinds is "a new net namespace" or "new net, ipc namespaces".
func newKinds(kinds []config.NamespaceKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	if len(kinds) == 1 {
		return "a new " + words[0] + " namespace"
	}
	return "new " + strings.Join(words, ", ") + " namespaces"
}

// startStage starts the stage, at once in new namespaces where nothing has to
// be joined first. It is the program's clone flags; Start does it.
type startStage struct {
	New      []config.NamespaceKind
	Portable string // why it is not the sealed image; "": it is
	NoGroups bool   // without the caller's supplementary groups
}

func (a startStage) String() string {
	text := "start the stage"
	if len(a.New) > 0 {
		text += " in " + newKinds(a.New)
	}
	if a.NoGroups {
		text += ", without supplementary groups"
	}
	if a.Portable != "" {
		text += ", by the portable image: " + a.Portable
	}
	return text
}

// dieWithLauncher asks for SIGKILL when the thread that started the process
// ends. The kernel forgets it at a fork and when ids change, so it is done again.
type dieWithLauncher struct {
	// Check makes sure that the launcher did not end before: no signal
	// comes for that.
	Check bool
}

func (a dieWithLauncher) String() string { return "die with the launcher" }

func (a dieWithLauncher) emit(s *assembler) {
	s.prctl(unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL))
	if a.Check {
		s.Call(unix.SYS_RECVFROM, program.Int(s.layout.sync), null(), null(),
			program.Const(unix.MSG_PEEK|unix.MSG_DONTWAIT), null(), program.Const(uint64(unix.EPIPE))).
			PassOver(unix.EAGAIN).With(program.MustFail)
	}
}

// blockSignals keeps keyboard and other signals from ending the set-up half way.
type blockSignals struct{}

func (blockSignals) String() string { return "block signals" }

func (blockSignals) emit(s *assembler) { s.signalMask(^uint64(0)) }

func (s *assembler) signalMask(mask uint64) {
	s.Call(unix.SYS_RT_SIGPROCMASK, program.Const(unix.SIG_SETMASK), s.Words(mask), null(), program.Const(8))
}

// point is where a child waits for the launcher.
type point uint32

const (
	// pointSetup: the stage is in its user namespace, which has no maps yet.
	pointSetup point = 1 + iota
	// pointMoved: the process after a fork into a pid namespace, in place of the stage.
	pointMoved
	// pointCommand: the process that becomes the command.
	pointCommand
)

// waitForLauncher stops the child until the launcher has done its next steps.
type waitForLauncher struct{ At point }

func (a waitForLauncher) String() string { return "wait for the launcher" }

func (a waitForLauncher) emit(s *assembler) {
	s.Special(program.SpecialSync, program.Const(uint64(a.At)))
}

// release lets the child go on.
type release struct {
	At point
}

func (a release) String() string {
	switch a.At {
	case pointMoved:
		return "follow the forked process and release it"
	case pointCommand:
		return "release the command"
	}
	return "release the stage"
}

func (a release) apply(l launching) error { return l.Release(a.At == pointCommand) }

// forkCommand forks the process that becomes the command.
type forkCommand struct{}

func (forkCommand) String() string { return "fork the command" }

func (forkCommand) emit(s *assembler) { s.fork(0) }

// moveIntoPID forks the process that goes on inside a pid namespace, which
// no process can enter itself.
type moveIntoPID struct{}

func (moveIntoPID) String() string { return "fork into the pid namespace, and exit" }

func (moveIntoPID) emit(s *assembler) {
	// A sibling: the launcher is its parent and can wait for it.
	s.fork(unix.CLONE_PARENT)
	s.Call(unix.SYS_EXIT_GROUP, null())
	s.childBegins()
}

// beInit makes process 1 of the new pid namespace show and hold nothing, and
// reap until the command is gone.
type beInit struct{}

func (beInit) String() string { return "be init: hidden, without capabilities and descriptors; reap" }

func (beInit) emit(s *assembler) {
	s.prctl(unix.PR_SET_DUMPABLE, 0)
	s.Call(unix.SYS_PRCTL, program.Const(unix.PR_SET_NAME), s.String("nslaunch-init"))
	s.capset(0, 0, 0)
	s.Call(unix.SYS_CHDIR, s.String("/"))
	s.closeAllBut([]int{s.layout.control})
	s.Special(program.SpecialInit, program.Register(s.forked))
	s.childBegins()
}

// hideProcess makes the files of the process in /proc inaccessible to all but
// the privileged of its own binary's user namespace.
type hideProcess struct{}

func (hideProcess) String() string { return "hide from the processes of the joined namespaces" }

func (hideProcess) emit(s *assembler) {
	s.prctl(unix.PR_SET_DUMPABLE, 0)
}

// closeAllBut closes every descriptor that is not in keep, which is sorted.
func (s *assembler) closeAllBut(keep []int) {
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

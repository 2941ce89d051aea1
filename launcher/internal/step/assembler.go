package step

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Assembler turns the actions of children into system calls.
type Assembler struct {
	*program.Builder
	layout plan.Layout
	// selfDir is /proc/self of the stage, opened before it leaves the caller's mount namespace.
	selfDir uint8
	// limitsDir is /proc/sys/user, opened then.
	limitsDir uint8
	// joins has the opened namespace files.
	joins map[string]uint8
	// root is a descriptor of the sandbox's root, and scratch of a tmpfs that holds what
	// the plan makes itself.
	root, scratch uint8
	// notify is the socket for notifications, and listenPID a variable that has the process's id.
	notify    uint8
	listenPID *program.Operand
	// console is the room for the name of the command's pseudoterminal.
	console program.Operand
	// mounts is the mount namespace, for a launcher that was in a chroot.
	mounts uint8
	// files counts what was made in scratch.
	files int
	// trees has the trees that were cloned before "/" changed, by target.
	trees map[string]uint8
	// madeDirs are the directories that were made for mount points, by their path inside.
	madeDirs map[string]bool
	// forks are the ops whose child part is not known yet.
	forks []int
	// forked is where the pid of the last forked child is, seen from its parent.
	forked uint8
}

// Assemble builds the program of the plan's child steps.
func Assemble(p *plan.Plan, cloneFlags uint64) (*program.Program, error) {
	a := &Assembler{Builder: program.NewBuilder(), layout: p.Layout, joins: map[string]uint8{}, trees: map[string]uint8{}, madeDirs: map[string]bool{}}
	a.Grow(12 * len(p.Steps))
	a.SetStart(cloneFlags, p.Layout.Sync, p.Layout.Control)
	// What is executed in a new user namespace has no capabilities there. So that is
	// entered by a clone, once the image runs.
	if p.Host.Portable == "" && cloneFlags&unix.CLONE_NEWUSER == 0 {
		a.SetInPlace()
	}
	for i, s := range p.Steps {
		// A step that its process does not know would be passed over.
		switch c := s.Action.(type) {
		case StartStage:
			p.Start = i
		case Child:
			if s.By == plan.ByLauncher {
				return nil, fmt.Errorf("a bug of nslaunch: %T is not a step of the launcher", c)
			}
			a.Step(i)
			c.Emit(a)
		case Launcher:
			if s.By != plan.ByLauncher {
				return nil, fmt.Errorf("a bug of nslaunch: %T makes no system calls", c)
			}
		default:
			return nil, fmt.Errorf("a bug of nslaunch: no process runs %T", c)
		}
	}
	p.Console = a.console
	return a.Program()
}

// fork ends what the parent does with the ops that parent appends; what is
// appended from then on is the child's.
func (a *Assembler) fork(flags uint64) {
	a.forked = a.Reg()
	a.Special(program.SpecialFork, program.Const(flags)).To(a.forked)
	a.forks = append(a.forks, a.Len()-1)
}

// childBegins says that the next op is the first of the child last forked.
func (a *Assembler) childBegins() {
	last := len(a.forks) - 1
	a.Patch(a.forks[last], 1, program.Const(uint64(a.Len())))
	a.forks = a.forks[:last]
}

// prctl appends a prctl(2).
func (a *Assembler) prctl(option int, args ...uint64) *program.Op {
	ops := []program.Operand{program.Int(option)}
	for _, v := range args {
		ops = append(ops, program.Const(v))
	}
	return a.Call(unix.SYS_PRCTL, ops...)
}

// open appends an openat(2) relative to a descriptor and returns the register of its result.
func (a *Assembler) open(dir program.Operand, path string, flags int) uint8 {
	r := a.Reg()
	a.Call(unix.SYS_OPENAT, dir, a.String(path), program.Int(flags), program.Const(0)).To(r)
	return r
}

// close closes a descriptor and gives its register back.
func (a *Assembler) close(r uint8) {
	a.Call(unix.SYS_CLOSE, program.Register(r))
	a.Free(r)
}

// capset appends a capset(2) of the process itself.
func (a *Assembler) capset(effective, permitted, inheritable uint64) {
	const version3 = 0x20080522
	a.Call(unix.SYS_CAPSET,
		a.Words(version3), // and pid 0
		a.Words(effective&0xffffffff|permitted<<32, inheritable&0xffffffff|effective>>32<<32,
			permitted>>32|inheritable>>32<<32))
}

func atCwd() program.Operand { return program.Int(unix.AT_FDCWD) }

func null() program.Operand { return program.Const(0) }

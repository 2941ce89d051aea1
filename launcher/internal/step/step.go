// Package step holds the steps of a launch: each type is one action, with its description. A [Child] adds system
// calls to the program of the sandbox's processes, a [Launcher] is done by the launcher while they wait.
package step

import (
	"os"
	"time"
)

// Child is a step that a process of the sandbox does: it adds its system calls to the program.
type Child interface {
	Emit(*Assembler)
}

// Launcher is a step that the launcher does before it starts the process, or while that waits.
type Launcher interface {
	Apply(Launch) error
}

// Privileged is a step that needs a capability in the sandbox's user namespace.
type Privileged interface {
	Privileged()
}

// Launch is what an action of the launcher can do to the launch that it is a part of.
type Launch interface {
	PID() int            // of the process that waits; 0 before it is started
	Lend(fd int)         // to that process, with the word to go on; it is closed then
	Hold(fd int)         // until the sandbox has ended
	Made(dirs ...string) // on the host: they are removed if the launch fails
	WasMade(dir string) bool
	Release(command bool) error // lets the process go on, which may become the command then
	AwaitInit() error           // until init has dropped all that it had for the set-up
	OpenPTY() error
	GiveTerminal() error // to the process group of the process that waits
	Place(Placement) error
	Listen(socket *os.File)                           // for the command's notifications
	Notify(address string, every time.Duration) error // of the command, once it runs
}

package launcher

import (
	"context"
	"os"
)

// Options are what a launch depends on besides its plan.
type Options struct {
	// The command's standard streams; nil is os.Stdin, os.Stdout or os.Stderr.
	Stdin, Stdout, Stderr *os.File

	// Started is called, if not nil, as soon as the command's program runs.
	Started func(Process)

	// Lasting is called, if not nil, once the command has run for some 20 ms, and never if that ends sooner, where
	// [Options.Resident] may replace this process; elsewhere as Started is. With [Start] that may be after it has returned.
	Lasting func(Process)

	// Signals, if not nil, are what this process receives: during the set-up they end the
	// launch, with an [*InterruptError], and from then on they are forwarded to the command.
	Signals *Signals

	// Resident, if not nil, has the calling process be replaced while the command runs; see [Resident].
	Resident *Resident

	// Place puts the sandbox's first process into a unit of systemd, where the profile asks for
	// that. Its error may be a [*PlaceError]. ctx ends with the launch.
	Place func(ctx context.Context, p Placement) (Placed, error)

	// Notify reports to the service manager at an address, in the form of $NOTIFY_SOCKET, what the
	// command says to its own, or that the command runs: a message of sd_notify(3), and the
	// descriptors that came with it, which are closed afterwards. It must return in bounded time.
	Notify func(address string, message []byte, descriptors []int)

	// JobControl makes the caller's process stop when the command is stopped, and hands the terminal
	// to and fro. For a program that is one command of a shell.
	JobControl bool
}

package resident

import (
	"encoding/binary"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// Parent is the resident whose assistant this process is: it is the parent of the sandbox's
// processes, and what a shell sees.
type Parent struct {
	PID      int
	States   int // what becomes of its child
	Requests int
}

// Stop has it stop by a signal, it alone or all of its process group.
func (p *Parent) Stop(sig unix.Signal, group bool) {
	var request [8]byte
	binary.NativeEndian.PutUint32(request[:], uint32(sig))
	if group {
		request[4] = 1
	}
	_ = unix.Sendto(p.Requests, request[:], unix.MSG_NOSIGNAL, nil) // it is gone, or stops
}

// End waits for the end of its child.
func (p *Parent) End() (unix.WaitStatus, error) {
	for {
		m, _, err := program.Receive(p.States)
		if err != nil {
			return 0, err
		}
		switch m.A {
		case siginfo.Exited:
			return unix.WaitStatus(m.B << 8), nil
		case siginfo.Killed, siginfo.Dumped:
			return unix.WaitStatus(m.B), nil
		}
	}
}

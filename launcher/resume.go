package launcher

import (
	"encoding/binary"
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// Resumption is a sandbox whose launcher is the resident that has started this process.
type Resumption struct {
	// Descriptors are those of [Resident.Descriptors].
	Descriptors []int
	state       state
}

// Resumed returns the sandbox that this process was started for, by a resident; else nil. It
// goes first in main.
func Resumed() *Resumption {
	text, ok := os.LookupEnv(residentVariable)
	if !ok {
		return nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	r := &Resumption{}
	buf := unsafe.Slice((*byte)(unsafe.Pointer(&r.state)), unsafe.Sizeof(r.state))
	if n, err := unix.Pread(fd, buf, 0); err != nil || n != len(buf) {
		return nil
	}
	s := &r.state
	r.Descriptors = s.Descriptors[:s.Count]
	for _, fd := range append([]int{fd, s.PIDFD, s.Control, s.States, s.Requests, s.Signals}, r.Descriptors...) {
		if fd >= 0 {
			unix.CloseOnExec(fd)
		}
	}
	return r
}

// Wait waits for the command's end, as [Run] would have done.
func (r *Resumption) Wait() (Exit, error) {
	s := &r.state
	// This process is in no foreground group, and sets the terminal all the same.
	if err := siginfo.Ignore(unix.SIGTTOU); err != nil {
		return Exit{}, err
	}
	l := &launch{
		options: Options{Signals: &Signals{receiver: siginfo.From(s.Signals)}}, rules: s.Rules, sync: -1, control: s.Control, pidfd: s.PIDFD,
		process: Process{PID: s.PID}, children: []int{s.First}, released: true,
		terminal: openTerminal(s.Rules.Terminal.Controlling), resident: &resident{os.Getppid(), s.States, s.Requests},
	}
	if l.control < 0 {
		l.control = s.States
	}
	l.terminal.own, l.terminal.gave, l.terminal.modes = s.Own, s.Gave, nil
	if s.HasModes {
		l.terminal.modes = &s.Modes
	}
	if s.Deadline > 0 {
		var now unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
		l.deadline = time.Now().Add(time.Duration(max(s.Deadline-now.Nano(), 0)))
	}
	sandbox := &Sandbox{l: l, done: make(chan struct{})}
	sandbox.follow()
	return sandbox.exit, sandbox.err
}

// resident is the launcher whose assistant this process is: it is the parent of the sandbox's
// processes, and what a shell sees.
type resident struct {
	pid      int
	states   int // what becomes of its child
	requests int
}

// stop has it stop by a signal, it alone or all of its process group.
func (r *resident) stop(sig unix.Signal, group bool) {
	var request [8]byte
	binary.NativeEndian.PutUint32(request[:], uint32(sig))
	if group {
		request[4] = 1
	}
	_ = unix.Sendto(r.requests, request[:], unix.MSG_NOSIGNAL, nil) // it is gone, or stops
}

// end is how its child has ended.
func (r *resident) end() (unix.WaitStatus, error) {
	for {
		m, _, err := receive(r.states)
		if err != nil {
			return 0, err
		}
		switch m.A {
		case cldExited:
			return unix.WaitStatus(m.B << 8), nil
		case cldKilled, cldDumped:
			return unix.WaitStatus(m.B), nil
		}
	}
}

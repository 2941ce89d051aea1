package launcher

import (
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/siginfo"
	"golang.org/x/sys/unix"
)

// Resumption is a sandbox whose launcher this process was, and is again.
type Resumption struct {
	// Descriptors are those of [Resident.Descriptors].
	Descriptors []int
	state       state
}

// Resumed returns the sandbox that this process is the launcher of, if it was executed
// again to do something for it; else nil. It goes first in main.
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
	unix.Close(fd)
	unix.Close(r.state.Binary)
	if r.state.Timer >= 0 {
		unix.Close(r.state.Timer)
	}
	r.Descriptors = r.state.Descriptors[:r.state.Count]
	for _, fd := range append([]int{r.state.PIDFD, r.state.Control, r.state.Signals[0], r.state.Signals[1]}, r.Descriptors...) {
		if fd >= 0 {
			unix.CloseOnExec(fd)
		}
	}
	return r
}

// Wait waits for the command's end, as [Run] would have done.
func (r *Resumption) Wait(signals *Signals) (Exit, error) {
	s := &r.state
	l := &launch{
		options: Options{Signals: signals}, rules: s.Rules, sync: -1, control: s.Control, pidfd: s.PIDFD,
		process: Process{PID: s.PID}, children: []int{s.First}, released: true,
		terminal: openTerminal(),
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
	for _, i := range siginfo.Left(s.Signals[0]) {
		l.early = append(l.early, newArrival(i))
	}
	unix.Close(s.Signals[0])
	unix.Close(s.Signals[1])
	sandbox := &Sandbox{l: l, done: make(chan struct{})}
	sandbox.follow()
	return sandbox.exit, sandbox.err
}

package resident

import (
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/tty"
	"golang.org/x/sys/unix"
)

// Rules are what holds while the command runs.
type Rules struct {
	Stop        unix.Signal // asks the command to end
	StopTimeout time.Duration
	Terminal    host.TerminalState
	Inherits    bool // the command has the launcher's terminal, if there is one
	JobControl  bool
}

// MaxDescriptors is how many descriptors can be kept for an assistant.
const MaxDescriptors = 4

// State is what an assistant has to know. It is of fixed size, and read by the very
// program that wrote it.
type State struct {
	Rules       Rules
	First, PID  int // the sandbox's first process, and the command
	PIDFD       int
	Control     int   // the launcher's end of the control socket; -1 without one
	States      int   // where the resident says what became of its child
	Requests    int   // takes requests to the resident
	Signals     int   // the pipe that signals come by
	Deadline    int64 // of CLOCK_MONOTONIC, in nanoseconds; 0: none
	Terminal    tty.State
	Descriptors [MaxDescriptors]int
	Count       int // of descriptors
}

// variable is the variable of the environment with the number of the descriptor that has the state.
const variable = "NSLAUNCH_RESIDENT"

// environment is that of an assistant, whose state is in memory.
func environment(memory int) []string { return []string{variable + "=" + strconv.Itoa(memory)} }

// bytes are the state as it lies in memory.
func (s *State) bytes() []byte { return unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)) }

// Resumed returns the state that this process was started with, by a resident; else nil.
func Resumed() *State {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	s := &State{}
	buf := s.bytes()
	if n, err := unix.Pread(fd, buf, 0); err != nil || n != len(buf) || s.Count < 0 || s.Count > MaxDescriptors {
		return nil
	}
	for _, fd := range append([]int{fd, s.PIDFD, s.Control, s.States, s.Requests, s.Signals}, s.Kept()...) {
		if fd >= 0 {
			unix.CloseOnExec(fd)
		}
	}
	return s
}

// Kept are the descriptors that this program has asked for.
func (s *State) Kept() []int { return s.Descriptors[:s.Count] }

// End is when the command's time is over; zero: never.
func (s *State) End() time.Time {
	if s.Deadline <= 0 {
		return time.Time{}
	}
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return time.Now().Add(time.Duration(max(s.Deadline-now.Nano(), 0)))
}

// setEnd notes the command's deadline by the clock that all processes share.
func (s *State) setEnd(deadline time.Time) error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return err
	}
	s.Deadline = now.Nano() + max(int64(time.Until(deadline)), 1)
	return nil
}

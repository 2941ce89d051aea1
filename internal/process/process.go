// Package process names processes so that no other can be mistaken for them.
package process

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Process is a process of the caller's pid namespace. A pid comes to be used again; together
// with the time that its process was started at, it does not.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // in clock ticks since boot, see proc_pid_stat(5)
}

// AppendJSON appends the process to a text of JSON.
func (p Process) AppendJSON(text []byte) []byte {
	text = strconv.AppendInt(append(text, `{"pid":`...), int64(p.PID), 10)
	text = strconv.AppendUint(append(text, `,"start":`...), p.Start, 10)
	return append(text, '}')
}

// At returns the process that has a pid now; ESRCH if there is none.
func At(pid int) (Process, error) {
	s, err := Look(pid)
	return Process{pid, s.Start}, err
}

// Running reports whether the process is there and has not ended: one that only waits to be
// reaped has.
func (p Process) Running() bool {
	s, err := Look(p.PID)
	return err == nil && s.Start == p.Start && !s.Ended()
}

// Gone reports whether the process has ended for certain: where that is not known, it is neither running nor gone.
func (p Process) Gone() bool {
	s, err := Look(p.PID)
	return err == unix.ESRCH || err == nil && (s.Start != p.Start || s.Ended())
}

// Open returns a pidfd of the process; ESRCH if it has ended, even if another process has its pid by now.
// What is looked at after the descriptor was made is still this process, if it is running then.
func (p Process) Open() (int, error) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return -1, os.NewSyscallError("pidfd_open", err)
	}
	if !p.Running() {
		unix.Close(fd)
		return -1, unix.ESRCH
	}
	return fd, nil
}

// Stopped reports whether a process is stopped, by job control or by a debugger.
func (p Process) Stopped() bool {
	s, err := Look(p.PID)
	return err == nil && s.Start == p.Start && (s.State == 'T' || s.State == 't')
}

// Package process names processes so that no other can be mistaken for them.
package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Process is a process of the caller's pid namespace. A pid comes to be used again; together
// with the time that its process was started at, it does not.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // in clock ticks since boot, as proc_pid_stat(5) has it
}

// At returns the process that has a pid now; ESRCH if there is none.
func At(pid int) (Process, error) {
	start, _, err := look(pid)
	return Process{pid, start}, err
}

// Running tells whether the process is there and has not ended: one that only waits to be
// reaped has.
func (p Process) Running() bool {
	start, state, err := look(p.PID)
	return err == nil && start == p.Start && state != 'Z' && state != 'X'
}

// Open returns a pidfd of the process; ESRCH if it has ended, whoever has its pid by now.
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

// Stopped tells whether a process is stopped, by job control or by a debugger.
func (p Process) Stopped() bool {
	start, state, err := look(p.PID)
	return err == nil && start == p.Start && (state == 'T' || state == 't')
}

// look reads the start time and the state's letter of a process.
func look(pid int) (start uint64, state byte, err error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return 0, 0, unix.ESRCH
	}
	if err != nil {
		return 0, 0, os.NewSyscallError("open", err)
	}
	defer unix.Close(fd)
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return 0, 0, err // ESRCH if it ended meanwhile
	}
	return parse(buf[:n])
}

// parse finds the third and the 22nd field. The second is a name in parentheses, which may
// hold spaces and parentheses itself.
func parse(stat []byte) (start uint64, state byte, err error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("not a stat of a process: %q", stat)
	}
	start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	return start, fields[0][0], err
}

package process

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Stat is some of what proc_pid_stat(5) has of a process.
type Stat struct {
	Process
	Parent  int
	Name    string // at most 15 bytes
	State   byte   // a letter
	Threads int
	CPU     uint64 // the time that it has run, in clock ticks of 10 ms
}

// Ended reports whether a process only waits to be reaped. One whose first thread alone has ended looks the
// same until one counts its threads.
func (s Stat) Ended() bool { return (s.State == 'Z' || s.State == 'X') && s.Threads <= 1 }

// Look reads what there is of a process; ESRCH if there is none.
func Look(pid int) (Stat, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return Stat{}, unix.ESRCH
	}
	if err != nil {
		return Stat{}, os.NewSyscallError("open", err)
	}
	defer unix.Close(fd)
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return Stat{}, err // ESRCH if it ended meanwhile
	}
	return parse(pid, buf[:n])
}

// All returns the processes of this machine. Those that end meanwhile are passed over.
func All() ([]Stat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var all []Stat
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if s, err := Look(pid); err == nil {
				all = append(all, s)
			}
		}
	}
	return all, nil
}

// Below returns those that descend from a process, parents first.
func Below(all []Stat, pid int) []Stat {
	children := map[int][]Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	below := slices.Clone(children[pid])
	for i := 0; i < len(below); i++ {
		below = append(below, children[below[i].PID]...)
	}
	return below
}

// parse parses "12 (name) S 1 …": a name may hold spaces and parentheses itself.
func parse(pid int, text []byte) (Stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	fields := bytes.Fields(text[end+1:])
	if open < 0 || end < open || len(fields) < 20 {
		return Stat{}, fmt.Errorf("not a stat of a process: %q", text)
	}
	s := Stat{Process: Process{PID: pid}, Name: string(text[open+1 : end]), State: fields[0][0]}
	var err error
	if s.Parent, err = strconv.Atoi(string(fields[1])); err != nil {
		return Stat{}, err
	}
	if s.Threads, err = strconv.Atoi(string(fields[17])); err != nil {
		return Stat{}, err
	}
	for _, field := range fields[11:13] { // utime and stime
		ticks, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil {
			return Stat{}, err
		}
		s.CPU += ticks
	}
	s.Start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	return s, err
}

// State returns the letter of a process's state, 0 if /proc does not show it.
func State(pid int) byte {
	s, _ := Look(pid)
	return s.State
}

// Parent returns a process's parent, 0 if /proc does not show it.
func Parent(pid int) int {
	s, _ := Look(pid)
	return s.Parent
}

// GroupAbove reports whether a process group is one of a process above the caller, such as a shell.
func GroupAbove(group int) bool {
	for pid := unix.Getppid(); pid != 0; pid = Parent(pid) {
		if g, err := unix.Getpgid(pid); err == nil && g == group {
			return true
		}
	}
	return false
}

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

func (e *eye) ids() {
	i := &e.IDs
	r, s, t := unix.Getresuid()
	i.UID = [3]int{r, s, t}
	r, s, t = unix.Getresgid()
	i.GID = [3]int{r, s, t}
	var err error
	i.Groups, err = unix.Getgroups()
	e.note("groups", err)
	i.UIDMap, err = readMap("/proc/self/uid_map")
	e.note("uid_map", err)
	i.GIDMap, err = readMap("/proc/self/gid_map")
	e.note("gid_map", err)
	text, err := os.ReadFile("/proc/self/setgroups")
	e.note("setgroups", err)
	i.Setgroups = strings.TrimSpace(string(text))
}

func readMap(file string) ([]report.Map, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lines []report.Map
	for line := range strings.Lines(string(text)) {
		var m report.Map
		if _, err := fmt.Sscan(line, &m.Inside, &m.Outside, &m.Count); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		lines = append(lines, m)
	}
	return lines, nil
}

// capabilities asks capget(2) and, bit by bit, prctl(2).
func (e *eye) capabilities() {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	e.note("capabilities", unix.Capget(&header, &data[0]))
	c := &e.Capabilities
	c.Effective = uint64(data[1].Effective)<<32 | uint64(data[0].Effective)
	c.Permitted = uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
	c.Inheritable = uint64(data[1].Inheritable)<<32 | uint64(data[0].Inheritable)
	// EINVAL tells that there is no such capability.
	for c.Last = -1; c.Last < 63; c.Last++ {
		bit := c.Last + 1
		set, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(bit), 0, 0, 0)
		if err != nil {
			break
		}
		c.Bounding |= uint64(set) << bit
		set, err = unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, uintptr(bit), 0, 0)
		e.note("ambient", err)
		c.Ambient |= uint64(set) << bit
	}
}

// deathSignal is the odd prctl that writes through a pointer.
func (e *eye) deathSignal() int {
	var signal int32
	err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0)
	e.note("death_signal", err)
	return int(signal)
}

// offsets reads "monotonic 3600 0": seconds and nanoseconds.
func (e *eye) offsets() {
	text, err := os.ReadFile("/proc/self/timens_offsets")
	e.note("offsets", err)
	e.Clocks.Offsets = map[string]int64{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 {
			seconds, _ := strconv.ParseInt(f[1], 10, 64)
			nanoseconds, _ := strconv.ParseInt(f[2], 10, 64)
			e.Clocks.Offsets[f[0]] = seconds*1e9 + nanoseconds
		}
	}
}

package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// thisMachine is where the bench runs. What can't be found out stays empty.
func thisMachine() machine {
	m := machine{Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Processor: "unknown"}
	var name unix.Utsname
	if err := unix.Uname(&name); err == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		m.Memory = uint64(info.Totalram) * uint64(info.Unit)
		m.Load = strconv.FormatFloat(float64(info.Loads[0])/(1<<16), 'f', 1, 64)
	}
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	return m
}

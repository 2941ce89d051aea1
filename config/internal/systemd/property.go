// Package systemd has the types of values in the notation of systemd: names of units, and the
// properties of a scope. It asks systemd nothing.
package systemd

import (
	"time"
)

// Property is one setting of a unit of systemd, by its name in unit files; see
// systemd.resource-control(5), systemd.scope(5), systemd.kill(5).
type Property struct {
	Name string // "CPUQuota"
	Key  string // the profile's: "limits.cpu", "scope.properties.CPUQuota"
	// Text is the value in the notation of unit files. Of a list it is the first
	// element: Words has them all. Only numbers of processors and nodes stand in one line.
	Text string
	// Number is the value of a size in bytes, a count, a weight, a time in microseconds, a
	// signal, a boolean (0 or 1), or of CPUQuota the microseconds for each second.
	// Infinity is none.
	Number uint64
	// Percent: Number is a share of what there is, in hundredths of a percent.
	Percent bool
	// Words is the value of a list: names of units, "PATH rwm", numbers of processors as
	// "0-3", or a path and its value, "/dev/sda 10000000". That is a plain number of bytes,
	// operations or a weight, or "infinity"; of IODeviceLatencyTargetSec a time as "25000us".
	Words []string
}

// Infinity is the Number of a property that sets no limit.
const Infinity = ^uint64(0)

// Microseconds returns a duration in systemd's unit, rounded up.
func Microseconds(t time.Duration) uint64 {
	us := uint64(t / time.Microsecond)
	if t%time.Microsecond > 0 {
		us++
	}
	return us
}

package config

import (
	"slices"
	"strings"
	"time"
)

// Property is one setting of a unit of systemd, by its name in unit files; see
// systemd.resource-control(5), systemd.scope(5), systemd.kill(5).
type Property struct {
	Name string // "CPUQuota"
	Key  string // the profile's: "limits.cpu", "scope.properties.CPUQuota"
	// Text is the value as a unit file has it. Of a list it is the first
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

// ScopeProperties returns what a scope or service of the sandbox is to have set: limits, how it is
// stopped, and the profile's own properties, sorted by name.
func (p *Profile) ScopeProperties() []Property {
	all := append(p.UnitLimits(), p.Scope.Properties...)
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(o Property) bool { return o.Name == name })
	}
	if n := signalNumber(p.Process.StopSignal); n > 0 && !has("KillSignal") {
		all = append(all, Property{Name: "KillSignal", Key: "process.stop_signal", Text: "SIG" + p.Process.StopSignal, Number: n})
	}
	if !has("TimeoutStopSec") {
		// In a unit file 0 is no limit.
		us := max(microseconds(p.Process.StopTimeout), 1)
		all = append(all, Property{Name: "TimeoutStopSec", Key: "process.stop_timeout", Text: durationWords(us), Number: us})
	}
	slices.SortFunc(all, func(a, b Property) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// UnitLimits returns the part of [Profile.ScopeProperties] that limits memory,
// swap, tasks and cpu by the section [limits]: those that must hold.
func (p *Profile) UnitLimits() []Property {
	var all []Property
	for _, limit := range []*Property{p.Limits.cpu, p.Limits.memory, p.Limits.swap, p.Limits.tasks} { // by name
		if limit != nil {
			all = append(all, *limit)
		}
	}
	return all
}

// microseconds returns a duration in systemd's unit, rounded up.
func microseconds(t time.Duration) uint64 {
	us := uint64(t / time.Microsecond)
	if t%time.Microsecond > 0 {
		us++
	}
	return us
}

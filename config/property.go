package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/systemd"
)

// Property is one setting of a unit of systemd: its Name in unit files, the Key of the profile, and its value
// as Text, as a Number, which is a Percent of what there is or not, or as Words.
type Property = systemd.Property

// Infinity is the Number of a property that sets no limit.
const Infinity = systemd.Infinity

// ScopeProperties returns what a scope or service of the sandbox is to have set: limits, how it is
// stopped, and the profile's own properties, sorted by name.
func (p *Profile) ScopeProperties() []Property {
	all := append(p.UnitLimits(), p.Scope.Properties...)
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(o Property) bool { return o.Name == name })
	}
	if n := systemd.SignalNumber(p.Process.StopSignal); n > 0 && !has("KillSignal") {
		all = append(all, Property{Name: "KillSignal", Key: "process.stop_signal", Text: "SIG" + p.Process.StopSignal, Number: n})
	}
	if !has("TimeoutStopSec") {
		// In a unit file 0 is no limit.
		us := max(systemd.Microseconds(p.Process.StopTimeout), 1)
		all = append(all, Property{Name: "TimeoutStopSec", Key: "process.stop_timeout", Text: systemd.DurationWords(us), Number: us})
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

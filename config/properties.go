package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// propertyKind is a notation, and the properties that have it.
type propertyKind struct {
	names string
	read  propertyReader
}

// trueOrFalse are the properties that are booleans.
const trueOrFalse = "CPUAccounting MemoryAccounting TasksAccounting IOAccounting IPAccounting SendSIGHUP SendSIGKILL"

// propertyKinds are the properties that a transient scope takes, and their
// notations; see systemd.resource-control(5), systemd.kill(5),
// systemd.scope(5) and systemd.unit(5).
func propertyKinds() []propertyKind {
	rate := `a number above 0, perhaps with K, M, G or T (powers of 1000), or "infinity"`
	return []propertyKind{
		{"MemoryHigh MemoryMax", someSize},
		{"MemoryLow MemoryMin MemorySwapMax", anySize},
		{"TasksMax", count},
		{"CPUWeight StartupCPUWeight", cpuWeight},
		{"IOWeight StartupIOWeight", weight},
		{"CPUQuota", quota},
		{"CPUQuotaPeriodSec", quotaPeriod},
		{"AllowedCPUs AllowedMemoryNodes StartupAllowedCPUs StartupAllowedMemoryNodes", ranges},
		{"IODeviceWeight", perDevice("1 to 10000", deviceWeight)},
		{"IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax", perDevice(rate, deviceRate)},
		{"IODeviceLatencyTargetSec", perDevice(`a duration above 0 such as "25ms"`, deviceLatency)},
		{"DevicePolicy", oneOf("auto", "closed", "strict")},
		{"DeviceAllow", devices},
		{trueOrFalse, truth},
		{"ManagedOOMSwap ManagedOOMMemoryPressure", oneOf("auto", "kill")},
		{"OOMPolicy", oneOf("continue", "stop", "kill")},
		{"KillMode", oneOf("control-group", "mixed", "process", "none")},
		{"KillSignal FinalKillSignal", signal},
		{"TimeoutStopSec RuntimeMaxSec", timespan},
		{"BindsTo Requires Wants After Before PartOf Conflicts", unitNames},
	}
}

// propertyFields are the keys of scope.properties. They are read by
// readProperties: here they tell where a key belongs.
func propertyFields() []field {
	var fields []field
	for _, k := range propertyKinds() {
		for _, name := range strings.Fields(k.names) {
			off := ""
			if listed(name, trueOrFalse) {
				off = asRead
			}
			fields = append(fields, field{name: name, off: off, read: func(d *decoder, v value) { d.property(name, k.read, v) }})
		}
	}
	return fields
}

func (d *decoder) property(name string, read propertyReader, v value) {
	p := Property{Name: name, Key: v.key}
	if read(d, v, &p) {
		d.p.Scope.Properties = append(d.p.Scope.Properties, p)
	}
}

func readProperties(d *decoder, v value) {
	if d.asked() {
		d.table(v, propertyFields())
		return
	}
	members, ok := v.raw.(map[string]any)
	if !ok {
		d.wrongType(v, "a table")
		return
	}
	fields := propertyFields()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m := v.member(name, members[name])
		f, ok := fieldNamed(fields, name)
		if !ok {
			d.noProperty(v, m, name, fields)
			continue
		}
		d.field(f, m)
	}
}

// noProperty notes a key that is no property of a scope, or not one to be set here.
func (d *decoder) noProperty(table, v value, name string, fields []field) {
	switch key, why := elsewhere(name); {
	case key != "":
		d.spoilt[key] = true
		d.misplaced(v.key, "%s, want %s", why, strings.TrimPrefix(key, "scope.properties."))
	case why != "":
		d.misplaced(v.key, "%s", why)
	case suggest(name, fieldNames(fields)) == "":
		d.misplaced(v.key, "unknown property %q, want one of systemd.resource-control(5), systemd.kill(5) or systemd.scope(5)", name)
	default:
		d.unknown(table, name, fields)
	}
}

// elsewhere tells of a setting of systemd why it is no property of the scope,
// and which key of a profile stands for it, if one does. An unknown one has neither.
func elsewhere(name string) (key, why string) {
	if key := insteadOf(name); key != "" {
		if strings.HasPrefix(key, "scope.") {
			return key, fmt.Sprintf("%s has a key of its own", name)
		}
		return key, fmt.Sprintf("%s is not set by the scope", name)
	}
	switch {
	case listed(name, "PIDs PIDFDs CollectMode Controller AddRef"):
		return "", fmt.Sprintf("%s is set by nslaunch", name)
	case inUnitFiles(name) != "":
		name = inUnitFiles(name)
		return toml.JoinKey("scope.properties", name), "a property goes by its name in unit files"
	case listed(name, unsupported):
		return "", fmt.Sprintf("%s is a property of scopes that nslaunch does not set", name)
	case listed(name, ofServices):
		return "", fmt.Sprintf("a scope has no %s, which is a setting of services", name)
	}
	return "", ""
}

func listed(name, names string) bool {
	return slices.Contains(strings.Fields(names), name)
}

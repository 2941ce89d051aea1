package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// propertyKind is a notation, and the properties that have it.
type propertyKind struct {
	names string
	notation
}

// trueOrFalse are the properties that are booleans.
const trueOrFalse = "CPUAccounting MemoryAccounting TasksAccounting IOAccounting IPAccounting SendSIGHUP SendSIGKILL"

// propertyKinds are the properties that a transient scope takes, and their
// notations; see systemd.resource-control(5), systemd.kill(5),
// systemd.scope(5) and systemd.unit(5).
func propertyKinds() []propertyKind {
	rate := `a number above 0, perhaps with K, M, G or T (powers of 1000), or "infinity"`
	return []propertyKind{
		{"MemoryHigh MemoryMax", sizes(1)},
		{"MemoryLow MemoryMin MemorySwapMax", sizes(0)},
		{"TasksMax", count()},
		{"CPUWeight StartupCPUWeight", weight("idle")},
		{"IOWeight StartupIOWeight", weight("")},
		{"CPUQuota", quota()},
		{"CPUQuotaPeriodSec", quotaPeriod()},
		{"AllowedCPUs AllowedMemoryNodes StartupAllowedCPUs StartupAllowedMemoryNodes", ranges()},
		{"IODeviceWeight", perDevice("1 to 10000", deviceWeight)},
		{"IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax", perDevice(rate, deviceRate)},
		{"IODeviceLatencyTargetSec", perDevice(`a duration above 0 such as "25ms"`, deviceLatency)},
		{"DevicePolicy", wordOf("auto", "closed", "strict")},
		{"DeviceAllow", devices()},
		{trueOrFalse, yesOrNo()},
		{"ManagedOOMSwap ManagedOOMMemoryPressure", wordOf("auto", "kill")},
		{"OOMPolicy", wordOf("continue", "stop", "kill")},
		{"KillMode", wordOf("control-group", "mixed", "process", "none")},
		{"KillSignal FinalKillSignal", signal()},
		{"TimeoutStopSec RuntimeMaxSec", timespan()},
		{"BindsTo Requires Wants After Before PartOf Conflicts", unitNames()},
	}
}

// limit is the type of a key for one property, which is nil where the value is bad.
type limit struct {
	dst  **Property
	name string
	notation
}

func (t limit) Read(d *lang.Decoder, v lang.Value) {
	p := &Property{Name: t.name, Key: v.Key}
	if t.read(d, v, p) {
		*t.dst = p
	}
}

func (t limit) Shapes() []*lang.Shape { return t.shapes() }

// Properties is the type of a table of properties.
func Properties(dst *[]Property) lang.Type { return propertyTable{dst} }

type propertyTable struct{ dst *[]Property }

func (t propertyTable) Fields() []lang.Field {
	var fields []lang.Field
	for _, k := range propertyKinds() {
		for _, name := range strings.Fields(k.names) {
			off := ""
			if listed(name, trueOrFalse) {
				off = lang.AsRead
			}
			fields = append(fields, lang.Field{Name: name, Off: off, Type: lang.By(func(d *lang.Decoder, v lang.Value) {
				p := Property{Name: name, Key: v.Key}
				if k.read(d, v, &p) {
					*t.dst = append(*t.dst, p)
				}
			}, k.shapes)})
		}
	}
	return fields
}

func (t propertyTable) Read(d *lang.Decoder, v lang.Value) {
	members, ok := v.Raw.(map[string]any)
	if !ok {
		d.WrongType(v, "a table")
		return
	}
	fields := t.Fields()
	for _, name := range lang.SortedKeys(members) {
		m := v.Member(name, members[name])
		f, ok := lang.FieldNamed(fields, name)
		if !ok {
			noProperty(d, v, m, name, fields)
			continue
		}
		d.Field(f, m)
	}
}

func (t propertyTable) Shapes() []*lang.Shape { return lang.Table{Of: t.Fields}.Shapes() }

// noProperty notes a key that is not a property of a scope, or that cannot be set here.
func noProperty(d *lang.Decoder, table, v lang.Value, name string, fields []lang.Field) {
	switch key, why := elsewhere(name); {
	case key != "":
		d.Spoilt[key] = true
		d.Misplaced(v.Key, "%s, want %s", why, strings.TrimPrefix(key, "scope.properties."))
	case why != "":
		d.Misplaced(v.Key, "%s", why)
	case lang.Suggest(name, lang.FieldNames(fields)) == "":
		d.Misplaced(v.Key, "unknown property %q, want one of systemd.resource-control(5), systemd.kill(5) or systemd.scope(5)", name)
	default:
		d.Unknown(table, name, fields, nil)
	}
}

// elsewhere returns why a setting of systemd is not a property of the scope,
// and which key of a profile sets it, if one does. An unknown one has neither.
func elsewhere(name string) (key, why string) {
	if key := insteadOf(name); key != "" {
		if strings.HasPrefix(key, "scope.") {
			return key, fmt.Sprintf("%s has a key of its own", name)
		}
		return key, fmt.Sprintf("a scope does not set %s", name)
	}
	switch {
	case listed(name, "PIDs PIDFDs CollectMode Controller AddRef"):
		return "", fmt.Sprintf("%s is set by nslaunch", name)
	case inUnitFiles(name) != "":
		name = inUnitFiles(name)
		return "scope.properties." + name, "write the name that unit files use"
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

package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
)

// A converter makes the value that the manager takes of a property.
type converter func(p config.Property) (any, error)

// form is how properties go over D-Bus; see src/shared/bus-unit-util.c of systemd.
type form struct {
	names   string // in unit files
	convert converter
}

func forms() []form {
	return []form{
		{"MemoryHigh MemoryMax MemoryLow MemoryMin MemorySwapMax TasksMax", number},
		{"CPUWeight StartupCPUWeight IOWeight StartupIOWeight", number},
		{"CPUQuota CPUQuotaPeriodSec TimeoutStopSec RuntimeMaxSec", number},
		{"AllowedCPUs AllowedMemoryNodes StartupAllowedCPUs StartupAllowedMemoryNodes", bitmap},
		{"IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax", perDevice},
		{"IODeviceLatencyTargetSec", perDevice},
		{"DeviceAllow", devices},
		{"DevicePolicy ManagedOOMSwap ManagedOOMMemoryPressure OOMPolicy KillMode", text},
		{"CPUAccounting MemoryAccounting TasksAccounting IOAccounting IPAccounting SendSIGHUP SendSIGKILL", truth},
		{"KillSignal FinalKillSignal", signalNumber},
		{"BindsTo Requires Wants After Before PartOf Conflicts", words},
	}
}

// convert makes of a property of the profile what the manager takes.
func convert(p config.Property) (systemd.Property, error) {
	for _, f := range forms() {
		for name := range strings.FieldsSeq(f.names) {
			if name != p.Name {
				continue
			}
			v, err := f.convert(p)
			if err != nil {
				return systemd.Property{}, fmt.Errorf("%s: %w", p.Name, err)
			}
			return systemd.Property{Name: busName(p), Value: dbus.MakeVariant(v)}, nil
		}
	}
	return systemd.Property{}, fmt.Errorf("%s: not a property that nslaunch can set", p.Name)
}

// busName is a property's name on D-Bus. Times are in microseconds there, and a
// share of what there is goes by a name of its own.
func busName(p config.Property) string {
	switch {
	case p.Name == "CPUQuota":
		return "CPUQuotaPerSecUSec"
	case p.Percent:
		return p.Name + "Scale"
	}
	if name, ok := strings.CutSuffix(p.Name, "Sec"); ok {
		return name + "USec"
	}
	return p.Name
}

func number(p config.Property) (any, error) {
	if !p.Percent {
		return p.Number, nil
	}
	// A share is one of 2^32-1, rounded: UINT32_SCALE_FROM_PERMYRIAD.
	const whole = 10000
	if p.Number > whole {
		return nil, fmt.Errorf("%d hundredths of a percent are more than all", p.Number)
	}
	return uint32((p.Number*math.MaxUint32 + whole/2) / whole), nil
}

func signalNumber(p config.Property) (any, error) { return int32(p.Number), nil }

func truth(p config.Property) (any, error) { return p.Number != 0, nil }

func text(p config.Property) (any, error) { return p.Text, nil }

func words(p config.Property) (any, error) { return p.Words, nil }

// bitmap has bit n%8 of byte n/8 set for each number n.
func bitmap(p config.Property) (any, error) {
	const most = 8191 // CPU_SETSIZE and MAX_NUMNODES are less
	var bits []byte
	for _, w := range p.Words {
		low, high, isRange := strings.Cut(w, "-")
		if !isRange {
			high = low
		}
		from, err := strconv.Atoi(low)
		if err != nil {
			return nil, err
		}
		to, err := strconv.Atoi(high)
		if err != nil {
			return nil, err
		}
		if from < 0 || to > most {
			return nil, fmt.Errorf("%q is not within 0-%d", w, most)
		}
		for n := from; n <= to; n++ {
			for len(bits) <= n/8 {
				bits = append(bits, 0)
			}
			bits[n/8] |= 1 << (n % 8)
		}
	}
	return bits, nil
}

// deviceNumber is an element of a(st).
type deviceNumber struct {
	Path   string
	Number uint64
}

func perDevice(p config.Property) (any, error) {
	all := []deviceNumber{}
	for _, w := range p.Words {
		path, value, _ := strings.Cut(w, " ")
		n := uint64(config.Infinity)
		if value != "infinity" {
			var err error
			if n, err = strconv.ParseUint(strings.TrimSuffix(value, "us"), 10, 64); err != nil {
				return nil, err
			}
		}
		all = append(all, deviceNumber{path, n})
	}
	return all, nil
}

// deviceAccess is an element of a(ss).
type deviceAccess struct{ Path, Access string }

func devices(p config.Property) (any, error) {
	all := []deviceAccess{}
	for _, w := range p.Words {
		path, access, ok := strings.Cut(w, " ")
		if !ok {
			access = "rwm"
		}
		all = append(all, deviceAccess{path, access})
	}
	return all, nil
}

package main_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
)

// Each property is read back from the manager.
func TestProperties(t *testing.T) {
	some := []struct {
		property config.Property
		name     string // as systemctl show has it
		want     string
	}{
		{config.Property{Name: "MemoryMax", Number: 512 << 20}, "MemoryMax", "536870912"},
		{config.Property{Name: "MemoryHigh", Number: config.Infinity}, "MemoryHigh", "infinity"},
		{config.Property{Name: "MemoryLow", Number: 4096}, "MemoryLow", "4096"},
		{config.Property{Name: "MemoryMin", Number: 8192}, "MemoryMin", "8192"},
		{config.Property{Name: "MemorySwapMax", Number: 0}, "MemorySwapMax", "0"},
		{config.Property{Name: "TasksMax", Number: 77}, "TasksMax", "77"},
		{config.Property{Name: "CPUWeight", Number: 50}, "CPUWeight", "50"},
		{config.Property{Name: "StartupCPUWeight", Number: 60}, "StartupCPUWeight", "60"},
		{config.Property{Name: "IOWeight", Number: 70}, "IOWeight", "70"},
		{config.Property{Name: "StartupIOWeight", Number: 80}, "StartupIOWeight", "80"},
		{config.Property{Name: "CPUQuota", Number: 1500000}, "CPUQuotaPerSecUSec", "1.500000s"},
		{config.Property{Name: "CPUQuotaPeriodSec", Number: 50000}, "CPUQuotaPeriodUSec", "50ms"},
		{config.Property{Name: "AllowedCPUs", Words: []string{"0-1", "9"}}, "AllowedCPUs", "0-1 9"},
		{config.Property{Name: "AllowedMemoryNodes", Words: []string{"0"}}, "AllowedMemoryNodes", "0"},
		// systemctl 252 prints these two as they are, bit by bit.
		{config.Property{Name: "StartupAllowedCPUs", Words: []string{"1"}}, "StartupAllowedCPUs", "0200000000000000"},
		{config.Property{Name: "StartupAllowedMemoryNodes", Words: []string{"0"}}, "StartupAllowedMemoryNodes", "0100000000000000"},
		{config.Property{Name: "IODeviceWeight", Words: []string{"/dev/null 500"}}, "IODeviceWeight", "/dev/null 500"},
		{config.Property{Name: "IOReadBandwidthMax", Words: []string{"/dev/null 10000000"}}, "IOReadBandwidthMax", "/dev/null 10000000"},
		{config.Property{Name: "IOWriteBandwidthMax", Words: []string{"/dev/null 1000"}}, "IOWriteBandwidthMax", "/dev/null 1000"},
		{config.Property{Name: "IOReadIOPSMax", Words: []string{"/dev/null 10"}}, "IOReadIOPSMax", "/dev/null 10"},
		{config.Property{Name: "IOWriteIOPSMax", Words: []string{"/dev/null 20"}}, "IOWriteIOPSMax", "/dev/null 20"},
		{config.Property{Name: "IODeviceLatencyTargetSec", Words: []string{"/dev/null 25000us"}}, "IODeviceLatencyTargetUSec", "/dev/null 25ms"},
		{config.Property{Name: "DevicePolicy", Text: "closed"}, "DevicePolicy", "closed"},
		{config.Property{Name: "DeviceAllow", Words: []string{"/dev/null rw", "char-pts r"}}, "DeviceAllow", "char-pts r\n/dev/null rw"},
		{config.Property{Name: "CPUAccounting", Number: 1}, "CPUAccounting", "yes"},
		{config.Property{Name: "MemoryAccounting", Number: 0}, "MemoryAccounting", "no"},
		{config.Property{Name: "TasksAccounting", Number: 1}, "TasksAccounting", "yes"},
		{config.Property{Name: "IOAccounting", Number: 1}, "IOAccounting", "yes"},
		{config.Property{Name: "IPAccounting", Number: 0}, "IPAccounting", "no"},
		{config.Property{Name: "SendSIGHUP", Number: 1}, "SendSIGHUP", "yes"},
		{config.Property{Name: "SendSIGKILL", Number: 0}, "SendSIGKILL", "no"},
		{config.Property{Name: "ManagedOOMSwap", Text: "kill"}, "ManagedOOMSwap", "kill"},
		{config.Property{Name: "ManagedOOMMemoryPressure", Text: "kill"}, "ManagedOOMMemoryPressure", "kill"},
		{config.Property{Name: "OOMPolicy", Text: "kill"}, "OOMPolicy", "kill"},
		{config.Property{Name: "KillMode", Text: "mixed"}, "KillMode", "mixed"},
		{config.Property{Name: "KillSignal", Number: 2}, "KillSignal", "2"},
		{config.Property{Name: "FinalKillSignal", Number: 6}, "FinalKillSignal", "6"},
		{config.Property{Name: "TimeoutStopSec", Number: 3500000}, "TimeoutStopUSec", "3.500000s"},
		{config.Property{Name: "RuntimeMaxSec", Number: config.Infinity}, "RuntimeMaxUSec", "infinity"},
		{config.Property{Name: "Wants", Words: []string{"paths.target"}}, "Wants", "paths.target"},
		{config.Property{Name: "After", Words: []string{"paths.target", "timers.target"}}, "After", "paths.target"},
		{config.Property{Name: "Before", Words: []string{"shutdown.target"}}, "Before", "shutdown.target"},
		{config.Property{Name: "BindsTo", Words: []string{"basic.target"}}, "BindsTo", "basic.target"},
		{config.Property{Name: "Requires", Words: []string{"sockets.target"}}, "Requires", "sockets.target"},
		{config.Property{Name: "PartOf", Words: []string{"timers.target"}}, "PartOf", "timers.target"},
		{config.Property{Name: "Conflicts", Words: []string{"rescue.target"}}, "Conflicts", "rescue.target"},
	}
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t) {
			t.Run(w.name, func(t *testing.T) {
				w := w.unit("properties.scope")
				w.request.Slice, w.request.Delegate = "nslaunch-a.slice", true
				for _, o := range some {
					w.request.Properties = append(w.request.Properties, o.property)
				}
				p := s.place(t, w)
				if p.Error != nil {
					t.Fatalf("%+v", *p.Error)
				}
				shown := map[string][]string{}
				for line := range strings.SplitSeq(s.systemctl(t, w, "show", w.request.Unit), "\n") {
					name, value, _ := strings.Cut(line, "=")
					shown[name] = append(shown[name], value)
				}
				if got := shown["Slice"][0] + " " + shown["Delegate"][0]; got != "nslaunch-a.slice yes" {
					t.Errorf("slice, delegate: %s", got)
				}
				for _, o := range some {
					got := strings.Join(shown[o.name], "\n")
					// A manager adds dependencies of its own.
					if strings.HasSuffix(o.want, ".target") && slices.Contains(strings.Fields(got), o.want) {
						got = o.want
					}
					if got != o.want {
						t.Errorf("%s: got %q; want %q", o.name, shown[o.name], o.want)
					}
				}
			})
		}
	})
}

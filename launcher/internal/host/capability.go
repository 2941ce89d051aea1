package host

import (
	"slices"
	"strconv"

	"github.com/nslaunch/nslaunch/config"
)

// Capability is the number of a capability; see capabilities(7).
type Capability uint

const (
	CapChown     Capability = 0
	CapSetgid    Capability = 6
	CapSetfcap   Capability = 31
	CapSetuid    Capability = 7
	CapSetpcap   Capability = 8
	capSysChroot Capability = 18
	CapSysAdmin  Capability = 21
	capSysNice   Capability = 23
	CapSysRes    Capability = 24
)

// CapabilitySet returns the mask of the named capabilities.
func CapabilitySet(names []string) uint64 {
	var set uint64
	for i, name := range config.CapabilityNames() {
		if slices.Contains(names, name) {
			set |= 1 << i
		}
	}
	return set
}

// StatusSet reads a set of a /proc/PID/status.
func StatusSet(status []byte, name string) uint64 {
	set, _ := strconv.ParseUint(StatusLine(status, name), 16, 64)
	return set
}

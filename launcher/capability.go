package launcher

import (
	"slices"

	"github.com/nslaunch/nslaunch/config"
)

// capability is the number of a capability; see capabilities(7).
type capability uint

const (
	capChown     capability = 0
	capSetgid    capability = 6
	capSetfcap   capability = 31
	capSetuid    capability = 7
	capSetpcap   capability = 8
	capSysChroot capability = 18
	capSysAdmin  capability = 21
	capSysNice   capability = 23
	capSysRes    capability = 24
)

// capabilitySet returns the mask of the named capabilities.
func capabilitySet(names []string) uint64 {
	var set uint64
	for i, name := range config.CapabilityNames() {
		if slices.Contains(names, name) {
			set |= 1 << i
		}
	}
	return set
}

package compile

import (
	"testing"

	"github.com/nslaunch/nslaunch/config"
)

// For each capability it is decided where it leads to, also for one that is new.
func TestLeads(t *testing.T) {
	all := leads()
	for _, name := range config.CapabilityNames() {
		if _, ok := all[name]; !ok {
			t.Errorf("CAP_%s: where does it lead to?", name)
		}
	}
	if len(all) != len(config.CapabilityNames()) {
		t.Errorf("%d capabilities in the table, and there are %d", len(all), len(config.CapabilityNames()))
	}
}

package mountprop

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, p := range All() {
		if got, err := Parse(string(p)); got != p || err != nil {
			t.Errorf("Parse(%q) = %q, %v; want itself", p, got, err)
		}
	}
	for _, bad := range []string{"", "Shared", "shared ", "shared+slave", "rshared"} {
		_, err := Parse(bad)
		if err == nil || !strings.Contains(err.Error(), "private, slave, shared, slave+shared or unbindable") {
			t.Errorf("Parse(%q) = %v; want an error that lists the kinds", bad, err)
		}
	}
}

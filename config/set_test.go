package config

import (
	"strings"
	"testing"
)

// A number with a point is one also on a command line, where its key is no string.
func TestSetPoint(t *testing.T) {
	p, err := Parse("p.toml", []byte("version = 1\n"), Vars{},
		Setting{"limits.cpu", Text("1.5"), FromSet}, Setting{"hostname", Text("1.5"), FromSet}, Setting{"namespaces.uts", Text("new"), FromSet})
	if err != nil || p.Hostname != "1.5" || p.Limits.cpu == nil || p.Limits.cpu.Text != "150%" {
		t.Errorf("%+v, %v", p, err)
	}
}

// What is wrong with a limit is said of the value that was written, not of a list that it could have been.
func TestSetRlimit(t *testing.T) {
	for value, want := range map[string]string{"unlimited": `got "unlimited", or "infinity" for no limit`, "-1": `got -1`, "1,2,3": `got "1,2,3"`} {
		_, err := Parse("p.toml", []byte("version = 1\n"), Vars{}, Setting{"limits.rlimits.core", Text(value), FromSet})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", value, err, want)
		}
	}
}

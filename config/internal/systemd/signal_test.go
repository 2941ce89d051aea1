package systemd

import (
	"testing"
)

func TestSignalName(t *testing.T) {
	for name, want := range map[string]bool{
		"TERM": true, "KILL": true, "RTMIN": true, "RTMAX": true, "RTMIN+1": true, "RTMIN+30": true, "RTMAX-30": true,
		"": false, "term": false, "SIGTERM": false, "15": false, "RTMIN+": false, "RTMIN+0": false, "RTMIN+31": false,
		"RTMIN-1": false, "RTMAX+1": false, "RTMIN+01": false, "RTMIN++1": false, "TERM+1": false,
	} {
		if got := SignalName(name); got != want {
			t.Errorf("signalName(%q) = %v; want %v", name, got, want)
		}
	}
}

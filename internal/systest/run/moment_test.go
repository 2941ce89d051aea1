package run

import (
	"encoding/json"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// The launcher is replaced once the command has run for a moment. That is seen by nothing but its memory.
func TestMoment(t *testing.T) {
	systest.EachWay(t, func(t *testing.T, u nstest.User, profile string) {
		for _, c := range []struct {
			end    string
			status int
		}{{"exit 0", 0}, {"exit 7", 7}, {"kill -KILL $$", 128 + 9}, {"kill -TERM $$", 128 + 15}} {
			for _, wait := range []string{"", "sleep 0.015; ", "sleep 0.02; ", "sleep 0.1; "} {
				got := nstest.Run(t, systest.ProfileCommand(t, u, "version = 1\n"+profile, "bash", "-c", wait+c.end))
				if got.Status != c.status || got.Stderr != "" {
					t.Errorf("%s%s: %+v; want status %d", wait, c.end, got, c.status)
				}
			}
		}
	})
}

// Signals without end keep neither the timeout from coming nor the launcher from being replaced.
func TestMomentUnderSignals(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		profile := "version = 1\nnamespaces = { user = \"new\" }\nlimits.timeout = \"100ms\"\nprocess.stop_timeout = \"100ms\"\n"
		flood := `trap "" TERM 40; for n in 1 2; do while kill -40 $PPID 2>/dev/null; do :; done & done; wait`
		if got := nstest.Run(t, systest.ProfileCommand(t, u, profile, "bash", "-c", flood)); got.Status != 124 {
			t.Errorf("%+v; want status 124", got)
		}
	})
}

// The assistant of a resident speaks as the command line asks, wherever the flag for that stands.
func TestAssistantSpeaks(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, words := range [][]string{
			{"--log-format", "json", "run", "--new", "user", "--timeout", "300ms", "--", "sleep", "60"},
			{"run", "--new", "user", "--timeout", "300ms", "--log-format", "json", "--", "sleep", "60"},
		} {
			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), words...))
			var said struct{ Message string }
			if err := json.Unmarshal([]byte(got.Stderr), &said); err != nil || got.Status != 124 || said.Message != "the command was ended by limits.timeout" {
				t.Errorf("%q: %+v, %v", words, got, err)
			}
		}
	})
}

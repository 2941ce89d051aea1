package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/placement"
)

// Inside a service, its own limits are what counts. That they are enforced can't
// be shown here: no controllers are in cgroup2.
func TestKeep(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, test := range []struct {
			name     string
			unit     string
			limit    config.Property
			optional bool
			want     placement.Error // parts
			notes    int
		}{
			{"looser", "kept.service", config.Property{Name: "MemoryMax", Text: "128M", Number: 128 << 20}, false,
				placement.Error{Property: "MemoryMax", Message: "kept.service has MemoryMax=268435456, and the profile allows at most 128M", Cure: "MemoryMax=128M"}, 0},
			{"none", "kept.service", config.Property{Name: "CPUQuota", Text: "50%", Number: 500000}, false,
				placement.Error{Property: "CPUQuota", Message: "CPUQuota=infinity"}, 0},
			{"tighter", "kept.service", config.Property{Name: "MemoryMax", Text: "512M", Number: 512 << 20}, true, placement.Error{}, 1},
			{"not enforced", "kept.service", config.Property{Name: "MemoryMax", Text: "512M", Number: 512 << 20}, false,
				placement.Error{Property: "MemoryMax", Cause: "controller"}, 0},
			{"other unit", "dbus.service", config.Property{Name: "MemoryMax", Text: "512M", Number: 512 << 20}, false,
				placement.Error{Message: "which is that of dbus.service"}, 0},
		} {
			for _, w := range s.ways(t)[:2] {
				t.Run(test.name+" "+w.name, func(t *testing.T) {
					r := w.request
					r.Unit, r.Keep, r.Optional = test.unit, true, test.optional
					r.Properties, r.Limits = []config.Property{test.limit}, []string{test.limit.Name}
					text, err := json.Marshal(r)
					if err != nil {
						t.Fatal(err)
					}
					cmd := s.Command(t, w.user, nil, "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--unit=kept.service",
						"-pMemoryMax=256M", "env", clientVariable+"=1", s.client, "-helper", s.helper)
					cmd.Stdin = strings.NewReader(string(text) + "\n")
					var got placement.Response
					if err := json.Unmarshal([]byte(nstest.MustRun(t, cmd)), &got); err != nil {
						t.Fatal(err)
					}
					e := got.Error
					if e == nil {
						e = &placement.Error{}
					}
					if len(got.Notes) != test.notes || e.Property != test.want.Property || (*e == placement.Error{}) != (test.want == placement.Error{}) ||
						!strings.Contains(e.Message, test.want.Message) || !strings.Contains(e.Cause, test.want.Cause) || !strings.Contains(e.Cure, test.want.Cure) {
						t.Errorf("got %+v, %+v; want parts %+v", got, *e, test.want)
					}
				})
			}
		}
	})
}

package doctor

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// With a manager there, doctor has a scope made, and one that a profile asks for can be had.
func TestDoctorScope(t *testing.T) {
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		row := "scope of the system's manager"
		if !m.User.IsRoot() {
			row = "scope of the user's manager"
		}
		cmd := m.Profile(t, "version = 1\nnamespaces = { user = \"new\", pid = \"new\" }\nscope = { mode = \"required\" }\ncommand = [\"true\"]\n")
		cmd.Args = append(cmd.Args[:len(cmd.Args)-1], "doctor", "--json", cmd.Args[len(cmd.Args)-1])
		got := nstest.Run(t, cmd)
		var d diagnosis
		if err := json.Unmarshal([]byte(got.Stdout), &d); err != nil {
			t.Fatalf("%v: %+v", err, got)
		}
		seen := false
		for _, f := range d.Findings {
			if f.Name == row {
				seen = f.OK
			}
		}
		for _, f := range d.Findings {
			if strings.HasPrefix(f.Name, "scope of") && f.Name != row {
				t.Errorf("there is a row of another user's manager: %s", f.Name)
			}
		}
		if !seen || d.Runs == nil || !*d.Runs || got.Status != 0 {
			t.Errorf("no %q: %+v", row, got)
		}
		if units := m.Systemctl(t, "list-units", "--all", "--plain", "--no-legend", "nslaunch-*", "doctor*", "p-*", "p.*").Stdout; strings.TrimSpace(units) != "" {
			t.Errorf("left: %s", units)
		}
	})
}

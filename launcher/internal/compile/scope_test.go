package compile

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// What becomes of [scope] and [limits] is a function of what there is of systemd.
func TestScopeDecisions(t *testing.T) {
	system := host.Manager{Bus: config.BusSystem, Address: "unix:path=/s", Private: true}
	user := host.Manager{Bus: config.BusUser, Address: "unix:path=/u"}
	tried := []string{"/s: ENOENT"}
	in := host.Unit{Name: "web.service", Bus: config.BusSystem}
	const pid = "namespaces = { user = \"new\", pid = \"new\" }\n"
	const props = " of the system manager at /s, with KillSignal=SIGTERM TimeoutStopSec=10s"
	for _, c := range []struct {
		name, profile string
		uid           uint32
		state         host.ScopeState
		step          string // "": none
		note          string // its text; "": none
		err           string
	}{
		{name: "off", profile: pid, state: host.ScopeState{Managers: []host.Manager{system}}},
		{name: "root asks the system's", profile: pid + "[scope]\nmode = \"auto\"\n", state: host.ScopeState{Managers: []host.Manager{system, user}},
			step: "place the sandbox in the scope nslaunch-p-ID.scope" + props},
		{name: "another asks its own", profile: pid + "[scope]\nmode = \"auto\"\n", uid: 1000, state: host.ScopeState{Managers: []host.Manager{system, user}},
			step: strings.ReplaceAll("place the sandbox in the scope nslaunch-p-ID.scope"+props, "system manager at /s", "user manager at /u")},
		{name: "another, told so", profile: pid + "[scope]\nmode = \"auto\"\nbus = \"system\"\n", uid: 1000, state: host.ScopeState{Managers: []host.Manager{system, user}},
			step: "place the sandbox in the scope nslaunch-p-ID.scope" + props},
		{name: "a name and no pid namespace", profile: "namespaces = { user = \"new\" }\n[scope]\nmode = \"required\"\nunit = \"x.scope\"\nslice = \"ci.slice\"\n", state: host.ScopeState{Managers: []host.Manager{system}},
			step: "place the sandbox in the scope x.scope of the system manager at /s, in ci.slice, ended with the sandbox, with KillSignal=SIGTERM TimeoutStopSec=10s"},
		{name: "auto, nobody", profile: pid + "[scope]\nmode = \"auto\"\n", state: host.ScopeState{Tried: tried},
			note: "no scope: no systemd manager can be reached (/s: ENOENT)"},
		{name: "required, nobody", profile: pid + "[scope]\nmode = \"required\"\n", state: host.ScopeState{Tried: tried},
			err: `p.toml:4:1: scope.mode: no systemd manager can be reached: /s: ENOENT (mode = "auto" in [scope] runs without a scope)`},
		{name: "limit, nobody", profile: pid + "[limits]\nmemory = \"1G\"\n", state: host.ScopeState{Tried: tried},
			err: `p.toml:4:1: limits.memory: needs systemd, which cannot be reached here: /s: ENOENT (optional = true in [limits] runs without this limit; in its place, rlimits.as = "1G" in [limits] limits the address space of each process)`},
		{name: "optional limit, nobody", profile: pid + "[limits]\nmemory = \"1G\"\noptional = true\n", state: host.ScopeState{Tried: tried},
			note: "not enforced: no systemd manager can be reached (/s: ENOENT)"},
		{name: "auto in a service", profile: pid + "[scope]\nmode = \"auto\"\n", state: host.ScopeState{Managers: []host.Manager{system}, Service: in},
			step: "stay in the service web.service"},
		{name: "limit in a service", profile: pid + "[limits]\ntasks = 9\n", uid: 1000, state: host.ScopeState{Managers: []host.Manager{system, user}, Service: in},
			step: "stay in the service web.service, whose limits must be at least as tight, with TasksMax=9"},
		{name: "slice in a service", profile: pid + "[scope]\nmode = \"auto\"\nslice = \"ci.slice\"\n", state: host.ScopeState{Managers: []host.Manager{system}, Service: in},
			step: "stay in the service web.service", note: "the sandbox stays in the service web.service, whose own settings apply"},
		{name: "required in a service", profile: pid + "[scope]\nmode = \"required\"\n", state: host.ScopeState{Managers: []host.Manager{system}, Service: in},
			step: "place the sandbox in the scope nslaunch-p-ID.scope of the system manager at /s, bound to web.service, with KillSignal=SIGTERM TimeoutStopSec=10s"},
		{name: "required in a service of the other", profile: pid + "[scope]\nmode = \"required\"\n", uid: 1000, state: host.ScopeState{Managers: []host.Manager{user}, Service: in},
			step: strings.ReplaceAll("place the sandbox in the scope nslaunch-p-ID.scope"+props, "system manager at /s", "user manager at /u"),
			note: "the scope of the user manager does not end with web.service, which is the system manager's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := config.Parse("p.toml", []byte("version = 1\n"+c.profile), config.CallerVars())
			if err != nil {
				t.Fatal(err)
			}
			h, err := host.Probe(p)
			if err != nil {
				t.Fatal(err)
			}
			h.UID, h.Scope = c.uid, c.state
			plan, err := Compile(p, h, []string{"true"})
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got %v; want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, note := "", ""
			for _, s := range plan.Steps {
				switch s.Action.(type) {
				case step.PlaceInScope, step.KeepUnit:
					want += s.Action.String()
				}
			}
			for _, n := range plan.Notes {
				if n.Degraded {
					note += n.Text
				}
			}
			if want != c.step || note != c.note {
				t.Errorf("got step %q\nand note %q\nwant %q\nand %q", want, note, c.step, c.note)
			}
		})
	}
}

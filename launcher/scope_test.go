package launcher

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

func TestServiceOf(t *testing.T) {
	for cgroups, want := range map[string]Unit{
		"0::/\n":                                {},
		"0::/system.slice/web.service\n":        {"web.service", config.BusSystem},
		"0::/system.slice/web.service/worker\n": {"web.service", config.BusSystem},
		"0::/user.slice/user-1.slice/user@1.service/app.slice/a.service\n":    {"a.service", config.BusUser},
		"0::/user.slice/user-1.slice/user@1.service/app.slice/a.scope\n":      {},
		"0::/user.slice/user-1.slice/session-2.scope\n":                       {},
		"0::/user.slice/user-1.slice/user@1.service/app.slice\n":              {},
		"3:memory:/x.service\n1:name=systemd:/system.slice/b.service\n0::/\n": {"b.service", config.BusSystem},
		"1:name=systemd:/\n0::/system.slice/c.service\n":                      {"c.service", config.BusSystem},
		"3:memory:/x.service\n": {},
	} {
		if got := serviceOf(cgroups); got != want {
			t.Errorf("%q: got %v; want %v", cgroups, got, want)
		}
	}
}

func TestScopeName(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, want := range map[string]string{
		"web":     "nslaunch-web-ID.scope",
		"a b/c@é": `nslaunch-a\x20b\x2fc\x40\xc3\xa9-ID.scope`,
		long:      "nslaunch-" + long[:255-len("nslaunch--ID.scope")] + "-ID.scope",
	} {
		if got := scopeName(name, "ID"); got != want {
			t.Errorf("%q: got %q; want %q", name, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for path, want := range map[string]string{
		"/run/user/1000/bus": "/run/user/1000/bus",
		"/tmp/a b,c;d=é":     "/tmp/a%20b%2cc%3bd%3d%c3%a9",
	} {
		got := escapeAddress(path)
		if got != want {
			t.Errorf("%q: got %q; want %q", path, got, want)
		}
		if back, err := unescapeAddress(got); back != path || err != nil {
			t.Errorf("%q: back came %q, %v", path, back, err)
		}
	}
	for _, bad := range []string{"%", "%2", "a%zz"} {
		if got, err := unescapeAddress(bad); err == nil {
			t.Errorf("%q: got %q; want an error", bad, got)
		}
	}
}

func TestReach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	address := "unix:guid=00,path=" + escapeAddress(path)
	if err := reach(address + ";tcp:host=x"); err != nil {
		t.Errorf("bound: %v", err)
	}
	if err := unix.Close(fd); err != nil {
		t.Fatal(err)
	}
	if err := reach(address); err != unix.ECONNREFUSED {
		t.Errorf("nobody there any more: got %v; want ECONNREFUSED", err)
	}
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path + "-datagrams"}); err != nil {
		t.Fatal(err)
	}
	if err := reach(address + "-datagrams"); err != unix.EPROTOTYPE {
		t.Errorf("of another type: got %v; want EPROTOTYPE", err)
	}
	if err := reach("unix:path=" + path + "-none"); err != unix.ENOENT {
		t.Errorf("missing: got %v; want ENOENT", err)
	}
}

func TestOOMKills(t *testing.T) {
	dir := t.TempDir()
	if got := oomKills(dir); got != 0 {
		t.Errorf("no file: %d", got)
	}
	if err := os.WriteFile(dir+"/memory.events", []byte("low 0\noom 4\noom_kill 3\noom_group_kill 9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := oomKills(dir); got != 3 {
		t.Errorf("got %d; want 3", got)
	}
}

// What becomes of [scope] and [limits] is a function of what there is of systemd.
func TestScopeDecisions(t *testing.T) {
	system := Manager{config.BusSystem, "unix:path=/s", true}
	user := Manager{config.BusUser, "unix:path=/u", false}
	tried := []string{"/s: ENOENT"}
	in := Unit{"web.service", config.BusSystem}
	const pid = "namespaces = { user = \"new\", pid = \"new\" }\n"
	const props = " of the system manager at /s, with KillSignal=SIGTERM TimeoutStopSec=10s"
	for _, c := range []struct {
		name, profile string
		uid           uint32
		state         ScopeState
		step          string // "": none
		note          string // its text; "": none
		err           string
	}{
		{name: "off", profile: pid, state: ScopeState{Managers: []Manager{system}}},
		{name: "root asks the system's", profile: pid + "[scope]\nmode = \"auto\"\n", state: ScopeState{Managers: []Manager{system, user}},
			step: "place the sandbox in the scope nslaunch-p-ID.scope" + props},
		{name: "another asks its own", profile: pid + "[scope]\nmode = \"auto\"\n", uid: 1000, state: ScopeState{Managers: []Manager{system, user}},
			step: strings.ReplaceAll("place the sandbox in the scope nslaunch-p-ID.scope"+props, "system manager at /s", "user manager at /u")},
		{name: "another, told so", profile: pid + "[scope]\nmode = \"auto\"\nbus = \"system\"\n", uid: 1000, state: ScopeState{Managers: []Manager{system, user}},
			step: "place the sandbox in the scope nslaunch-p-ID.scope" + props},
		{name: "a name and no pid namespace", profile: "namespaces = { user = \"new\" }\n[scope]\nmode = \"required\"\nunit = \"x.scope\"\nslice = \"ci.slice\"\n", state: ScopeState{Managers: []Manager{system}},
			step: "place the sandbox in the scope x.scope of the system manager at /s, in ci.slice, ended with the sandbox, with KillSignal=SIGTERM TimeoutStopSec=10s"},
		{name: "auto, nobody", profile: pid + "[scope]\nmode = \"auto\"\n", state: ScopeState{Tried: tried},
			note: "no scope: no manager of systemd can be reached (/s: ENOENT)"},
		{name: "required, nobody", profile: pid + "[scope]\nmode = \"required\"\n", state: ScopeState{Tried: tried},
			err: `p.toml:4:1: scope.mode: no manager of systemd can be reached: /s: ENOENT (mode = "auto" in [scope] runs without)`},
		{name: "limit, nobody", profile: pid + "[limits]\nmemory = \"1G\"\n", state: ScopeState{Tried: tried},
			err: `p.toml:4:1: limits.memory: needs a scope, and no manager of systemd can be reached: /s: ENOENT (optional = true in [limits] runs without)`},
		{name: "optional limit, nobody", profile: pid + "[limits]\nmemory = \"1G\"\noptional = true\n", state: ScopeState{Tried: tried},
			note: "not enforced: no manager of systemd can be reached (/s: ENOENT)"},
		{name: "auto in a service", profile: pid + "[scope]\nmode = \"auto\"\n", state: ScopeState{Managers: []Manager{system}, Service: in},
			step: "stay in the service web.service"},
		{name: "limit in a service", profile: pid + "[limits]\ntasks = 9\n", uid: 1000, state: ScopeState{Managers: []Manager{system, user}, Service: in},
			step: "stay in the service web.service, which must limit as tightly, with TasksMax=9"},
		{name: "slice in a service", profile: pid + "[scope]\nmode = \"auto\"\nslice = \"ci.slice\"\n", state: ScopeState{Managers: []Manager{system}, Service: in},
			step: "stay in the service web.service", note: "the sandbox stays in the service web.service, whose own settings hold"},
		{name: "required in a service", profile: pid + "[scope]\nmode = \"required\"\n", state: ScopeState{Managers: []Manager{system}, Service: in},
			step: "place the sandbox in the scope nslaunch-p-ID.scope of the system manager at /s, bound to web.service, with KillSignal=SIGTERM TimeoutStopSec=10s"},
		{name: "required in a service of the other", profile: pid + "[scope]\nmode = \"required\"\n", uid: 1000, state: ScopeState{Managers: []Manager{user}, Service: in},
			step: strings.ReplaceAll("place the sandbox in the scope nslaunch-p-ID.scope"+props, "system manager at /s", "user manager at /u"),
			note: "the scope of the user manager does not end with web.service, which is the system manager's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := config.Parse("p.toml", []byte("version = 1\n"+c.profile), config.CallerVars())
			if err != nil {
				t.Fatal(err)
			}
			h, err := Probe(p)
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
			step, note := "", ""
			for _, s := range plan.Steps {
				switch s.Action.(type) {
				case placeInScope, keepUnit:
					step += s.Action.String()
				}
			}
			for _, n := range plan.Notes {
				if n.Degraded {
					note += n.Text
				}
			}
			if step != c.step || note != c.note {
				t.Errorf("got step %q\nand note %q\nwant %q\nand %q", step, note, c.step, c.note)
			}
		})
	}
}

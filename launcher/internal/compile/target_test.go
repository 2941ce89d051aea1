package compile

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// notOfTarget are what a command's process does at a launch that says nothing about its rights, or
// that an entry does by itself.
func notOfTarget() map[string]bool {
	names := map[string]bool{}
	for _, a := range []plan.Action{step.DieWithLauncher{}, step.WaitForLauncher{}, step.SetSession{}, step.NewKeyring{}, step.CloseFDs{}, step.UnblockSignals{}} {
		names[fmt.Sprintf("%T", a)] = true
	}
	return names
}

// Whatever a launch does to its command is noted for who enters: a new step of the tail that is
// not makes this fail.
func TestTargetNotesAll(t *testing.T) {
	profile := `version = 1
command = ["true"]
namespaces = "new"
[process]
umask = "022"
cwd = "/"
nice = 1
oom_score_adj = 100
capabilities = ["NET_ADMIN"]
[limits]
rlimits = { nofile = [10, 20] }
`
	parsed, err := config.Parse("p.toml", []byte(profile), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	found, err := host.Probe(parsed)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(parsed, found, nil)
	if err != nil {
		t.Fatal(err)
	}
	known, steps := notOfTarget(), 0
	for _, s := range p.Steps {
		if s.By != plan.ByCommand || known[fmt.Sprintf("%T", s.Action)] {
			continue
		}
		steps++
		before := plan.Target{UID: -1, GID: -1}
		noted := before
		if a, ok := s.Action.(plan.Lasting); ok {
			a.Leave(&noted)
		}
		if reflect.DeepEqual(noted, before) {
			t.Errorf("who enters hears nothing of: %s", s.Action)
		}
	}
	if steps < 8 {
		t.Errorf("%d steps: too few for a test", steps)
	}
}

// entryHost is a caller without privilege, in namespaces of low numbers.
func entryHost() *host.Host {
	h := &host.Host{UID: 1000, GID: 1000, LastCap: 40, Kernel: [2]int{6, 1}, Cwd: "/home/x",
		Rlimits:       map[string]config.Rlimit{"nofile": {Name: "nofile", Soft: 100, Hard: 200}},
		OwnNamespaces: map[config.NamespaceKind]uint64{}}
	for i, k := range config.Kinds() {
		h.OwnNamespaces[k] = uint64(i + 1)
	}
	return h
}

func entryTarget() plan.Target {
	t := plan.Target{Process: process.Process{PID: 77, Start: 1}, UID: -1, GID: -1, Namespaces: map[config.NamespaceKind]uint64{}, Env: []string{"PATH=/bin"}}
	for i, k := range config.Kinds() {
		t.Namespaces[k] = uint64(i + 1)
	}
	return t
}

// More rights than the target's are refused, and so is what cannot be entered.
func TestEntryRefused(t *testing.T) {
	none, few := uint64(0), uint64(1)
	for want, change := range map[string]func(e *Entry, h *host.Host){
		"no command to run in sandbox x": func(e *Entry, _ *host.Host) { e.Argv = nil },
		"sandbox x: entering a namespace needs CAP_SYS_ADMIN, which uid 1000 does not have here (run nslaunch as root)": func(e *Entry, _ *host.Host) {
			e.Target.Namespaces[config.Net] = 99
		},
		"sandbox x: its capability bounding set is smaller than that of this process, which cannot reduce its own without CAP_SETPCAP (run nslaunch as root)": func(e *Entry, h *host.Host) {
			e.Target.Bounding, h.Bounding = &none, 1
		},
		"sandbox x: its command has the capabilities CHOWN, which uid 1000 does not have here (run nslaunch as root)": func(e *Entry, _ *host.Host) {
			e.Target.Capabilities = &few
		},
		"sandbox x: its net namespace is unknown, because its process cannot be inspected (run nslaunch as root)": func(e *Entry, _ *host.Host) {
			delete(e.Target.Namespaces, config.Net)
			e.Target.Own = []config.NamespaceKind{config.Net}
		},
		"": func(*Entry, *host.Host) {},
	} {
		e, h := &Entry{Name: "sandbox x", Target: entryTarget(), Argv: []string{"true"}}, entryHost()
		change(e, h)
		_, err := CompileEntry(e, h)
		if got := fmt.Sprint(err); err != nil && got != want || err == nil && want != "" {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

// Limits of the target are never above the caller's own.
func TestEntryLimits(t *testing.T) {
	e, h := &Entry{Name: "x", Target: entryTarget(), Argv: []string{"true"}}, entryHost()
	e.Target.Rlimits = []config.Rlimit{{Name: "nofile", Soft: 150, Hard: 1000}}
	plan, err := CompileEntry(e, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps {
		if a, ok := s.Action.(step.SetRlimit); ok && (a.Soft != 150 || a.Hard != 200) {
			t.Errorf("got %s", a)
		}
	}
}

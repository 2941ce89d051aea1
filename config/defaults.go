package config

import (
	"cmp"
	"time"

	"github.com/nslaunch/nslaunch/mountprop"
)

// newProfile returns a profile with those defaults that depend on nothing.
func newProfile(file string) *Profile {
	p := &Profile{
		File:       file,
		Command:    Command{Args: ArgsReplace},
		Namespaces: Namespaces{},
		Root:       Root{Mode: RootHost},
		Dev:        Dev{Exec: true},
		Process: Process{
			Capabilities: Capabilities{Mode: CapabilitiesKeep},
			NoNewPrivs:   true,
			Terminal:     TerminalInherit,
			StopSignal:   "TERM",
			StopTimeout:  10 * time.Second,
		},
		Env: Env{
			Inherit: DefaultInherit(),
			Set:     map[string]string{},
		},
		Scope:   Scope{Bus: BusAuto},
		Service: Service{Notify: NotifyNone},
	}
	for _, k := range Kinds() {
		p.Namespaces[k] = Namespace{Mode: NamespaceHost}
	}
	return p
}

// DefaultInherit are the variables that the command inherits where env.inherit says nothing.
func DefaultInherit() []string { return []string{"TERM", "LANG", "LC_*"} }

// defaults fills in what depends on what was declared.
func (p *Profile) defaults() {
	if p.Taken == "" && p.Name != "" {
		p.Taken = TakenError
	}
	p.Taken = cmp.Or(p.Taken, TakenNumber)
	if p.Name == "" {
		p.Name = defaultName(p.File, p.Command.Argv)
	}
	if p.Propagation == "" && p.Namespaces.New(Mount) {
		p.Propagation = mountprop.Slave
		if p.Root.Readonly && p.Root.Mode != RootTmpfs && p.Root.Overlay.Mode == OverlayNone {
			p.Propagation = mountprop.Private // what the host mounts later would be writable
		}
	}
	if p.Proc.Mode == "" {
		p.Proc.Mode = ProcHost
		_, declared := p.origins["proc"]
		if p.Namespaces.New(PID) && p.Namespaces.New(Mount) && (declared || !p.mountsOn("/proc")) {
			p.Proc.Mode = ProcNew
		}
	}
	if p.Network == "" && p.Namespaces.New(Net) {
		p.Network = NetworkLoopback
	}
	switch {
	case p.IDMap.UID != nil || p.IDMap.GID != nil:
		if p.IDMap.Mode == "" {
			p.IDMap.Mode = IDMapExplicit
		}
	case p.IDMap.Mode == "" && p.Namespaces.New(User):
		p.IDMap.Mode = IDMapRoot
	}
	switch {
	case p.Scope.Mode != "" && p.Scope.Mode != ScopeAuto:
	case len(p.UnitLimits()) > 0:
		p.Scope.Mode = ScopeImplied
	case p.Scope.Mode == "":
		p.Scope.Mode = ScopeOff
	}
	if _, given := p.origins["process.init"]; !given {
		p.Process.Init = p.Namespaces.New(PID)
	}
}

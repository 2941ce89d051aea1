package compile

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// TargetOf reads from a plan what becomes of its command.
func TargetOf(p *plan.Plan) plan.Target {
	t := plan.Target{RootUID: -1, RootGID: -1, UID: -1, GID: -1, NoNewPrivs: ownNoNewPrivs()}
	for _, s := range p.Steps {
		if _, groups := s.Action.(step.SetGroups); groups && s.By != plan.ByCommand {
			continue // the caller's, which are dropped on the way
		}
		if a, ok := s.Action.(plan.Lasting); ok {
			a.Leave(&t)
		}
	}
	for _, k := range config.Kinds() {
		if n := p.Source.Namespaces[k]; n.Mode != config.NamespaceHost {
			t.Own = append(t.Own, k)
			if n.Joined() {
				t.Joined = append(t.Joined, k)
			}
		}
	}
	user := p.Source.Namespaces[config.User]
	if user.Mode == config.NamespaceHost && t.Capabilities == nil {
		inherit(&t, p)
	}
	if t.Cwd == "" {
		t.Cwd, t.CwdOrTop = p.Host.Cwd, true
	}
	return t
}

// inherit notes the launcher's own capabilities, where the command keeps those: who
// enters may have more.
func inherit(t *plan.Target, p *plan.Plan) {
	status, _ := host.ReadFile("/proc/self/status")
	bounding, permitted := host.StatusSet(status, "CapBnd"), p.Host.Caps
	ambient := p.Host.UID != 0 || t.UID > 0
	if ambient {
		permitted = host.StatusSet(status, "CapAmb")
	}
	if t.Bounding == nil {
		t.Bounding = &bounding
	}
	permitted &= *t.Bounding
	t.Capabilities, t.Ambient = &permitted, ambient && permitted != 0
}

// ownNoNewPrivs reports whether this process has no_new_privs, which its children inherit.
func ownNoNewPrivs() bool {
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return err == nil && set == 1
}

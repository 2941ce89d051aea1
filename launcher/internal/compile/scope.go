package compile

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// scope places the waiting stage, and so all that comes of it, in a unit of
// systemd. Whose cgroup namespace is new has this one for its root.
func (c *compiler) scope() {
	s, host := c.p.Scope, c.h.Scope
	inService := host.Service.Name != ""
	if s.Mode == config.ScopeOff {
		return
	}
	if inService && s.Mode != config.ScopeRequired {
		c.keep()
		return
	}
	m, ok := c.manager(s.Bus)
	if !ok {
		c.noManager()
		return
	}
	a := step.PlaceInScope{Manager: m, Unit: s.Unit, Slice: s.Slice, Delegate: s.Delegate, Machine: s.Machine, Properties: c.p.ScopeProperties()}
	a.Name = c.p.Name
	a.Watch = !c.isNew(config.PID)
	switch {
	case host.Service.Bus == m.Bus:
		a.Service = host.Service.Name
	case inService:
		c.degraded("scope.mode", "the scope of the %s manager does not end with %s, which is the %s manager's", m.Bus, host.Service.Name, host.Service.Bus)
	}
	c.add(plan.ByLauncher, c.scopeKey(), a)
}

// keep leaves the sandbox in the service that it was started in.
func (c *compiler) keep() {
	a := step.KeepUnit{Unit: c.h.Scope.Service, Limits: c.p.UnitLimits()}
	if len(a.Limits) > 0 {
		var ok bool
		if a.Manager, ok = c.manager(a.Unit.Bus); !ok {
			c.noManager()
			return
		}
	}
	for _, o := range []struct {
		key     string
		written bool
	}{
		{"scope.unit", c.p.Scope.Unit != ""},
		{"scope.slice", c.p.Scope.Slice != ""},
		{"scope.delegate", c.p.Scope.Delegate},
		{"scope.machine", c.p.Scope.Machine},
		{"scope.properties", len(c.p.Scope.Properties) > 0},
	} {
		if o.written {
			c.degraded(o.key, "the sandbox stays in the service %s, whose own settings apply", a.Unit.Name)
		}
	}
	c.add(plan.ByLauncher, c.scopeKey(), a)
}

// manager chooses one that can be reached.
func (c *compiler) manager(bus config.Bus) (host.Manager, bool) {
	for _, b := range host.BusOrder(bus, c.h.UID) {
		if i := slices.IndexFunc(c.h.Scope.Managers, func(m host.Manager) bool { return m.Bus == b }); i >= 0 {
			return c.h.Scope.Managers[i], true
		}
	}
	return host.Manager{}, false
}

// noManager: nobody to ask. What has to be there is an error.
func (c *compiler) noManager() {
	tried := strings.Join(c.h.Scope.Tried, ", ")
	switch limits := c.p.UnitLimits(); {
	case c.p.Scope.Mode == config.ScopeAuto:
		c.degraded(c.scopeKey(), "no scope: no systemd manager can be reached (%s)", tried)
	case c.p.Scope.Mode == config.ScopeImplied && c.p.Limits.Optional:
		for _, l := range limits {
			c.degraded(l.Key, "not enforced: no systemd manager can be reached (%s)", tried)
		}
	case c.p.Scope.Mode == config.ScopeImplied:
		for _, l := range limits {
			c.errorf(l.Key, "needs systemd, which cannot be reached here: %s (%s runs without this limit%s)", tried, c.say("limits.optional", true), c.instead(l))
		}
	default:
		c.errorf(c.scopeKey(), "no systemd manager can be reached: %s (%s runs without a scope)", tried, c.say("scope.mode", "auto"))
	}
}

// instead is what limits memory without systemd, as a part of a cure.
func (c *compiler) instead(l config.Property) string {
	if l.Key != "limits.memory" || l.Percent {
		return ""
	}
	return "; in its place, " + c.say("limits.rlimits.as", l.Text) + " limits the address space of each process"
}

// scopeKey is what asks for the scope.
func (c *compiler) scopeKey() string {
	if c.p.Scope.Mode != config.ScopeImplied {
		return "scope.mode"
	}
	if limits := c.p.UnitLimits(); len(limits) > 0 {
		return limits[0].Key
	}
	return "scope.mode"
}

// degraded notes that something that the profile asks for is not done here.
func (c *compiler) degraded(key, format string, args ...any) {
	c.notef(key, format, args...)
	c.notes[len(c.notes)-1].Degraded = true
}

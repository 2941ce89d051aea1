package config

import (
	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/systemd"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// unitLimitKeys are the limits that a control group enforces.
func unitLimitKeys() []string {
	return []string{"limits.memory", "limits.swap", "limits.tasks", "limits.cpu"}
}

// limits checks what goes with limits of a control group.
func (c *checker) limits() {
	limits := c.p.UnitLimits()
	if c.p.Limits.Optional && len(limits) == 0 && c.sound(unitLimitKeys()...) {
		c.misplaced("limits.optional", "needs %s", lang.Words(unitLimitKeys()))
	}
	for _, l := range limits {
		if c.p.Scope.Mode == ScopeOff && c.sound("scope.mode") {
			c.problem("scope.mode", "%s needs a scope, want %q or %q, got %q", l.Key, ScopeAuto, ScopeRequired, ScopeOff)
			break
		}
	}
	for _, o := range c.p.Scope.Properties {
		for _, l := range limits {
			if l.Name == o.Name {
				c.twice(o, l.Key)
			}
		}
		if key := stopKey(o.Name); key != "" {
			if _, written := c.p.origins[key]; written {
				c.twice(o, key)
			}
		}
	}
}

// stopKey returns the key that else gives the property of that name its value.
func stopKey(name string) string {
	switch name {
	case "KillSignal":
		return "process.stop_signal"
	case "TimeoutStopSec":
		return "process.stop_timeout"
	}
	return ""
}

// twice notes a property that the key sets, too.
func (c *checker) twice(o Property, key string) {
	by := key
	if pos := c.p.origins.KeyPos(key); !pos.IsZero() {
		by += ", at " + pos.String()
	}
	c.misplaced(o.Key, "set already by %s", by)
}

// scope checks what only a scope has, and what its manager has to be.
func (c *checker) scope() {
	s := c.p.Scope
	if s.Machine && c.sound("scope.machine") {
		if s.Bus == BusUser && c.sound("scope.bus") {
			c.misplaced("scope.machine", "needs scope.bus = %q or %q (it is %q)", BusAuto, BusSystem, BusUser)
		}
		if !systemd.MachineName(c.p.Name) && c.sound("name") {
			c.misplaced("scope.machine", "needs a name of letters, digits and single \".\" and \"-\" between them (it is %q)", c.p.Name)
		}
	}
	if s.Mode != ScopeOff || !c.sound("scope.mode") || !c.sound(unitLimitKeys()...) {
		return
	}
	for _, o := range []struct {
		name  string
		given bool
	}{
		{"bus", s.Bus != BusAuto && s.Bus != ""},
		{"unit", s.Unit != ""},
		{"slice", s.Slice != ""},
		{"description", s.Description != ""},
		{"delegate", s.Delegate},
		{"machine", s.Machine},
		{"properties", len(s.Properties) > 0},
	} {
		if o.given {
			c.misplaced(toml.JoinKey("scope", o.name), "needs scope.mode = %q or %q (it is %q)", ScopeAuto, ScopeRequired, ScopeOff)
		}
	}
}

func (c *checker) service() {
	if c.p.Service.Notify == NotifyCommand && c.sound("service.notify") && c.lacks(Mount) {
		// The command's socket is put into its own tree.
		c.needs("service.notify", Mount)
	}
}

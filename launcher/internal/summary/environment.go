package summary

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// environmentOf says which variables of a command have the caller's values.
func environmentOf(p *plan.Plan, env []string) *Environment {
	e := &Environment{Set: []string{}}
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if _, set := p.Source.Env.Set[name]; !set && matches(p.Source.Env.Inherit, name) && slices.Contains(p.Host.Env, v) {
			e.Inherited = append(e.Inherited, name)
		} else {
			e.Set = append(e.Set, name)
		}
	}
	return e
}

// namesOf are the names of variables.
func namesOf(env []string) []string {
	names := []string{}
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// private are the inherited variables that may hold a secret: all but those that say only where programs are and how they talk.
func (e *Environment) private() []string {
	if e == nil {
		return nil
	}
	usual := append(config.DefaultInherit(), "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "COLORTERM", "LANGUAGE", "NO_COLOR", "CI")
	return slices.DeleteFunc(slices.Clone(e.Inherited), func(name string) bool { return matches(usual, name) })
}

// matches reports whether a name is one of a list, in which "LC_*" is each that begins so.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, any := strings.CutSuffix(pattern, "*")
		return name == pattern || any && strings.HasPrefix(name, prefix)
	})
}

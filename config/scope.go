package config

import (
	"strings"
	"unicode"
)

// Scope says whether the sandbox is a unit of systemd: a transient scope; see
// systemd.scope(5).
type Scope struct {
	Mode        ScopeMode
	Bus         Bus
	Unit        string // its whole name, "web.scope"; "": a name of its own for each launch
	Slice       string // "ci.slice"; "": the manager's default
	Description string // "": one that names the sandbox
	Delegate    bool   // the sandbox may manage the cgroups below its own
	Machine     bool   // registered with systemd-machined(8), too
	Properties  []Property
}

// ScopeMode says whether there is a scope.
type ScopeMode string

const (
	ScopeOff      ScopeMode = "off"      // none (default)
	ScopeAuto     ScopeMode = "auto"     // one if a manager is there; inside a service its unit is kept
	ScopeRequired ScopeMode = "required" // one, or the launch fails
	// ScopeImplied is what limits ask for where no mode is written: as
	// required, but inside a service its unit is kept; never written in a profile.
	ScopeImplied ScopeMode = "implied"
)

// Bus says which of systemd's managers is asked.
type Bus string

const (
	BusAuto   Bus = "auto"   // the system's for root, else the user's (default)
	BusSystem Bus = "system" // process 1
	BusUser   Bus = "user"   // the caller's own, systemd --user
)

// Service says what a service manager that started nslaunch and the command have of each other; see
// sd_notify(3), sd_listen_fds(3), systemd.exec(5).
type Service struct {
	Notify      Notify
	ListenFDs   bool // sockets of the unit's .socket are passed in
	Credentials bool // so is $CREDENTIALS_DIRECTORY
}

// Notify says who tells the manager that the service is ready.
type Notify string

const (
	NotifyNone    Notify = "none"    // nobody (default)
	NotifyExec    Notify = "exec"    // nslaunch, as soon as the command's program runs
	NotifyCommand Notify = "command" // the command; nslaunch passes its messages on
)

func scopeFields(s *Scope) []field {
	return []field{
		{name: "mode", typ: enum(&s.Mode, ScopeOff, ScopeAuto, ScopeRequired)},
		{name: "bus", typ: enum(&s.Bus, BusAuto, BusSystem, BusUser)},
		{name: "unit", typ: to(&s.Unit, scopeUnit())},
		{name: "slice", typ: to(&s.Slice, slice())},
		{name: "description", typ: to(&s.Description, kind[string]{readDescription, filledText().shapes})},
		{name: "delegate", off: asRead, typ: boolean(&s.Delegate)},
		{name: "machine", off: asRead, typ: boolean(&s.Machine)},
		{name: "properties", typ: propertiesType{&s.Properties}},
	}
}

func serviceFields(s *Service) []field {
	return []field{
		{name: "notify", typ: enum(&s.Notify, NotifyNone, NotifyExec, NotifyCommand)},
		{name: "listen_fds", off: asRead, typ: boolean(&s.ListenFDs)},
		{name: "credentials", off: asRead, typ: boolean(&s.Credentials)},
	}
}

// readDescription reads what systemctl(1) shows in a line.
func readDescription(d *decoder, v value) (string, bool) {
	s, ok := d.str(v)
	if ok && strings.ContainsFunc(s, unicode.IsControl) {
		d.problem(v, "want one line without control characters, got %q", s)
		return "", false
	}
	return s, ok
}

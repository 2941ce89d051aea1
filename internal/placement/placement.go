// Package placement is what nslaunch and nslaunch-scope say to each other: one
// [Request] on the standard input of nslaunch-scope, one [Response] on its
// standard output, both a line of JSON. Descriptor 3 of nslaunch-scope is a pidfd of
// the process to place.
package placement

import "github.com/nslaunch/nslaunch/config"

// Request asks a manager for a scope, or about the unit that the caller is in.
type Request struct {
	Bus     config.Bus `json:"bus"`     // system or user
	Address string     `json:"address"` // the D-Bus address: "unix:path=/run/systemd/private"
	Private bool       `json:"private"` // there is the manager itself, without a bus

	PID int `json:"pid"` // of the process to place, as its caller sees it

	// Unit is the scope's name; with Keep, that of the unit that stays.
	Unit  string `json:"unit"`
	Fixed bool   `json:"fixed"` // the profile chose the name
	// Keep: no scope is made. The unit is the service that the process is in; its own
	// limits are checked to be no looser than Limits.
	Keep bool `json:"keep"`

	Description string `json:"description,omitempty"`
	Slice       string `json:"slice,omitempty"`
	Delegate    bool   `json:"delegate,omitempty"`
	Machine     string `json:"machine,omitempty"` // register with machined by this name
	// Service is the unit that the caller is in, at whose end the scope ends, too.
	Service    string            `json:"service,omitempty"`
	Properties []config.Property `json:"properties,omitempty"`
	// Limits are the names of those Properties that must be enforced.
	Limits   []string `json:"limits,omitempty"`
	Optional bool     `json:"optional,omitempty"` // a limit that is not is a note

	// Watch: nslaunch-scope stays until its standard input ends, then ends what is left of the
	// scope, and exits when that is gone.
	Watch bool `json:"watch,omitempty"`
}

// Response is the outcome of a [Request].
type Response struct {
	Unit         string `json:"unit,omitempty"`
	ControlGroup string `json:"control_group,omitempty"` // as the manager names it: "/system.slice/x.scope"
	// Cgroup is the directory of the control group; "" if none is found.
	Cgroup string `json:"cgroup,omitempty"`
	Notes  []Note `json:"notes,omitempty"`
	Error  *Error `json:"error,omitempty"`
}

// Note is a remark on a property.
type Note struct {
	Property string `json:"property,omitempty"` // its name; "": none
	Text     string `json:"text"`
}

// Error says why there is no scope.
type Error struct {
	Message  string `json:"message"`
	Name     string `json:"name,omitempty"`     // of the D-Bus error
	Property string `json:"property,omitempty"` // that was refused
	Setting  string `json:"setting,omitempty"`  // of the scope that was refused: unit, slice, machine, bus, delegate
	Cause    string `json:"cause,omitempty"`
	Cure     string `json:"cure,omitempty"`
	// Absent: nobody at the address is a manager.
	Absent bool `json:"absent,omitempty"`
}

func (e *Error) Error() string { return e.Message }

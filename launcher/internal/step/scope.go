package step

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"golang.org/x/sys/unix"
)

// Placement asks for a unit of systemd for a sandbox.
type Placement struct {
	PID   int // the sandbox's first process, which waits
	PIDFD int // of it; closed by the launcher

	Manager host.Manager
	// Unit is the scope's name or, with Keep, that of the service that the
	// caller is in and that the sandbox stays in.
	Unit    string
	Fixed   bool   // the profile chose the name
	Keep    bool   // only Limits are checked
	Service string // the service to end with; "": none
	// Watch: what is left of the scope has to be ended at [Placed.End], and if this process is
	// killed. Otherwise the kernel does it, with the pid namespace.
	Watch   bool
	Profile *config.Profile
}

// Placed is a unit that a sandbox is in.
type Placed struct {
	Unit   string
	Cgroup string // directory of its control group; "" if that is not known
	End    func() // called once the sandbox has ended, also where its launch failed; may be nil
}

// PlaceError says why a sandbox cannot be in the unit that its profile asks for.
type PlaceError struct {
	Key         string // of the profile, to blame; "": the section
	Message     string
	Cause, Cure string
}

func (e *PlaceError) Error() string { return e.Message }

// PlaceInScope makes a transient scope with the waiting child in it.
type PlaceInScope struct {
	Manager    host.Manager
	Name       string
	Unit       string // "" for a name of its own
	Slice      string
	Service    string
	Delegate   bool
	Machine    bool
	Watch      bool
	Properties []config.Property
}

func (a PlaceInScope) String() string {
	unit := a.Unit
	if unit == "" {
		unit = scopeName(a.Name, "ID")
	}
	text := fmt.Sprintf("place the sandbox in the scope %s of %s", unit, a.Manager)
	if a.Slice != "" {
		text += ", in " + a.Slice
	}
	if a.Service != "" {
		text += ", bound to " + a.Service
	}
	if a.Delegate {
		text += ", delegated"
	}
	if a.Machine {
		text += ", registered as machine " + a.Name
	}
	if a.Watch {
		text += ", ended with the sandbox"
	}
	return text + propertyWords(a.Properties)
}

func propertyWords(properties []config.Property) string {
	var b strings.Builder
	for i, p := range properties {
		b.WriteString([]string{", with ", " "}[min(i, 1)])
		text := p.Text
		if len(p.Words) > 1 {
			text = strings.Join(p.Words, " ")
		}
		if strings.Contains(text, " ") {
			text = `"` + text + `"`
		}
		b.WriteString(p.Name + "=" + text)
	}
	return b.String()
}

func (a PlaceInScope) Apply(l Launch) error {
	unit := a.Unit
	if unit == "" {
		var id [8]byte
		if _, err := unix.Getrandom(id[:], 0); err != nil {
			return err
		}
		unit = scopeName(a.Name, fmt.Sprintf("%x", id))
	}
	return l.Place(Placement{Manager: a.Manager, Unit: unit, Fixed: a.Unit != "", Service: a.Service, Watch: a.Watch})
}

// scopeName makes a scope's name of a sandbox's; see "String Escaping" in systemd.unit(5).
func scopeName(name, id string) string {
	const longest = 255
	var b strings.Builder
	for _, c := range []byte(name) {
		if strings.IndexByte(":-_.", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	prefix, suffix := "nslaunch-"+b.String(), "-"+id+".scope"
	return prefix[:min(len(prefix), longest-len(suffix))] + suffix
}

// KeepUnit leaves the sandbox in the service that the launcher is in.
type KeepUnit struct {
	Unit    host.Unit
	Manager host.Manager
	Limits  []config.Property
}

func (a KeepUnit) String() string {
	text := "stay in the service " + a.Unit.Name
	if len(a.Limits) > 0 {
		text += ", whose limits must be at least as tight" + propertyWords(a.Limits)
	}
	return text
}

func (a KeepUnit) Apply(l Launch) error {
	if len(a.Limits) == 0 {
		return nil
	}
	return l.Place(Placement{Manager: a.Manager, Unit: a.Unit.Name, Keep: true})
}

package config

import (
	"strings"
	"unicode"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/systemd"
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

// Notify is who reports to the manager that the service is ready.
type Notify string

const (
	NotifyNone    Notify = "none"    // nobody (default)
	NotifyExec    Notify = "exec"    // nslaunch, as soon as the command's program runs
	NotifyCommand Notify = "command" // the command; nslaunch passes its messages on
)

func scopeFields(s *Scope) []lang.Field {
	return []lang.Field{
		{Name: "mode", Type: lang.Enum(&s.Mode, ScopeOff, ScopeAuto, ScopeRequired)},
		{Name: "bus", Type: lang.Enum(&s.Bus, BusAuto, BusSystem, BusUser)},
		{Name: "unit", Type: lang.To(&s.Unit, systemd.ScopeUnit())},
		{Name: "slice", Type: lang.To(&s.Slice, systemd.Slice())},
		{Name: "description", Type: lang.To(&s.Description, lang.KindOf(readDescription, lang.FilledText().Shapes))},
		{Name: "delegate", Off: lang.AsRead, Type: lang.Bool(&s.Delegate)},
		{Name: "machine", Off: lang.AsRead, Type: lang.Bool(&s.Machine)},
		{Name: "properties", Type: systemd.Properties(&s.Properties)},
	}
}

func serviceFields(s *Service) []lang.Field {
	return []lang.Field{
		{Name: "notify", Type: lang.Enum(&s.Notify, NotifyNone, NotifyExec, NotifyCommand)},
		{Name: "listen_fds", Off: lang.AsRead, Type: lang.Bool(&s.ListenFDs)},
		{Name: "credentials", Off: lang.AsRead, Type: lang.Bool(&s.Credentials)},
	}
}

// readDescription reads what systemctl(1) shows in a line.
func readDescription(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	if ok && strings.ContainsFunc(s, unicode.IsControl) {
		d.Problem(v, "want one line without control characters, got %q", s)
		return "", false
	}
	return s, ok
}

// SizeText returns a number of bytes in the notation of a profile, with the largest suffix that it is a multiple of: "512M".
func SizeText(n uint64) string { return systemd.SizeText(n) }

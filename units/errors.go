package units

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"golang.org/x/sys/unix"
)

// Names of errors, see bus-common-errors.h of systemd and the D-Bus specification.
const (
	errUnitExists   = "org.freedesktop.systemd1.UnitExists"
	errNoSuchUnit   = "org.freedesktop.systemd1.NoSuchUnit"
	errUnitMasked   = "org.freedesktop.systemd1.UnitMasked"
	errShuttingDown = "org.freedesktop.systemd1.ShuttingDown"
	errNoProcess    = "org.freedesktop.systemd1.NoSuchProcess"
	errPIDUnknown   = "org.freedesktop.DBus.Error.UnixProcessIdUnknown"
	errInteractive  = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
	errAccess       = "org.freedesktop.DBus.Error.AccessDenied"
	errReadOnly     = "org.freedesktop.DBus.Error.PropertyReadOnly"
	errUnknownProp  = "org.freedesktop.DBus.Error.UnknownProperty"
	errNoOwner      = "org.freedesktop.DBus.Error.NameHasNoOwner"
	errNoService    = "org.freedesktop.DBus.Error.ServiceUnknown"
	errSpawn        = "org.freedesktop.DBus.Error.Spawn."
	errInvalid      = "org.freedesktop.DBus.Error.InvalidArgs"
	errNoReply      = "org.freedesktop.DBus.Error.NoReply"
	errDisconnected = "org.freedesktop.DBus.Error.Disconnected"
)

// nameOf is the name of a D-Bus error; "" of another one.
func nameOf(err error) string {
	var e dbus.Error
	if errors.As(err, &e) {
		return e.Name
	}
	return ""
}

// wordsOf is what err says, without its name.
func wordsOf(err error) string {
	var e dbus.Error
	if errors.As(err, &e) && len(e.Body) > 0 {
		if s, ok := e.Body[0].(string); ok {
			return strings.TrimSuffix(s, ".")
		}
	}
	return err.Error()
}

// refusal is an error with the message of the program that refused, and its name.
func refusal(who string, err error) *placement.Error {
	var known *placement.Error
	if errors.As(err, &known) {
		return known
	}
	e := &placement.Error{Message: who + ": " + wordsOf(err), Name: nameOf(err)}
	if e.Name != "" {
		e.Message += " (" + e.Name + ")"
	}
	return e
}

// explainConnect says why no manager could be reached.
func (m *manager) explainConnect(err error) *placement.Error {
	e := refusal("no connection to "+m.called()+" at "+m.address, err)
	switch {
	case errors.As(err, new(*placement.Error)):
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOTDIR):
		e.Absent = true
		e.Cause, e.Cure = "no manager runs there", m.noManagerCure()
	case e.Name == errNoOwner, e.Name == errNoService, strings.HasPrefix(e.Name, errSpawn):
		e.Absent = true
		e.Cause, e.Cure = "there is a bus, but no systemd on it", m.noManagerCure()
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		e.Setting = "bus"
		e.Cause, e.Cure = "only its owner may use the manager's own socket", m.otherBus()
	case errors.Is(err, context.DeadlineExceeded):
		e.Cause, e.Cure = "it does not answer", m.hangCure()
	case e.Name == "":
		e.Setting = "bus"
		e.Cause = "it refuses connections from user " + fmt.Sprint(unix.Getuid())
		e.Cure = m.otherBus()
	}
	return e
}

func (m *manager) noManagerCure() string {
	if m.bus == config.BusUser {
		return "log in by a session that starts one, or, as root, loginctl enable-linger USER"
	}
	return `scope.mode = "auto", to run without one`
}

func (m *manager) otherBus() string {
	if m.bus == config.BusSystem && unix.Getuid() != 0 {
		return `scope.bus = "user"`
	}
	return `run nslaunch as the user whose manager it is`
}

func (m *manager) hangCure() string {
	return "see what " + m.called() + " is doing: " + m.systemctl() + " list-jobs"
}

// explain says why there is no scope; all is what was asked for.
func (m *manager) explain(err error, r placement.Request, all []setting) *placement.Error {
	e := refusal(m.called()+" refused "+r.Unit, err)
	switch name := e.Name; {
	case errors.As(err, new(*placement.Error)):
	case errors.Is(err, context.DeadlineExceeded), name == errNoReply:
		e.Message = fmt.Sprintf("%s did not answer about %s within %s", m.called(), r.Unit, limit)
		e.Cause, e.Cure = "it hangs or is overloaded", m.hangCure()
	case name == "" && m.alive() || errors.Is(err, context.Canceled):
		e.Message = r.Unit + ": " + wordsOf(err)
	case name == "", name == errDisconnected:
		e.Message = fmt.Sprintf("the connection to %s ended while it started %s", m.called(), r.Unit)
		e.Cause, e.Cure = "it, or the bus, was restarted or ended", "try again"
	case name == errInteractive, name == errAccess:
		e.Setting = "bus"
		e.Cause = fmt.Sprintf("user %d is not allowed to start units of %s", unix.Getuid(), m.called())
		e.Cure = m.otherBus()
	case name == errPIDUnknown, name == errNoProcess:
		e.Cause, e.Cure = "the sandbox's first process has ended, or is not visible to the manager", "start nslaunch in the manager's pid namespace"
	case name == errShuttingDown:
		e.Cause = "the machine, or the user's session, is being shut down"
	case name == errUnitMasked && r.Slice != "" && strings.Contains(e.Message, r.Slice):
		e.Setting, e.Cause, e.Cure = "slice", "the slice is masked", m.systemctl()+" unmask "+r.Slice
	default:
		m.blame(e, all)
	}
	return e
}

// blame finds in the message of a refusal the property that it is about.
func (m *manager) blame(e *placement.Error, all []setting) {
	words := strings.FieldsFunc(e.Message, func(c rune) bool {
		return !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
	})
	for _, w := range words {
		for _, s := range all {
			if s.source == w || s.Name == w {
				m.accuse(e, s)
				return
			}
		}
	}
	for _, s := range all { // such as "Invalid unit name 'a/b.slice'"
		for _, v := range names(s.Value.Value()) {
			if (s.key == "slice" || e.Name == errNoSuchUnit) && strings.Contains(e.Message, v) {
				m.accuse(e, s)
				return
			}
		}
	}
	if e.Name == errInvalid && strings.Contains(e.Message, "nvalid unit name or type") {
		e.Setting = "unit"
		e.Cause, e.Cure = "a name of a scope has at most 255 letters, digits and :-_.\\ and ends in .scope", "another name"
	}
}

// names are the names of units in a value.
func names(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// accuse says that a setting was refused.
func (m *manager) accuse(e *placement.Error, s setting) {
	e.Property, e.Setting = s.source, s.key
	what := s.source
	if what == "" {
		what = s.Name
	}
	if e.Name == errReadOnly || e.Name == errUnknownProp {
		e.Cause = fmt.Sprintf("%s has no %s for scopes", m.version(), what)
		e.Cure = "remove it, or use a newer systemd"
		return
	}
	if e.Name == errNoSuchUnit {
		e.Cause = fmt.Sprintf("it has no unit %s, which %s names", strings.Join(names(s.Value.Value()), ", "), what)
		return
	}
	e.Cause = fmt.Sprintf("%s does not accept this value of %s", m.version(), what)
	if s.key == "slice" {
		e.Cure = `a name such as "ci.slice"; each "-" in it starts a level: "ci-build.slice" is in "ci.slice"`
	}
}

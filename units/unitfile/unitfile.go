// Package unitfile makes the unit file of a service that runs a profile; see
// systemd.service(5). nslaunch is the main process of that service: systemd signals it alone, and hears
// of readiness from it alone.
package unitfile

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/nslaunch/nslaunch/config"
)

// Options are what a unit depends on besides its profile.
type Options struct {
	Nslaunch string   // absolute path of the program
	Profile  string   // absolute path of the profile
	User     bool     // for a user's own manager, systemd --user
	Env      []string // NAME=VALUE, of the service
	Flags    []string // of nslaunch, before the profile: --set KEY=VALUE, --var NAME=VALUE
}

const header = "# Made by \"nslaunch unit\" from the profile in ExecStart=. Make it again when that changes.\n\n"

// Service returns the text of a .service file. It depends on nothing but p and o, and p is what
// the service will read: with the variables that it will have.
func Service(p *config.Profile, o Options) (string, error) {
	command, err := execStart(o.Nslaunch, o.Profile, o.Flags)
	if err != nil {
		return "", err
	}
	check, err := execStart(o.Nslaunch, o.Profile, append([]string{"check"}, o.Flags...))
	if err != nil {
		return "", err
	}
	environment, err := assignments(o.Env)
	if err != nil {
		return "", err
	}
	f := &file{}
	f.unitSection(p, o)
	f.serviceSection(p, o, check, command, environment)
	f.installSection(p, o)
	text, err := io.ReadAll(unit.Serialize(f.options))
	return header + string(text), err
}

// file is a unit file in the making.
type file struct{ options []*unit.UnitOption }

func (f *file) add(section, name, value string) {
	f.options = append(f.options, unit.NewUnitOption(section, name, value))
}

func (f *file) unitSection(p *config.Profile, o Options) {
	f.add("Unit", "Description", line(cmp.Or(p.Scope.Description, "Sandbox "+p.Name)))
	// No SourcePath=, the profile's: systemctl would show that in the place of the unit's own, and to
	// reload the manager, as it says when the profile is newer, changes no unit.
	if !o.User && !p.Namespaces.New(config.Net) {
		f.add("Unit", "After", "network.target") // which a user's manager does not have
	}
	if paths := mountsFor(p, o.Profile); len(paths) > 0 {
		f.add("Unit", "RequiresMountsFor", strings.Join(paths, " "))
	}
	f.properties("Unit", p, ofUnits)
}

func (f *file) serviceSection(p *config.Profile, o Options, check, command string, environment []string) {
	add := func(name, value string) { f.add("Service", name, value) }
	if p.Service.Notify == config.NotifyNone || p.Service.Notify == "" {
		// A start fails if nslaunch cannot be executed. Nobody would say more.
		add("Type", "exec")
	} else {
		add("Type", "notify")
		add("NotifyAccess", "main") // the command's messages come by nslaunch
	}
	for _, e := range environment {
		add("Environment", e)
	}
	// With Type=exec a start succeeds once nslaunch is executed. Where the profile is missing or wrong it has to fail.
	add("ExecStartPre", check)
	add("ExecStart", command)
	add("SuccessExitStatus", stopped(p))
	// What nslaunch itself fails with fails again: the profile is wrong, or its command is missing.
	add("RestartPreventExitStatus", "125 126 127")
	// SIGTERM goes to nslaunch alone, which sends process.stop_signal to the command. Only this unit's
	// TimeoutStopSec follows it up with SIGKILL, for all that is left: it is the stop_timeout itself.
	add("KillMode", "mixed")
	add("KillSignal", "SIGTERM")
	if wantsSocket(p) {
		// The sockets come without this line, too, but only if they were started before.
		add("Sockets", "%N.socket")
	}
	if p.Scope.Slice != "" && !ownScope(p) {
		add("Slice", p.Scope.Slice)
	}
	if p.Scope.Delegate && !ownScope(p) {
		add("Delegate", "yes")
	}
	f.properties("Service", p, ofServices)
	for _, h := range hardening(p, o.User) {
		add(h.name, h.value)
	}
}

func (f *file) installSection(p *config.Profile, o Options) {
	target := "multi-user.target"
	if o.User {
		target = "default.target"
	}
	f.add("Install", "WantedBy", target)
	if wantsSocket(p) {
		f.add("Install", "Also", "%N.socket")
	}
}

// wantsSocket reports whether the unit names its .socket. A preset only allows for one, which need not exist:
// a unit that names a missing socket cannot be enabled.
func wantsSocket(p *config.Profile) bool {
	return p.Service.ListenFDs && !config.IsPreset(p.Origin("service.listen_fds").Pos.File)
}

// ownScope reports whether nslaunch makes a scope even in a service. What the profile says of
// the unit is then the scope's, and the service has nslaunch alone in it.
func ownScope(p *config.Profile) bool { return p.Scope.Mode == config.ScopeRequired }

// Where a property goes in a unit file.
type place int

const (
	ofUnits place = iota
	ofServices
	ofNone
)

func placeOf(name string) place {
	switch name {
	case "BindsTo", "Requires", "Wants", "After", "Before", "PartOf", "Conflicts":
		return ofUnits
	case "KillMode", "KillSignal":
		return ofNone // they are nslaunch's affair in a service
	}
	return ofServices
}

// Ignored returns the properties of the profile that its service does not have, as nslaunch is
// its main process.
func Ignored(p *config.Profile) []config.Property {
	if ownScope(p) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.Scope.Properties), func(s config.Property) bool { return placeOf(s.Name) != ofNone })
}

// properties adds those that belong into a section.
func (f *file) properties(section string, p *config.Profile, where place) {
	for _, s := range p.ScopeProperties() {
		switch {
		case placeOf(s.Name) != where:
		case ownScope(p) && s.Name != "TimeoutStopSec":
		case len(s.Words) == 0 || strings.Join(s.Words, " ") == s.Text:
			f.add(section, s.Name, s.Text)
		default:
			for _, w := range s.Words {
				first, rest, _ := strings.Cut(w, " ") // the path of a device, and its value
				f.add(section, s.Name, strings.TrimSuffix(word(percents(first))+" "+rest, " "))
			}
		}
	}
}

// stopped are the exit statuses of nslaunch after SIGTERM: that of a command which died of its
// stop signal, and, before the command runs, of the launch. systemd takes both deaths for
// success where a program has no launcher.
func stopped(p *config.Profile) string {
	statuses := []int{128 + 15}
	plain := *p
	plain.Scope.Properties = nil // one of these would stand in the signal's place
	for _, s := range plain.ScopeProperties() {
		if s.Name == "KillSignal" {
			statuses = append(statuses, 128+int(s.Number))
		}
	}
	slices.Sort(statuses)
	var words []string
	for _, n := range slices.Compact(statuses) {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, " ")
}

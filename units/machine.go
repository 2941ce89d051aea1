package units

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"golang.org/x/sys/unix"
)

const (
	machined = "org.freedesktop.machine1"
	// systemBus is where machined is if the manager's own socket was used.
	systemBus = "unix:path=/run/dbus/system_bus_socket"
)

// machineFits reports, before anything is made, whether machined could have the machine.
func machineFits(r placement.Request) error {
	if r.Machine == "" || r.Bus != config.BusUser {
		return nil
	}
	// It would take user@UID.service for the machine's unit, and end that.
	return &placement.Error{
		Message: fmt.Sprintf("systemd-machined cannot register the machine %q", r.Machine), Setting: "machine",
		Cause: "it only knows units of the system's manager", Cure: `scope.bus = "system"`,
	}
}

// register makes the unit known to systemd-machined(8): it finds the unit by the process, and
// ends it when it is asked to terminate the machine.
func (u *Unit) register(ctx context.Context) error {
	address := u.address
	if u.private {
		address = systemBus
	}
	bus, err := dial(ctx, address)
	if err == nil {
		defer bus.Close()
		defer context.AfterFunc(ctx, func() { bus.Close() })()
		if err = greet(bus, true); err == nil {
			err = registerAt(ctx, bus, address, u.request)
		}
	}
	if err == nil {
		return nil
	}
	return u.explainMachine(timely(ctx, err))
}

func registerAt(ctx context.Context, bus *dbus.Conn, address string, r placement.Request) error {
	var started uint32
	err := bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.StartServiceByName", 0, machined, uint32(0)).Store(&started)
	if err != nil {
		return err
	}
	// It takes a pid, which must mean the same process to it.
	pid, err := servedBy(address)
	if err == nil {
		err = inOurPIDNamespace(pid)
	}
	if err == nil {
		err = ownerSharesPIDs(ctx, bus, machined)
	}
	if err != nil {
		return err
	}
	manager := bus.Object(machined, "/org/freedesktop/machine1")
	return manager.CallWithContext(ctx, machined+".Manager.RegisterMachine", 0,
		r.Machine, []byte{}, "nslaunch", "container", uint32(r.PID), "/").Err
}

func (u *Unit) explainMachine(err error) *placement.Error {
	e := refusal(fmt.Sprintf("systemd-machined refused the machine %q", u.request.Machine), err)
	e.Setting = "machine"
	switch e.Name {
	case machined + ".MachineExists":
		e.Cause = "a machine of that name is running"
		e.Cure = "see machinectl list; machinectl terminate " + u.request.Machine + " ends it"
	case errNoService, errNoSuchUnit:
		e.Cause, e.Cure = "systemd-machined is not installed", "install it (package systemd-container), or scope.machine = false"
	case errInteractive, errAccess:
		e.Cause = fmt.Sprintf("user %d is not allowed to register machines", unix.Getuid())
		e.Cure = "run nslaunch as root, or scope.machine = false"
	case errInvalid:
		e.Cause = "it accepts only host names"
		e.Cure = `name = "…" with only letters, digits, "-" and "."`
	case "":
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED) {
			e.Cause, e.Cure = "systemd-machined needs the system bus, and there is none", "start dbus.socket, or scope.machine = false"
		}
	}
	return e
}

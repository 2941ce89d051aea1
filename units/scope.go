package units

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// limit bounds a placement, and the ending of what is left of it.
const limit = 30 * time.Second

// Unit is a unit of systemd that a process was placed in.
type Unit struct {
	*manager
	request placement.Request
	pidfd   int
	group   string // its control group, as the manager names it
	path    string // and as this process names it
	in      string // the hierarchy of path: "" is version 2
	cgroups cgroups
	mounts  []mountprop.Mount
	made    bool   // the manager said that it made it
	id      string // its invocation: another unit of the same name has another
	notes   []placement.Note
}

// setting is a property of the unit, with where it comes from: one of the
// profile's properties, or a key of its section [scope].
type setting struct {
	systemd.Property
	source, key string
}

// Place places the process of a pidfd as r asks. The unit is nil if the
// response has an error: then nothing is left of it.
func Place(ctx context.Context, r placement.Request, pidfd int) (*Unit, placement.Response) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	u, err := place(ctx, r, pidfd)
	if err != nil {
		return nil, placement.Response{Error: refusal(r.Unit, err)}
	}
	response := placement.Response{Unit: r.Unit, ControlGroup: u.group, Notes: u.notes}
	if u.in == "" {
		response.Cgroup, _ = directory(u.mounts, "", u.path)
	}
	return u, response
}

func place(ctx context.Context, r placement.Request, pidfd int) (*Unit, error) {
	switch pid, err := pidOf(pidfd); {
	case err != nil:
		return nil, err
	case pid != r.PID:
		return nil, fmt.Errorf("the process to place is %d, and its pidfd is one of process %d", r.PID, pid)
	}
	if err := machineFits(r); err != nil {
		return nil, err
	}
	all, err := settings(r)
	if err != nil {
		return nil, err
	}
	m, err := connect(ctx, r)
	if err != nil {
		return nil, err
	}
	u := &Unit{manager: m, request: r, pidfd: pidfd}
	if r.Keep {
		err = u.keep(ctx)
	} else {
		err = u.start(ctx, all)
	}
	if err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

// settings are the properties of a new scope, except the process.
func settings(r placement.Request) ([]setting, error) {
	own := func(key, name string, value any) setting {
		return setting{systemd.Property{Name: name, Value: dbus.MakeVariant(value)}, "", key}
	}
	all := []setting{own("", "CollectMode", "inactive-or-failed")}
	if r.Description != "" {
		all = append(all, own("description", "Description", r.Description))
	}
	if r.Slice != "" {
		all = append(all, own("slice", "Slice", r.Slice))
	}
	if r.Delegate {
		all = append(all, own("delegate", "Delegate", true))
	}
	if r.Service != "" {
		all = append(all, own("", "BindsTo", []string{r.Service}), own("", "After", []string{r.Service}))
	}
	for _, p := range r.Properties {
		converted, err := convert(p)
		if err != nil {
			return nil, &placement.Error{Message: err.Error(), Property: p.Name}
		}
		all = append(all, setting{converted, p.Name, ""})
	}
	return all, nil
}

// start starts the scope and proves that the process is in it. On an error
// there is no scope.
func (u *Unit) start(ctx context.Context, all []setting) error {
	job := make(chan string, 1) // a result that nobody takes would block the connection
	if err := u.ask(ctx, all, job); err != nil {
		e := u.explainRefusal(ctx, err, all)
		if e.Name == "" { // without an answer it may yet be made
			u.undo()
		}
		return e
	}
	u.made = true
	err := u.started(ctx, job)
	if err == nil {
		err = u.verify(ctx)
	}
	if err == nil && u.request.Machine != "" {
		err = u.register(ctx)
	}
	if err != nil {
		e := u.explain(err, u.request, all) // before the manager is asked anything else
		u.undo()
		return e
	}
	return nil
}

// ask has the manager start the scope: with a pidfd, which names the process whatever pid namespace
// the manager has, or with its pid where that is known to be the same to both.
func (u *Unit) ask(ctx context.Context, all []setting, job chan<- string) error {
	properties := make([]systemd.Property, 1, 1+len(all))
	for _, s := range all {
		properties = append(properties, s.Property)
	}
	// First, so that a manager that does not know it refuses it before anything else.
	properties[0] = systemd.Property{Name: "PIDFDs", Value: dbus.MakeVariant([]dbus.UnixFD{dbus.UnixFD(u.pidfd)})}
	err := u.startTransient(ctx, properties, job)
	if name := nameOf(err); name != errReadOnly && name != errUnknownProp || !strings.Contains(wordsOf(err), "PIDFDs") {
		return err
	}
	// systemd before 255.
	if err := u.sharesPIDs(ctx); err != nil {
		return &placement.Error{
			Message: fmt.Sprintf("nslaunch cannot name the process to %s: %s", u.called(), err),
			Cause:   u.version() + " accepts only a pid, and a pid means another process in another pid namespace",
			Cure:    "start nslaunch in the manager's pid namespace and with its /proc, or use systemd 255 or newer",
		}
	}
	properties[0] = systemd.PropPids(uint32(u.request.PID))
	return u.startTransient(ctx, properties, job)
}

func (u *Unit) startTransient(ctx context.Context, properties []systemd.Property, job chan<- string) error {
	_, err := u.StartTransientUnitContext(ctx, u.request.Unit, "fail", properties, job)
	if nameOf(err) == errUnitExists && u.vanishes(ctx) {
		_, err = u.StartTransientUnitContext(ctx, u.request.Unit, "fail", properties, job)
	}
	if err == nil || nameOf(err) != "" {
		return err
	}
	return timely(ctx, err)
}

// vanishes waits for a unit that has ended to be forgotten: the manager does
// that soon after, and until then the name is taken.
func (u *Unit) vanishes(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		switch state, found := u.state(ctx); {
		case !found:
			return ctx.Err() == nil
		case state == "inactive" && u.text(ctx, u.request.Unit, "Unit", "LoadState") == "not-found":
			return true
		case state != "inactive" && state != "deactivating":
			return false
		}
		if !pause(ctx) {
			return false
		}
	}
}

// state returns the unit's ActiveState, if the manager knows the unit.
func (u *Unit) state(ctx context.Context) (state string, found bool) {
	var path dbus.ObjectPath
	manager := u.calls.Object(managerName, "/org/freedesktop/systemd1")
	err := manager.CallWithContext(ctx, managerName+".Manager.GetUnit", 0, u.request.Unit).Store(&path)
	if nameOf(err) == errNoSuchUnit {
		return "", false
	}
	return u.text(ctx, u.request.Unit, "Unit", "ActiveState"), true
}

// pause is the time between two looks at what the manager is about to do.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(5 * time.Millisecond):
		return true
	}
}

// started waits for the end of the job that starts the scope.
func (u *Unit) started(ctx context.Context, job <-chan string) error {
	result, err := u.wait(ctx, job)
	if err != nil || result == "done" {
		return err
	}
	e := &placement.Error{Message: fmt.Sprintf("%s could not start %s: %s", u.called(), u.request.Unit, result)}
	switch result {
	case "dependency":
		e.Cause = "a unit that the scope needs did not start: its slice, or one that it is bound to"
		e.Cure = u.systemctl() + " --failed lists what failed"
	case "canceled":
		e.Cause = "another job replaced it, such as that of " + u.systemctl() + " stop"
	default:
		if ended(u.pidfd) {
			e.Cause = "the sandbox's first process has ended"
		} else {
			e.Cause, e.Cure = "the process could not be moved", "see the manager's log: journalctl -u "+u.request.Unit
			if u.bus == config.BusUser {
				// It has no right to, and asks the system's manager on the system bus.
				e.Cause += " from the control group of nslaunch, because the user's manager needs the system's manager for that"
				e.Cure = "see the manager's log: journalctl --user -u " + u.request.Unit
			}
		}
	}
	return e
}

// verify proves that the process is in the unit's control group, which a job that is done does
// not, and that limits hold.
func (u *Unit) verify(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		err := u.locate(soon)
		if err == nil {
			break
		}
		if !u.alive() {
			return errGone
		}
		if ended(u.pidfd) || !pause(soon) {
			return err
		}
	}
	if id, err := u.property(ctx, u.request.Unit, "Unit", "InvocationID"); err == nil {
		u.id = fmt.Sprintf("%x", id)
	}
	return u.limits(ctx)
}

// locate finds the process in the unit's control group, or with Keep below it.
func (u *Unit) locate(ctx context.Context) error {
	u.group = u.text(ctx, u.request.Unit, u.kind(), "ControlGroup")
	var err error
	if u.cgroups, err = cgroupsOf(u.request.PID); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ESRCH) {
		return err
	}
	var ok bool
	if u.in, u.path, ok = u.cgroups.unit(u.group, u.request.Keep); ok && u.group != "" {
		u.mounts, err = mountprop.Self()
		return err
	}
	e := &placement.Error{Message: fmt.Sprintf("%s says that it started %s, but process %d is not in its control group %q: it is in %q",
		u.called(), u.request.Unit, u.request.PID, u.group, u.cgroups[""])}
	if u.request.Keep {
		e.Message = fmt.Sprintf("process %d is in the control group %q, not in %q, which is that of %s",
			u.request.PID, u.cgroups[""], u.group, u.request.Unit)
	}
	if ended(u.pidfd) {
		e.Cause = "the process has ended"
	}
	return e
}

// keep checks the unit that the process is in already.
func (u *Unit) keep(ctx context.Context) error {
	if err := u.verify(ctx); err != nil {
		return u.explain(err, u.request, nil)
	}
	return nil
}

// kind is the unit's type as the name of an interface: "Scope".
func (u *Unit) kind() string {
	suffix := u.request.Unit[strings.LastIndexByte(u.request.Unit, '.')+1:]
	if suffix == "" {
		return "Unit"
	}
	return strings.ToUpper(suffix[:1]) + suffix[1:]
}

package units

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"golang.org/x/sys/unix"
)

// enforced is where a limit is seen to be enforced: a controller of the kernel, and
// the file of a control group that has the limit.
type enforced struct {
	controller, file string // version 2
	oldFile          string // version 1; "": systemd sets no such limit there
}

func enforcement(property string) (enforced, bool) {
	switch property {
	case "MemoryMax":
		return enforced{"memory", "memory.max", "memory.limit_in_bytes"}, true
	case "MemorySwapMax":
		return enforced{"memory", "memory.swap.max", ""}, true
	case "TasksMax":
		return enforced{"pids", "pids.max", "pids.max"}, true
	case "CPUQuota":
		return enforced{"cpu", "cpu.max", "cpu.cfs_quota_us"}, true
	}
	return enforced{}, false
}

// limits proves that the limits hold: the manager has them for the unit, and
// the kernel for its control group.
func (u *Unit) limits(ctx context.Context) error {
	for _, name := range u.request.Limits {
		i := slices.IndexFunc(u.request.Properties, func(p config.Property) bool { return p.Name == name })
		if i < 0 {
			return fmt.Errorf("the limit %s is not a property of the request", name)
		}
		err := u.holdsLimit(ctx, u.request.Properties[i])
		switch {
		case err == nil:
		case !u.request.Optional:
			return err
		default:
			text := err.Message
			if err.Cause != "" {
				text += ": " + err.Cause
			}
			u.notes = append(u.notes, placement.Note{Property: name, Text: text})
		}
	}
	u.ineffective()
	return nil
}

// ineffective notes other properties that would limit, and do not here: the
// manager takes them all the same.
func (u *Unit) ineffective() {
	for _, p := range u.request.Properties {
		if _, known := enforcement(p.Name); !known || p.Number == config.Infinity || slices.Contains(u.request.Limits, p.Name) {
			continue
		}
		if why := u.unenforced(p.Name, config.Infinity-1); why != "" {
			u.notes = append(u.notes, placement.Note{Property: p.Name, Text: fmt.Sprintf("%s=%s is not enforced: %s", p.Name, p.Text, why)})
		}
	}
}

// holdsLimit proves one limit; nil if it does.
func (u *Unit) holdsLimit(ctx context.Context, p config.Property) *placement.Error {
	most := p.Number
	if p.Percent {
		most = share(p)
	}
	bare := p
	bare.Percent = false // the manager has made a number of it
	has, err := u.property(ctx, u.request.Unit, u.kind(), busName(bare))
	value, ok := has.(uint64)
	switch {
	case err != nil || !ok:
		return &placement.Error{Message: fmt.Sprintf("%s does not report the %s of %s: %v", u.called(), p.Name, u.request.Unit, err), Property: p.Name, Name: nameOf(err)}
	case value > most && u.request.Keep:
		return u.looser(p, value)
	case value > most:
		return &placement.Error{
			Message:  fmt.Sprintf("%s has %s=%s for %s, not %s", u.called(), p.Name, inUnits(p.Name, value), u.request.Unit, p.Text),
			Property: p.Name,
		}
	}
	if why := u.unenforced(p.Name, value); why != "" {
		return &placement.Error{
			Message:  fmt.Sprintf("%s=%s cannot be enforced", p.Name, p.Text),
			Property: p.Name, Cause: why,
			Cure: "limits.optional = true, if the sandbox may run without the limit",
		}
	}
	return nil
}

// looser is the error for a kept unit that allows more than the profile.
func (u *Unit) looser(p config.Property, value uint64) *placement.Error {
	return &placement.Error{
		Message: fmt.Sprintf("%s has %s=%s, and the profile allows at most %s",
			u.request.Unit, p.Name, inUnits(p.Name, value), p.Text),
		Property: p.Name,
		Cause:    "inside a service, the limits of its unit apply to the sandbox",
		Cure:     fmt.Sprintf("the line %s=%s in the [Service] of %s, as nslaunch unit PROFILE prints it", p.Name, p.Text, u.request.Unit),
	}
}

// inUnits prints a value of a limit in the form of a unit file.
func inUnits(property string, value uint64) string {
	switch {
	case value == config.Infinity:
		return "infinity"
	case property == "CPUQuota":
		return strconv.FormatFloat(float64(value)/1e4, 'f', -1, 64) + "%"
	}
	return strconv.FormatUint(value, 10)
}

// share is the most that a percentage of what there is can come to. The manager takes less
// where its own control group has less.
func share(p config.Property) uint64 {
	var all uint64
	if p.Name == "TasksMax" {
		all = min(numberIn("/proc/sys/kernel/pid_max"), numberIn("/proc/sys/kernel/threads-max"))
	} else {
		var info unix.Sysinfo_t
		if err := unix.Sysinfo(&info); err != nil {
			return 0
		}
		all = uint64(info.Totalram) * uint64(info.Unit)
	}
	const whole = 10000
	return all/whole*p.Number + all%whole*p.Number/whole + 1
}

func numberIn(file string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return config.Infinity
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return config.Infinity
	}
	return n
}

// unenforced says why the kernel does not limit the unit's control group as
// the manager set it; "" if it does.
func (u *Unit) unenforced(property string, most uint64) string {
	e, known := enforcement(property)
	if !known {
		return "nslaunch cannot verify that it is enforced"
	}
	file, group := e.file, u.path
	hierarchy, old := u.cgroups.hierarchy(e.controller)
	if old { // a controller is in one hierarchy alone
		file, group = e.oldFile, u.cgroups[hierarchy]
		_, ok := within(group, u.group, u.request.Keep)
		switch {
		case file == "":
			return "systemd sets no such limit on cgroups of version 1"
		case !ok:
			return fmt.Sprintf("the %s controller is not available in %s: it is one of version 1, and there the process is in %s", e.controller, u.path, group)
		}
		group, _ = within(group, u.group, u.request.Keep)
	} else if u.in != "" {
		return fmt.Sprintf("the %s controller is not available in %s", e.controller, u.path)
	}
	dir, err := directory(u.mounts, hierarchy, group)
	if err != nil {
		return fmt.Sprintf("the control group %s cannot be inspected: %v", group, err)
	}
	text, err := os.ReadFile(path.Join(dir, file))
	switch {
	case os.IsNotExist(err) && property == "MemorySwapMax" && exists(path.Join(dir, "memory.max")):
		return "this kernel does not limit swap: " + path.Join(dir, file) + " is missing"
	case os.IsNotExist(err):
		return fmt.Sprintf("the %s controller is not available in %s", e.controller, dir)
	case err != nil:
		return err.Error()
	}
	value := strings.TrimSpace(string(text))
	if old && property == "CPUQuota" {
		period, err := os.ReadFile(path.Join(dir, "cpu.cfs_period_us"))
		if err != nil {
			return err.Error()
		}
		value += " " + strings.TrimSpace(string(period))
	}
	if !tight(property, value, most) {
		return fmt.Sprintf("%s has %s", path.Join(dir, file), value)
	}
	return ""
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// tight reports whether the value of a file limits to most or less.
func tight(property, value string, most uint64) bool {
	fields := strings.Fields(value)
	if len(fields) == 0 {
		return false
	}
	n, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return false // "max", or of version 1 "-1"
	}
	if property != "CPUQuota" {
		return n <= most
	}
	if len(fields) != 2 {
		return false
	}
	period, err := strconv.ParseUint(fields[1], 10, 64)
	// Of each second; and 1 ms is the least quota that the kernel takes.
	return err == nil && period > 0 && (n*1e6/period <= most || n <= 1000)
}

package summary

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// user says who the process is. The kernel shows its ids in the caller's user namespace, and maps them for the process.
func (r *reader) user(ns Origin) User {
	status := map[string]string{}
	for line := range strings.Lines(r.text("status")) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.TrimSpace(value)
	}
	u := User{Groups: []int64{}, NoNewPrivs: status["NoNewPrivs"] == "1"}
	uids, gids := r.idMap("uid_map"), r.idMap("gid_map")
	outside := func(name string) *int64 {
		fields := strings.Fields(status[name])
		if len(fields) < 2 {
			return nil
		}
		id, err := strconv.ParseInt(fields[1], 10, 64) // the effective one
		r.note(err)
		return &id
	}
	u.HostUID, u.HostGID = outside("Uid"), outside("Gid")
	inside := func(id *int64, ranges []config.IDRange) *int64 {
		if ns == OfHost || id == nil {
			return id
		}
		return insideOf(*id, ranges)
	}
	u.UID, u.GID = inside(u.HostUID, uids), inside(u.HostGID, gids)
	for field := range strings.FieldsSeq(status["Groups"]) {
		id, err := strconv.ParseInt(field, 10, 64)
		r.note(err)
		u.keepGroup(id, ns == OfHost, gids)
	}
	set, err := strconv.ParseUint(status["CapPrm"], 16, 64) // any of them can be made effective
	r.note(err)
	all := uint64(1)<<(host.LastCap()+1) - 1
	u.setCapabilities(set, all)
	u.over(ns == OfHost, host.InitialMap(uids))
	return u
}

// idMap reads a map of ids.
func (r *reader) idMap(name string) []config.IDRange {
	ranges, err := host.ReadMap(r.path(name))
	r.note(err)
	return ranges
}

// limits are those of the control group that the launch made for the sandbox, and those that the profile set for the process.
func (r *reader) limits(t *plan.Target) Limits {
	var l Limits
	for _, one := range t.Rlimits {
		if one.Name == "nofile" && one.Soft == nofile.Original.Soft && one.Hard == nofile.Original.Hard {
			continue // most launches hand it on
		}
		l.add(one)
	}
	if t.Unit == "" || t.Cgroup == "" {
		return l
	}
	value := func(name string) string {
		text, err := os.ReadFile(t.Cgroup + "/" + name)
		if s := strings.TrimSpace(string(text)); err == nil && s != "max" {
			return s
		}
		return ""
	}
	size := func(name string) string {
		if n, err := strconv.ParseUint(value(name), 10, 64); err == nil {
			return config.SizeText(n)
		}
		return ""
	}
	l.Memory, l.Swap, l.Tasks = size("memory.max"), size("memory.swap.max"), value("pids.max")
	var quota, period float64
	if n, _ := fmt.Sscan(value("cpu.max"), &quota, &period); n == 2 && period > 0 {
		l.CPU = strconv.FormatFloat(100*quota/period, 'f', -1, 64) + "%"
	}
	return l
}

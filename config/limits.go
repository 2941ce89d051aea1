package config

import (
	"math"
	"strconv"
)

// infinity is the word for no limit.
const infinity = "infinity"

func limitsFields() []field {
	return []field{
		{name: "memory", read: func(d *decoder, v value) { d.p.Limits.memory = d.unitLimit(v, "MemoryMax", d.memoryLimit) }},
		{name: "swap", read: func(d *decoder, v value) { d.p.Limits.swap = d.unitLimit(v, "MemorySwapMax", d.swapLimit) }},
		{name: "tasks", read: func(d *decoder, v value) { d.p.Limits.tasks = d.unitLimit(v, "TasksMax", d.tasksLimit) }},
		{name: "cpu", read: func(d *decoder, v value) { d.p.Limits.cpu = d.unitLimit(v, "CPUQuota", d.cpuLimit) }},
		{name: "optional", off: asRead, read: func(d *decoder, v value) { d.boolean(v, &d.p.Limits.Optional) }},
		{name: "timeout", read: readTimeout},
		{name: "rlimits", fields: rlimitFields},
	}
}

func readTimeout(d *decoder, v value) {
	d.takes(v, oneWord(infinity))
	s, ok := d.durationText(v)
	if !ok || s == infinity {
		return
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
	case t == 0:
		d.problem(v, "want a duration above 0, or %q for none, got %q", infinity, s)
	default:
		d.p.Limits.Timeout = t
	}
}

// RlimitNames are those of getrlimit(2), at the index that is the kernel's number.
func RlimitNames() []string {
	return []string{
		"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock",
		"as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
	}
}

// inBytes tells whether the limit of that name is one of bytes.
func inBytes(name string) bool {
	switch name {
	case "fsize", "data", "stack", "core", "rss", "memlock", "as", "msgqueue":
		return true
	}
	return false
}

func rlimitFields() []field {
	names := RlimitNames()
	fields := make([]field, 0, len(names))
	for _, name := range names {
		fields = append(fields, field{name: name, read: func(d *decoder, v value) { d.readRlimit(name, v) }})
	}
	return fields
}

// readRlimit reads one limit: a value for both, or [soft, hard].
func (d *decoder) readRlimit(name string, v value) {
	r := Rlimit{Name: name}
	if d.asked() {
		d.takesRlimit(name, v)
		return
	}
	if raw, ok := v.raw.([]any); ok {
		if len(raw) != 2 {
			d.problem(v, "want [soft, hard], got an array of %d", len(raw))
			return
		}
		values, _ := d.elements(v, "")
		var softOK, hardOK bool
		r.Soft, softOK = d.rlimit(name, values[0])
		r.Hard, hardOK = d.rlimit(name, values[1])
		if !softOK || !hardOK {
			return
		}
		if r.Soft > r.Hard {
			d.problem(values[0], "the soft limit %s is above the hard limit %s", rlimitText(r.Soft), rlimitText(r.Hard))
			return
		}
	} else {
		n, ok := d.rlimit(name, v)
		if !ok {
			return
		}
		r.Soft, r.Hard = n, n
	}
	d.p.Limits.Rlimits = append(d.p.Limits.Rlimits, r)
}

// takesRlimit notes what readRlimit takes.
func (d *decoder) takesRlimit(name string, v value) {
	one := []*Shape{whole(0, math.MaxInt64)}
	if name != "nofile" {
		one = append(one, oneWord(infinity))
	}
	if inBytes(name) {
		one = append(one, like(sizePattern))
	}
	both := anyOf(one)
	d.takes(v, both, &Shape{Type: "array", Items: both, Fewest: 2, Top: 2})
}

// rlimit reads one value of the limit of that name.
func (d *decoder) rlimit(name string, v value) (uint64, bool) {
	want := `an integer or "infinity"`
	switch {
	case name == "nofile":
		want = "an integer"
	case inBytes(name):
		want = `an integer, a size such as "512M" or "infinity"`
	}
	switch raw := v.raw.(type) {
	case int64:
		if raw < 0 {
			d.problem(v, "want %s, got %d", want, raw)
			return 0, false
		}
		return uint64(raw), true
	case string:
		s, ok := d.str(v)
		switch {
		case !ok:
			return 0, false
		case s == infinity && name == "nofile":
			d.problem(v, "the kernel has no infinite number of files, want an integer")
			return 0, false
		case s == infinity:
			return RlimitInfinity, true
		case !inBytes(name):
			d.problem(v, "want %s, got %q%s", want, s, didYouMean(s, []string{infinity}))
			return 0, false
		}
		n, err := parseSize(s)
		if err == nil && n == RlimitInfinity {
			err = errTooLarge
		}
		if err != nil {
			d.problem(v, "%s, or %q for no limit", err, infinity)
			return 0, false
		}
		return n, true
	}
	d.wrongType(v, want)
	return 0, false
}

func rlimitText(n uint64) string {
	if n == RlimitInfinity {
		return infinity
	}
	return strconv.FormatUint(n, 10)
}

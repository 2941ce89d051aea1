package config

import (
	"math"
	"strconv"
	"time"
)

// infinity is the word for no limit.
const infinity = "infinity"

func limitsFields(l *Limits) []field {
	return []field{
		{name: "memory", typ: propertyType{&l.memory, "MemoryMax", memoryLimit()}},
		{name: "swap", typ: propertyType{&l.swap, "MemorySwapMax", swapLimit()}},
		{name: "tasks", typ: propertyType{&l.tasks, "TasksMax", tasksLimit()}},
		{name: "cpu", typ: propertyType{&l.cpu, "CPUQuota", cpuLimit()}},
		{name: "optional", off: asRead, typ: boolean(&l.Optional)},
		{name: "timeout", typ: to(&l.Timeout, timeout())},
		{name: "rlimits", typ: table{of: func() []field { return rlimitFields(l) }}},
	}
}

// timeout is a duration above 0, or infinity, which is 0.
func timeout() kind[time.Duration] {
	return kind[time.Duration]{readTimeout, func() []*Shape { return append(durationShapes(), oneWord(infinity)) }}
}

func readTimeout(d *decoder, v value) (time.Duration, bool) {
	s, ok := d.durationText(v)
	if !ok || s == infinity {
		return 0, ok
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
	case t == 0:
		d.problem(v, "want a duration above 0, or %q for none, got %q", infinity, s)
	default:
		return t, true
	}
	return 0, false
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

func rlimitFields(l *Limits) []field {
	names := RlimitNames()
	fields := make([]field, 0, len(names))
	for _, name := range names {
		fields = append(fields, field{name: name, typ: rlimitType{l, name}})
	}
	return fields
}

// rlimitType is that of the limit of that name: a value for both, or [soft, hard].
type rlimitType struct {
	l    *Limits
	name string
}

func (t rlimitType) Read(d *decoder, v value) {
	r := Rlimit{Name: t.name}
	if raw, ok := v.raw.([]any); ok {
		if len(raw) != 2 {
			d.problem(v, "want [soft, hard], got an array of %d", len(raw))
			return
		}
		values, _ := d.elements(v, "")
		var softOK, hardOK bool
		r.Soft, softOK = readRlimit(d, t.name, values[0])
		r.Hard, hardOK = readRlimit(d, t.name, values[1])
		if !softOK || !hardOK {
			return
		}
		if r.Soft > r.Hard {
			d.problem(values[0], "the soft limit %s is above the hard limit %s", rlimitText(r.Soft), rlimitText(r.Hard))
			return
		}
	} else {
		n, ok := readRlimit(d, t.name, v)
		if !ok {
			return
		}
		r.Soft, r.Hard = n, n
	}
	t.l.Rlimits = append(t.l.Rlimits, r)
}

func (t rlimitType) Shapes() []*Shape {
	one := []*Shape{whole(0, math.MaxInt64)}
	if t.name != "nofile" {
		one = append(one, oneWord(infinity))
	}
	if inBytes(t.name) {
		one = append(one, like(sizePattern))
	}
	both := anyOf(one)
	return []*Shape{both, {Type: "array", Items: both, Fewest: 2, Top: 2}}
}

// rlimit reads one value of the limit of that name.
func readRlimit(d *decoder, name string, v value) (uint64, bool) {
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

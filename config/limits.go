package config

import (
	"math"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/systemd"
)

func limitsFields(l *Limits) []lang.Field {
	return []lang.Field{
		{Name: "memory", Type: systemd.MemoryLimit(&l.memory)},
		{Name: "swap", Type: systemd.SwapLimit(&l.swap)},
		{Name: "tasks", Type: systemd.TasksLimit(&l.tasks)},
		{Name: "cpu", Type: systemd.CPULimit(&l.cpu)},
		{Name: "optional", Off: lang.AsRead, Type: lang.Bool(&l.Optional)},
		{Name: "timeout", Type: lang.To(&l.Timeout, timeout())},
		{Name: "rlimits", Type: lang.Table{Of: func() []lang.Field { return rlimitFields(l) }}},
	}
}

// timeout is a duration above 0, or infinity, which is 0.
func timeout() lang.Kind[time.Duration] {
	return lang.KindOf(readTimeout, func() []*Shape { return append(lang.DurationShapes(), lang.OneWord(lang.Infinity)) })
}

func readTimeout(d *lang.Decoder, v lang.Value) (time.Duration, bool) {
	s, ok := d.DurationText(v)
	if !ok || s == lang.Infinity {
		return 0, ok
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.Problem(v, "%s", err)
	case t == 0:
		d.Problem(v, "want a duration above 0, or %q for none, got %q", lang.Infinity, s)
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

// inBytes reports whether the limit of that name is one of bytes.
func inBytes(name string) bool {
	switch name {
	case "fsize", "data", "stack", "core", "rss", "memlock", "as", "msgqueue":
		return true
	}
	return false
}

func rlimitFields(l *Limits) []lang.Field {
	names := RlimitNames()
	fields := make([]lang.Field, 0, len(names))
	for _, name := range names {
		fields = append(fields, lang.Field{Name: name, Type: rlimitType{l, name}})
	}
	return fields
}

// rlimitType is that of the limit of that name: a value for both, or [soft, hard].
type rlimitType struct {
	l    *Limits
	name string
}

func (t rlimitType) Read(d *lang.Decoder, v lang.Value) {
	r := Rlimit{Name: t.name}
	if raw, ok := v.Raw.([]any); ok {
		if len(raw) != 2 {
			d.WrongTypes++ // of a text with --set, the problem of another type says more
			d.Problem(v, "want [soft, hard], got an array of %d", len(raw))
			return
		}
		values, _ := d.Elements(v, "")
		var softOK, hardOK bool
		r.Soft, softOK = readRlimit(d, t.name, values[0])
		r.Hard, hardOK = readRlimit(d, t.name, values[1])
		if !softOK || !hardOK {
			return
		}
		if r.Soft > r.Hard {
			d.Problem(values[0], "the soft limit %s is above the hard limit %s", rlimitText(r.Soft), rlimitText(r.Hard))
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
	one := []*Shape{lang.Whole(0, math.MaxInt64)}
	if t.name != "nofile" {
		one = append(one, lang.OneWord(lang.Infinity))
	}
	if inBytes(t.name) {
		one = append(one, lang.Like(lang.SizePattern))
	}
	both := lang.AnyOf(one)
	return []*Shape{both, {Type: "array", Items: both, Fewest: 2, Top: 2}}
}

// readRlimit reads one value of the limit of that name.
func readRlimit(d *lang.Decoder, name string, v lang.Value) (uint64, bool) {
	want := `an integer or "infinity"`
	switch {
	case name == "nofile":
		want = "an integer"
	case inBytes(name):
		want = `an integer, a size such as "512M" or "infinity"`
	}
	switch raw := v.Raw.(type) {
	case int64:
		if raw < 0 {
			d.Problem(v, "want %s, got %d", want, raw)
			return 0, false
		}
		return uint64(raw), true
	case string:
		s, ok := d.FilledText(v)
		switch {
		case !ok:
			return 0, false
		case s == lang.Infinity && name == "nofile":
			d.Problem(v, "the number of files cannot be infinite, want an integer")
			return 0, false
		case s == lang.Infinity:
			return RlimitInfinity, true
		case !inBytes(name):
			d.Problem(v, "want %s, got %q%s", want, s, lang.DidYouMean(s, []string{lang.Infinity}))
			return 0, false
		}
		n, err := lang.ParseSize(s)
		if err == nil && n == RlimitInfinity {
			err = lang.ErrTooLarge
		}
		if err != nil {
			d.Problem(v, "%s, or %q for no limit", err, lang.Infinity)
			return 0, false
		}
		return n, true
	}
	d.WrongType(v, want)
	return 0, false
}

func rlimitText(n uint64) string {
	if n == RlimitInfinity {
		return lang.Infinity
	}
	return strconv.FormatUint(n, 10)
}

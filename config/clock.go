package config

import (
	"time"
)

// maxClock is the highest value that the kernel lets a clock be set to
// (KTIME_SEC_MAX / 2).
const maxClock = 4611686018 * time.Second

func timeFields() []field {
	return []field{
		{name: "monotonic", read: func(d *decoder, v value) { d.p.Time.Monotonic = d.clock(v) }},
		{name: "boottime", read: func(d *decoder, v value) { d.p.Time.Boottime = d.clock(v) }},
	}
}

// clock reads an offset, which has a sign, or a start value, which has none.
func (d *decoder) clock(v value) Clock {
	d.takes(v, like(`^[+-]?`+timeSum))
	s, ok := d.durationText(v)
	if !ok {
		return Clock{}
	}
	mode := ClockStart
	sign := ""
	if s[0] == '+' || s[0] == '-' {
		mode = ClockOffset
		sign, s = s[:1], s[1:]
	}
	if s == "" {
		d.problem(v, "%s after the sign", wantDuration)
		return Clock{}
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
		return Clock{}
	case t > maxClock:
		d.problem(v, "%q is too long, want at most 146 years", sign+s)
		return Clock{}
	}
	if sign == "-" {
		t = -t
	}
	return Clock{mode, t}
}

package config

import (
	"time"
)

// maxClock is the highest value that the kernel lets a clock be set to
// (KTIME_SEC_MAX / 2).
const maxClock = 4611686018 * time.Second

func timeFields(t *Time) []field {
	clock := kind[Clock]{readClock, func() []*Shape { return append([]*Shape{like(`^[+-]?` + timeSum)}, durationShapes()...) }}
	return []field{
		{name: "monotonic", typ: to(&t.Monotonic, clock)},
		{name: "boottime", typ: to(&t.Boottime, clock)},
	}
}

// readClock reads an offset, which has a sign, or a start value, which has none.
func readClock(d *decoder, v value) (Clock, bool) {
	s, ok := d.durationText(v)
	if !ok {
		return Clock{}, false
	}
	mode := ClockStart
	sign := ""
	if s[0] == '+' || s[0] == '-' {
		mode = ClockOffset
		sign, s = s[:1], s[1:]
	}
	if s == "" {
		d.problem(v, "%s after the sign", wantDuration)
		return Clock{}, false
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
		return Clock{}, false
	case t > maxClock:
		d.problem(v, "%q is too long, want at most 146 years", sign+s)
		return Clock{}, false
	}
	if sign == "-" {
		t = -t
	}
	return Clock{mode, t}, true
}

package config

import (
	"time"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// maxClock is the highest value that the kernel lets a clock be set to
// (KTIME_SEC_MAX / 2).
const maxClock = 4611686018 * time.Second

func timeFields(t *Time) []lang.Field {
	clock := lang.KindOf(readClock, func() []*Shape { return []*Shape{lang.Like(`^[+-]?` + lang.TimeSum)} })
	return []lang.Field{
		{Name: "monotonic", Type: lang.To(&t.Monotonic, clock)},
		{Name: "boottime", Type: lang.To(&t.Boottime, clock)},
	}
}

// readClock reads an offset, which has a sign, or a start value, which has none.
func readClock(d *lang.Decoder, v lang.Value) (Clock, bool) {
	s, ok := d.DurationText(v)
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
		d.Problem(v, "%s after the sign", lang.WantDuration)
		return Clock{}, false
	}
	t, err := ParseDuration(s)
	switch {
	case err != nil:
		d.Problem(v, "%s", err)
		return Clock{}, false
	case t > maxClock:
		d.Problem(v, "%q is too long, want at most 146 years", sign+s)
		return Clock{}, false
	}
	if sign == "-" {
		t = -t
	}
	return Clock{mode, t}, true
}

// ParseDuration reads the notation of systemd.time(7): numbers, each with its
// unit, that are added up. What is finer than a nanosecond is cut off.
func ParseDuration(s string) (time.Duration, error) { return lang.ParseDuration(s) }

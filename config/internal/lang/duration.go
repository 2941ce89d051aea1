package lang

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// WantDuration is how messages show the notation.
const WantDuration = `want a duration such as "10s" or "1h 30min"`

// durationUnit returns the length of a unit of systemd.time(7), 0 for an
// unknown one. A month is 30.44 days and a year 365.25, as there.
func durationUnit(s string) time.Duration {
	const day = 24 * time.Hour
	switch s {
	case "us", "usec", "µs", "μs": // both micro and mu
		return time.Microsecond
	case "ms", "msec":
		return time.Millisecond
	case "s", "sec", "second", "seconds":
		return time.Second
	case "m", "min", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return day
	case "w", "week", "weeks":
		return 7 * day
	case "M", "month", "months":
		return 2629800 * time.Second
	case "y", "year", "years":
		return 31557600 * time.Second
	}
	return 0
}

// ParseDuration reads the notation of systemd.time(7): numbers, each with its
// unit, that are added up. What is finer than a nanosecond is cut off.
func ParseDuration(s string) (time.Duration, error) {
	rest := strings.TrimLeft(s, " \t")
	if rest == "" {
		return 0, fmt.Errorf("%s, got %q", WantDuration, s)
	}
	var sum uint64
	for rest != "" {
		n, after, ok := CutNumber(rest)
		if !ok {
			return 0, fmt.Errorf("%s, got %q", WantDuration, s)
		}
		after = strings.TrimLeft(after, " \t")
		end := strings.IndexFunc(after, func(r rune) bool { return r >= '0' && r <= '9' || r == ' ' || r == '\t' })
		if end < 0 {
			end = len(after)
		}
		name := after[:end]
		if name == "" {
			if _, err := strconv.ParseUint(s, 10, 32); err == nil {
				return 0, fmt.Errorf("%q has no unit (did you mean %q?)", s, s+"s")
			}
			return 0, fmt.Errorf("a number in %q has no unit, %s", s, WantDuration)
		}
		unit := durationUnit(name)
		if unit == 0 {
			units := []string{"us", "ms", "s", "min", "h", "d", "w", "month", "y"}
			hint := ""
			if len(name) > 2 {
				hint = DidYouMean(name, units)
			}
			return 0, fmt.Errorf("unknown unit %q in %q, want %s%s", name, s, Words(units), hint)
		}
		d, err := n.Times(uint64(unit))
		if err == nil && d > math.MaxInt64-sum {
			err = ErrTooLarge
		}
		if err != nil {
			return 0, fmt.Errorf("%q is too long, want at most 292 years", s)
		}
		sum += d
		rest = strings.TrimLeft(after[end:], " \t")
	}
	return time.Duration(sum), nil
}

// ErrTooLarge is the error of a number that does not fit.
var ErrTooLarge = errors.New("too large")

// number is an unsigned decimal number in digits.
type number struct{ whole, Fraction string }

// CutNumber takes a number, as in "1.5h", off the front of s.
func CutNumber(s string) (n number, rest string, ok bool) {
	n.whole, rest = CutDigits(s)
	if strings.HasPrefix(rest, ".") {
		n.Fraction, rest = CutDigits(rest[1:])
		ok = n.Fraction != ""
	} else {
		ok = true
	}
	return n, rest, ok && n.whole != ""
}

// CutDigits takes the digits off the front of s.
func CutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// Times returns n·unit, rounded down, exactly. The only error is errTooLarge.
func (n number) Times(unit uint64) (uint64, error) {
	var product uint64
	for _, c := range []byte(n.whole) {
		hi, lo := bits.Mul64(product, 10)
		if hi != 0 || lo > math.MaxUint64-uint64(c-'0') {
			return 0, ErrTooLarge
		}
		product = lo + uint64(c-'0')
	}
	hi, product := bits.Mul64(product, unit)
	if hi != 0 {
		return 0, ErrTooLarge
	}
	// From the last digit on; 10·unit is below 1<<64 for every unit there is.
	var part uint64
	for i := len(n.Fraction) - 1; i >= 0; i-- {
		part = (uint64(n.Fraction[i]-'0')*unit + part) / 10
	}
	if part > math.MaxUint64-product {
		return 0, ErrTooLarge
	}
	return product + part, nil
}

// DurationText reads a string that must be a duration.
func (d *Decoder) DurationText(v Value) (string, bool) {
	switch v.Raw.(type) {
	case string:
		return d.FilledText(v)
	case int64, float64:
		hint := d.instead(v, "")
		if hint == "" {
			hint = fmt.Sprintf(" (write \"%vs\")", v.Raw)
		}
		d.Problem(v, "%s has no unit%s", printed(v.Raw), hint)
	default:
		d.WrongType(v, `a duration such as "10s" or "1h 30min"`)
	}
	return "", false
}

// Duration is a span of time.
func Duration() Kind[time.Duration] {
	return KindOf(
		func(d *Decoder, v Value) (time.Duration, bool) {
			_, t, ok := d.Duration(v)
			return t, ok
		},
		DurationShapes,
	)
}

// DurationShapes are the ways to write a duration.
func DurationShapes() []*Shape { return []*Shape{Like("^" + TimeSum)} }

// Duration reads a duration, and returns its text, too.
func (d *Decoder) Duration(v Value) (s string, t time.Duration, ok bool) {
	if s, ok = d.DurationText(v); !ok {
		return "", 0, false
	}
	t, err := ParseDuration(s)
	if err != nil {
		d.Problem(v, "%s", err)
		return "", 0, false
	}
	return s, t, true
}

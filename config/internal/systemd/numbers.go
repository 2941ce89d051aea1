package systemd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// wantPercent is how messages show the notation.
const wantPercent = `a percentage such as "50%" or "12.5%", with two decimals at most`

// percentPattern is a regular expression for a percentage.
const percentPattern = `^[0-9]+(\.[0-9]{1,2})?%$`

// parsePercent reads a percentage in hundredths of a percent.
func parsePercent(s string) (uint64, error) {
	n, rest, ok := lang.CutNumber(s)
	if !ok || rest != "%" || len(n.Fraction) > 2 {
		return 0, fmt.Errorf("want %s, got %q", wantPercent, s)
	}
	share, err := n.Times(100)
	if err != nil {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return share, nil
}

// percentText prints hundredths of a percent.
func percentText(share uint64) string {
	s := strconv.FormatUint(share/100, 10)
	if rest := share % 100; rest != 0 {
		s += strings.TrimSuffix(fmt.Sprintf(".%02d", rest), "0")
	}
	return s + "%"
}

// SizeText prints a number of bytes with the largest suffix that it is a multiple of.
func SizeText(n uint64) string {
	suffix := -1
	for n != 0 && n%1024 == 0 {
		n /= 1024
		suffix++
	}
	s := strconv.FormatUint(n, 10)
	if suffix >= 0 {
		s += "KMGTPE"[suffix : suffix+1]
	}
	return s
}

// DurationWords prints microseconds in the notation of systemd.time(7).
func DurationWords(us uint64) string {
	var parts []string
	for _, unit := range []struct {
		name string
		us   uint64
	}{{"h", 3600e6}, {"min", 60e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}} {
		if n := us / unit.us; n > 0 {
			parts = append(parts, strconv.FormatUint(n, 10)+unit.name)
			us %= unit.us
		}
	}
	if parts == nil {
		return "0s"
	}
	return strings.Join(parts, " ")
}

// parseDecimal reads a number with an optional suffix for a power
// of 1000, as systemd does for devices.
func parseDecimal(s string) (uint64, bool) {
	n, suffix, ok := lang.CutNumber(s)
	if !ok {
		return 0, false
	}
	unit := uint64(1)
	if suffix != "" {
		i := strings.Index("KMGTPE", suffix)
		if i < 0 || len(suffix) != 1 {
			return 0, false
		}
		for range i + 1 {
			unit *= 1000
		}
	} else if n.Fraction != "" {
		return 0, false
	}
	total, err := n.Times(unit)
	return total, err == nil && total != Infinity
}

// parseRange reads a number or a range of processors or memory nodes: "0-3".
func parseRange(s string) (string, bool) {
	first, last, isRange := strings.Cut(s, "-")
	low, ok := smallNumber(first)
	if !ok || !isRange {
		return strconv.Itoa(low), ok
	}
	high, ok := smallNumber(last)
	if low == high {
		return strconv.Itoa(low), ok
	}
	return strconv.Itoa(low) + "-" + strconv.Itoa(high), ok && low < high
}

// smallNumber reads the number of a processor; the kernel has 8192 at most.
func smallNumber(s string) (int, bool) {
	digits, rest := lang.CutDigits(s)
	n, err := strconv.Atoi(digits)
	return n, err == nil && rest == "" && n < 8192
}

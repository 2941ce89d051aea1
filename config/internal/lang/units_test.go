package lang

import (
	"math"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"10s":                10 * time.Second,
		"0s":                 0,
		"1h 30min":           90 * time.Minute,
		"1h30m":              90 * time.Minute,
		" 1 h\t30 min ":      90 * time.Minute,
		"30min 1h":           90 * time.Minute,
		"500ms":              500 * time.Millisecond,
		"1.5h":               90 * time.Minute,
		"1.5s":               1500 * time.Millisecond,
		"0.1us":              100,
		"0.0009us":           0,
		"0.999999999999s":    999999999,
		"1us 2usec":          3 * time.Microsecond,
		"5µs":                5 * time.Microsecond, // micro
		"5μs":                5 * time.Microsecond, // mu
		"1msec":              time.Millisecond,
		"1second 2seconds":   3 * time.Second,
		"1sec":               time.Second,
		"1minute 2minutes":   3 * time.Minute,
		"1hr 1hour 1hours":   3 * time.Hour,
		"1d 1day 1days":      3 * day,
		"1w 1week 1weeks":    21 * day,
		"1M":                 2629800 * time.Second,
		"1month 1months":     2 * 2629800 * time.Second,
		"1y 1year 1years":    3 * 31557600 * time.Second,
		"292y":               292 * 31557600 * time.Second,
		"9223372036854775us": 9223372036854775 * time.Microsecond,
		"00000000000000001s": time.Second,
		"1s 1s":              2 * time.Second,
		"55s500ms":           55*time.Second + 500*time.Millisecond,
	} {
		if got, err := ParseDuration(text); got != want || err != nil {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	const noDuration = `want a duration such as "10s" or "1h 30min", got `
	for text, want := range map[string]string{
		"":                       noDuration + `""`,
		" ":                      noDuration + `" "`,
		"s":                      noDuration + `"s"`,
		"-1s":                    noDuration + `"-1s"`,
		"+1s":                    noDuration + `"+1s"`,
		".5s":                    noDuration + `".5s"`,
		"1.s":                    noDuration + `"1.s"`,
		"1s,2s":                  `unknown unit "s," in "1s,2s", want us, ms, s, min, h, d, w, month or y`,
		"infinity":               noDuration + `"infinity"`,
		"10":                     `"10" has no unit (did you mean "10s"?)`,
		"1h 30":                  `a number in "1h 30" has no unit, want a duration such as "10s" or "1h 30min"`,
		"1 2s":                   `a number in "1 2s" has no unit, want a duration such as "10s" or "1h 30min"`,
		"10S":                    `unknown unit "S" in "10S", want us, ms, s, min, h, d, w, month or y`,
		"1e3s":                   `unknown unit "e" in "1e3s", want us, ms, s, min, h, d, w, month or y`,
		"1ns":                    `unknown unit "ns" in "1ns", want us, ms, s, min, h, d, w, month or y`,
		"1\u00a0s":               `unknown unit "\u00a0s" in "1\u00a0s", want us, ms, s, min, h, d, w, month or y`,
		"293y":                   `"293y" is too long, want at most 292 years`,
		"292y 99d":               `"292y 99d" is too long, want at most 292 years`,
		"9223372036854775808us":  `"9223372036854775808us" is too long, want at most 292 years`,
		"99999999999999999999us": `"99999999999999999999us" is too long, want at most 292 years`,
	} {
		if got, err := ParseDuration(text); err == nil || err.Error() != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want the error %s", text, got, err, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"0":                        0,
		"1":                        1,
		"512":                      512,
		"1K":                       1 << 10,
		"512M":                     512 << 20,
		"4G":                       4 << 30,
		"2T":                       2 << 40,
		"3P":                       3 << 50,
		"15E":                      15 << 60,
		"1.5K":                     1536,
		"0.5E":                     1 << 59,
		"0.3K":                     307,
		"18446744073709551615":     math.MaxUint64,
		"15.99999999999999999999E": math.MaxUint64,
	} {
		if got, err := ParseSize(text); got != want || err != nil {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	const noSize = `want a size such as "512M", in bytes or with K, M, G, T, P or E, got `
	for text, want := range map[string]string{
		"":                     noSize + `""`,
		"M":                    noSize + `"M"`,
		"-1":                   noSize + `"-1"`,
		"+1":                   noSize + `"+1"`,
		" 1K":                  noSize + `" 1K"`,
		"1 K":                  noSize + `"1 K"`,
		"1K ":                  noSize + `"1K "`,
		"1.M":                  noSize + `"1.M"`,
		"0x10":                 noSize + `"0x10"`,
		"1KM":                  noSize + `"1KM"`,
		"1Z":                   noSize + `"1Z"`,
		"1é":                   noSize + `"1é"`,
		"50%":                  noSize + `"50%"`,
		"4g":                   noSize + `"4g" (did you mean "4G"?)`,
		"4GB":                  noSize + `"4GB" (did you mean "4G"?)`,
		"1.5MiB":               noSize + `"1.5MiB" (did you mean "1.5M"?)`,
		"16E":                  `"16E" is too large, want less than 16E`,
		"18446744073709551616": `"18446744073709551616" is too large, want less than 16E`,
	} {
		if got, err := ParseSize(text); err == nil || err.Error() != want {
			t.Errorf("ParseSize(%q) = %d, %v; want the error %s", text, got, err, want)
		}
	}
}

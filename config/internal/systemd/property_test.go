package systemd

import (
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// What is printed of a value is read as the same.
func TestPropertyTexts(t *testing.T) {
	for us, want := range map[uint64]string{
		0: "0s", 1: "1us", 999: "999us", 1500: "1ms 500us", 1e6: "1s", 90e6: "1min 30s", 86400e6: "24h", 3661001001: "1h 1min 1s 1ms 1us",
	} {
		got := DurationWords(us)
		if again, err := lang.ParseDuration(got); got != want || err != nil || Microseconds(again) != us {
			t.Errorf("durationWords(%d) = %q, which is %v; want %q", us, got, again, want)
		}
	}
	for n, want := range map[uint64]string{
		0: "0", 1: "1", 1023: "1023", 1024: "1K", 1025: "1025", 1536: "1536", 1 << 20: "1M", 3 << 30: "3G", 1 << 40: "1T", 1 << 50: "1P",
		15 << 60: "15E", math.MaxUint64: "18446744073709551615",
	} {
		got := SizeText(n)
		if again, err := lang.ParseSize(got); got != want || again != n || err != nil {
			t.Errorf("SizeText(%d) = %q, which is %d; want %q", n, got, again, want)
		}
	}
	for n, want := range map[uint64]string{0: "0%", 1: "0.01%", 10: "0.1%", 150: "1.5%", 10000: "100%", 12345: "123.45%"} {
		got := percentText(n)
		if again, err := parsePercent(got); got != want || again != n || err != nil {
			t.Errorf("percentText(%d) = %q, which is %d; want %q", n, got, again, want)
		}
	}
	for _, bad := range []string{"", "%", "50", ".5%", "1.%", "1.234%", "-1%", "+1%", "1 %", "1%%", "99999999999999999999%"} {
		if n, err := parsePercent(bad); err == nil {
			t.Errorf("parsePercent(%q) = %d", bad, n)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "512": 512, "1K": 1000, "1.5M": 1500000, "2G": 2e9, "3T": 3e12, "1P": 1e15, "18E": 18e18, "18446744073709551614": Infinity - 1,
	} {
		if got, ok := parseDecimal(text); got != want || !ok {
			t.Errorf("parseDecimal(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, bad := range []string{"", "K", "1.5", "1k", "1KB", "1KM", "-1", "1 K", "19E", "18446744073709551615"} {
		if n, ok := parseDecimal(bad); ok {
			t.Errorf("parseDecimal(%q) = %d", bad, n)
		}
	}
}

func TestParseRange(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "00": "0", "3": "3", "0-3": "0-3", "3-3": "3", "8190-8191": "8190-8191"} {
		if got, ok := parseRange(text); got != want || !ok {
			t.Errorf("parseRange(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
	for _, bad := range []string{"", "-", "1-", "-1", "3-2", "1-2-3", "8192", "0-8192", "x", "1x", "99999999999999999999"} {
		if r, ok := parseRange(bad); ok {
			t.Errorf("parseRange(%q) = %q", bad, r)
		}
	}
}

func TestSignalNumber(t *testing.T) {
	for name, want := range map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL, "USR2": syscall.SIGUSR2, "STKFLT": syscall.SIGSTKFLT, "CHLD": syscall.SIGCHLD,
		"STOP": syscall.SIGSTOP, "WINCH": syscall.SIGWINCH, "SYS": syscall.SIGSYS,
		"RTMIN": 34, "RTMIN+3": 37, "RTMIN+30": 64, "RTMAX": 64, "RTMAX-30": 34,
		"": 0, "SIGTERM": 0, "RTMIN+31": 0,
	} {
		if got := SignalNumber(name); got != uint64(want) {
			t.Errorf("signalNumber(%q) = %d; want %d", name, got, want)
		}
	}
}

// No name is in two of the lists, and of each something is known.
func TestPropertyNames(t *testing.T) {
	own := lang.FieldNames(new(propertyTable).Fields())
	others := strings.Fields(unsupported + " " + ofServices)
	all := append(slices.Clone(own), others...)
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("a name is there twice: %q", all)
	}
	for _, name := range own {
		if key, why := elsewhere(name); key != "" || why != "" {
			t.Errorf("%s is a property, and elsewhere: %s, %s", name, key, why)
		}
	}
	for _, name := range others {
		if _, why := elsewhere(name); why == "" {
			t.Errorf("nothing is known of %s", name)
		}
	}
}

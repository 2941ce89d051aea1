package namespaces

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// clockWant is what a clock inside is to be.
type clockWant struct {
	start bool // it started at value, else it is value ahead of ours
	value time.Duration
}

// offsetBy is a clock that is ahead of ours.
func offsetBy(d time.Duration) clockWant { return clockWant{value: d} }

// startedAt is a clock that was set when the sandbox was made.
func startedAt(d time.Duration) clockWant { return clockWant{true, d} }

// watch is what our clocks showed before and after, which bounds what they
// showed in between.
type watch struct{ before, after map[string]time.Duration }

func readClocks(t *testing.T) map[string]time.Duration {
	t.Helper()
	now := map[string]time.Duration{}
	for name, id := range map[string]int32{"monotonic": unix.CLOCK_MONOTONIC, "boottime": unix.CLOCK_BOOTTIME} {
		var ts unix.Timespec
		if err := unix.ClockGettime(id, &ts); err != nil {
			t.Fatal(err)
		}
		now[name] = time.Duration(ts.Nano())
	}
	return now
}

// wantClock compares a clock that the probe saw, and its offset, with ours.
func (w watch) wantClock(t *testing.T, name string, seen report.Clocks, own map[string]int64, want clockWant) {
	t.Helper()
	reading := time.Duration(map[string]int64{"monotonic": seen.Monotonic, "boottime": seen.Boottime}[name])
	low, high := w.before[name]+want.value, w.after[name]+want.value
	if want.start {
		low, high = want.value, want.value+w.after[name]-w.before[name]
	}
	if reading < low || reading > high {
		t.Errorf("%s is %v inside; want %v to %v", name, reading, low, high)
	}
	offset := time.Duration(seen.Offsets[name] - own[name])
	switch {
	case !want.start && offset != want.value:
		t.Errorf("%s: an offset of %v; want %v", name, offset, want.value)
	case want.start && (offset < want.value-w.after[name] || offset > want.value-w.before[name]):
		t.Errorf("%s: an offset of %v; want %v to %v", name, offset, want.value-w.after[name], want.value-w.before[name])
	}
}

func TestClocks(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		own := systest.SeenBy(t, u, "version = 1\n").Clocks.Offsets
		for _, test := range []struct {
			time                string
			monotonic, boottime clockWant
		}{
			{``, offsetBy(0), offsetBy(0)},
			{`time = { monotonic = "+1h" }`, offsetBy(time.Hour), offsetBy(0)},
			{`time = { boottime = "+2d 3h" }`, offsetBy(0), offsetBy(51 * time.Hour)},
			{`time = { monotonic = "-1.5s", boottime = "+1.5s" }`, offsetBy(-1500 * time.Millisecond), offsetBy(1500 * time.Millisecond)},
			{`time = { monotonic = "+0s", boottime = "-250ms" }`, offsetBy(0), offsetBy(-250 * time.Millisecond)},
			{`time = { monotonic = "0s", boottime = "0s" }`, startedAt(0), startedAt(0)},
			{`time = { monotonic = "1y", boottime = "+1h" }`, startedAt(365*24*time.Hour + 6*time.Hour), offsetBy(time.Hour)},
		} {
			t.Run(test.time, func(t *testing.T) {
				var w watch
				w.before = readClocks(t)
				seen := systest.SeenBy(t, u, systest.OwnProfile(u, "time", test.time))
				w.after = readClocks(t)
				w.wantClock(t, "monotonic", seen.Clocks, own, test.monotonic)
				w.wantClock(t, "boottime", seen.Clocks, own, test.boottime)
			})
		}
	})
}

// Offsets are from the launcher's own clocks, also where those are offset.
func TestClocksNested(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		own := systest.SeenBy(t, u, "version = 1\n").Clocks.Offsets
		for _, test := range []struct {
			time string
			want clockWant
		}{
			{``, offsetBy(time.Hour)},
			{`time = { monotonic = "+1h" }`, offsetBy(2 * time.Hour)},
			{`time = { monotonic = "-10min" }`, offsetBy(50 * time.Minute)},
			{`time = { monotonic = "5s" }`, startedAt(5 * time.Second)},
		} {
			t.Run(test.time, func(t *testing.T) {
				cmd := systest.ProfileCommand(t, u, systest.OwnProfile(u, "time", `time = { monotonic = "+1h" }`), nstest.Nslaunch(t), "./inner.toml", "--", nstest.Probe(t))
				u.WriteFile(t, filepath.Join(cmd.Dir, "inner.toml"), systest.OwnProfile(u, "time", test.time))
				var w watch
				w.before = readClocks(t)
				seen := nstest.ParseReport(t, nstest.MustRun(t, cmd))
				w.after = readClocks(t)
				w.wantClock(t, "monotonic", seen.Clocks, own, test.want)
				w.wantClock(t, "boottime", seen.Clocks, own, offsetBy(0))
			})
		}
	})
}

// One who joins a time namespace has its clocks at once.
func TestJoinTime(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		own := systest.SeenBy(t, u, "version = 1\n").Clocks.Offsets
		h := systest.Hold(t, systest.ProfileCommand(t, u, systest.OwnProfile(u, "time", "command = [\"cat\"]\ntime = { monotonic = \"+1h\", boottime = \"+2h\" }")))
		user := "host"
		if !u.IsRoot() {
			user = fmt.Sprintf("pid:%d", h.PID)
		}
		var w watch
		w.before = readClocks(t)
		seen := systest.SeenBy(t, u, fmt.Sprintf("version = 1\nnamespaces = { user = %q, time = \"pid:%d\" }\n", user, h.PID))
		w.after = readClocks(t)
		if got := seen.Namespaces["time"]; got != h.Namespaces["time"] {
			t.Errorf("time namespace %d; want %d", got, h.Namespaces["time"])
		}
		w.wantClock(t, "monotonic", seen.Clocks, own, offsetBy(time.Hour))
		w.wantClock(t, "boottime", seen.Clocks, own, offsetBy(2*time.Hour))
		h.Release(t)
	})
}

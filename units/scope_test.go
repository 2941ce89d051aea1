package units

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
)

// starting is an answer to StartTransientUnit; all else is as usual.
func starting(answer func(f *fake, body []any) ([]any, error)) func(*fake, string, []any) ([]any, error) {
	return func(f *fake, method string, body []any) ([]any, error) {
		if method == "StartTransientUnit" {
			return answer(f, body)
		}
		return usual(method, body)
	}
}

func refusing(name, words string) func(*fake, string, []any) ([]any, error) {
	return starting(func(*fake, []any) ([]any, error) { return nil, dbus.Error{Name: name, Body: []any{words}} })
}

func TestErrors(t *testing.T) {
	memory := func(r *placement.Request) {
		r.Properties = []config.Property{{Name: "TasksMax", Number: 1}, {Name: "CPUQuota", Number: 1}}
	}
	for _, test := range []struct {
		name   string
		answer func(*fake, string, []any) ([]any, error)
		edit   func(*placement.Request)
		want   placement.Error // parts
	}{
		{"unit exists", refusing(errUnitExists, "Unit x.scope was already loaded or has a fragment file."), nil,
			placement.Error{Setting: "unit", Name: errUnitExists, Message: "already loaded"}},
		{"access", refusing(errAccess, "no"), nil, placement.Error{Setting: "bus", Name: errAccess}},
		{"pid", refusing(errPIDUnknown, "Process 7 not known"), nil, placement.Error{Name: errPIDUnknown, Cause: "not visible"}},
		{"shutdown", refusing(errShuttingDown, "no"), nil, placement.Error{Cause: "shut down"}},
		{"no such property", refusing(errReadOnly, "Cannot set property CPUQuotaPerSecUSec, or unknown property."), memory,
			placement.Error{Property: "CPUQuota", Cause: "systemd 252 has no CPUQuota"}},
		{"slice masked", refusing(errUnitMasked, "Unit a.slice is masked."), func(r *placement.Request) { r.Slice = "a.slice" },
			placement.Error{Setting: "slice", Cause: "masked"}},
		{"unnamed", starting(func(_ *fake, body []any) ([]any, error) {
			for _, p := range body[2].([][]any) {
				if p[0] == "TasksMax" {
					return nil, dbus.Error{Name: errInvalid, Body: []any{"Bad value."}}
				}
			}
			return nil, dbus.Error{Name: errReadOnly, Body: []any{"Cannot set property " + bait + ", or unknown property."}}
		}), memory, placement.Error{Property: "TasksMax", Message: "Bad value"}},
		{"failed", starting(func(f *fake, _ []any) ([]any, error) {
			time.AfterFunc(20*time.Millisecond, func() { f.finish("failed") })
			return []any{job}, nil
		}), nil, placement.Error{Message: "could not start x.scope: failed", Cause: "could not be moved"}},
		{"dependency", starting(func(f *fake, _ []any) ([]any, error) {
			time.AfterFunc(20*time.Millisecond, func() { f.finish("dependency") })
			return []any{job}, nil
		}), nil, placement.Error{Message: "dependency", Cause: "slice"}},
		{"done, not placed", starting(func(f *fake, _ []any) ([]any, error) {
			time.AfterFunc(20*time.Millisecond, func() { f.finish("done") })
			return []any{job}, nil
		}), nil, placement.Error{Message: "is not in its control group"}},
		{"no result", starting(func(*fake, []any) ([]any, error) { return []any{job}, nil }), nil, placement.Error{Cause: "hangs", Message: "did not answer"}},
		{"did not answer", starting(func(*fake, []any) ([]any, error) { return nil, errSilent }), nil, placement.Error{Cause: "hangs"}},
		{"death before the answer", starting(func(f *fake, _ []any) ([]any, error) {
			f.hangUp()
			return nil, errSilent
		}), nil, placement.Error{Message: "the connection to the system's manager ended", Cause: "restarted"}},
		{"death before the result", starting(func(f *fake, _ []any) ([]any, error) {
			time.AfterFunc(20*time.Millisecond, f.hangUp)
			return []any{job}, nil
		}), nil, placement.Error{Message: "the connection to the system's manager ended"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.answer)
			start := time.Now()
			e := f.place(3*time.Second, test.edit)
			if e.Setting != test.want.Setting || e.Property != test.want.Property || !strings.Contains(e.Name, test.want.Name) ||
				!strings.Contains(e.Message, test.want.Message) || !strings.Contains(e.Cause, test.want.Cause) {
				t.Errorf("want parts %+v", test.want)
			}
			if strings.HasPrefix(test.name, "death") && time.Since(start) > 2*time.Second {
				t.Errorf("noticed after %v", time.Since(start))
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if made := test.name == "failed" || test.name == "done, not placed"; made && !slices.Contains(f.asked, "GetUnit x.scope") {
				t.Errorf("not undone: %q", f.asked)
			}
		})
	}
}

// A manager that knows no PIDFDs is given a pid if it has our pid namespace, as a fake has.
func TestFallback(t *testing.T) {
	var properties []string
	f := newFake(t, starting(func(f *fake, body []any) ([]any, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		first := body[2].([][]any)[0][0].(string)
		properties = append(properties, first)
		if first == "PIDFDs" {
			return nil, dbus.Error{Name: errReadOnly, Body: []any{"Cannot set property PIDFDs, or unknown property."}}
		}
		return nil, dbus.Error{Name: errShuttingDown, Body: []any{"enough"}}
	}))
	if e := f.place(3*time.Second, nil); e.Name != errShuttingDown {
		t.Errorf("%+v", e)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if want := []string{"PIDFDs", "PIDs"}; !reflect.DeepEqual(properties, want) {
		t.Errorf("got %q; want %q", properties, want)
	}
}

// A connection that breaks before the answer leaves alone what another launch of the same profile
// has in the unit.
func TestUnitOfAnother(t *testing.T) {
	f := newFake(t, func(f *fake, method string, body []any) ([]any, error) {
		switch {
		case method == "StartTransientUnit":
			f.hangUp()
			return nil, errSilent
		case method == "GetUnit":
			return []any{dbus.ObjectPath("/org/freedesktop/systemd1/unit/x_2escope")}, nil
		case method == "Get" && body[1] == "Description":
			return []any{dbus.MakeVariant("Sandbox x")}, nil
		case method == "Get" && body[1] == "Transient":
			return []any{dbus.MakeVariant(true)}, nil
		case method == "Get" && body[1] == "ActiveState":
			return []any{dbus.MakeVariant("active")}, nil
		}
		return usual(method, body)
	})
	f.place(3*time.Second, func(r *placement.Request) { r.Description = "Sandbox x" })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, asked := range f.asked {
		if strings.HasPrefix(asked, "KillUnit") || strings.HasPrefix(asked, "StopUnit") {
			t.Errorf("asked: %q", f.asked)
		}
	}
}

func TestPIDNamespace(t *testing.T) {
	if err := inOurPIDNamespace(0); err == nil {
		t.Error("an invisible process shares ours")
	}
	pid, pidfd := waiting(t)
	if err := inOurPIDNamespace(pid); err != nil {
		t.Error(err)
	}
	if got, err := pidOf(pidfd); got != pid || err != nil {
		t.Errorf("pidOf: %d, %v", got, err)
	}
	if got, err := numbersOf("Pid:\t1\nNSpid:\t12\t1\n", "NSpid:", "f"); len(got) != 2 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestConvert(t *testing.T) {
	for _, test := range []struct {
		property        config.Property
		name, signature string
		value           any
	}{
		{config.Property{Name: "MemoryMax", Number: 5}, "MemoryMax", "t", uint64(5)},
		{config.Property{Name: "MemoryMax", Number: 5000, Percent: true}, "MemoryMaxScale", "u", uint32(1 << 31)},
		{config.Property{Name: "TasksMax", Number: 10000, Percent: true}, "TasksMaxScale", "u", ^uint32(0)},
		{config.Property{Name: "TasksMax", Number: config.Infinity}, "TasksMax", "t", ^uint64(0)},
		{config.Property{Name: "CPUWeight", Text: "idle"}, "CPUWeight", "t", uint64(0)},
		{config.Property{Name: "CPUQuota", Number: 15}, "CPUQuotaPerSecUSec", "t", uint64(15)},
		{config.Property{Name: "TimeoutStopSec", Number: 9}, "TimeoutStopUSec", "t", uint64(9)},
		{config.Property{Name: "AllowedCPUs", Words: []string{"0-1", "9"}}, "AllowedCPUs", "ay", []byte{3, 2}},
		{config.Property{Name: "IOReadIOPSMax", Words: []string{"/dev/a 7", "/b infinity"}}, "IOReadIOPSMax", "a(st)", []deviceNumber{{"/dev/a", 7}, {"/b", ^uint64(0)}}},
		{config.Property{Name: "IODeviceLatencyTargetSec", Words: []string{"/a 7us"}}, "IODeviceLatencyTargetUSec", "a(st)", []deviceNumber{{"/a", 7}}},
		{config.Property{Name: "DeviceAllow", Words: []string{"/dev/null rw", "char-pts"}}, "DeviceAllow", "a(ss)", []deviceAccess{{"/dev/null", "rw"}, {"char-pts", "rwm"}}},
		{config.Property{Name: "SendSIGHUP", Number: 1}, "SendSIGHUP", "b", true},
		{config.Property{Name: "KillSignal", Number: 15}, "KillSignal", "i", int32(15)},
		{config.Property{Name: "KillMode", Text: "mixed"}, "KillMode", "s", "mixed"},
		{config.Property{Name: "After", Words: []string{"a.target"}}, "After", "as", []string{"a.target"}},
	} {
		got, err := convert(test.property)
		if err != nil || got.Name != test.name || got.Value.Signature().String() != test.signature || !reflect.DeepEqual(got.Value.Value(), test.value) {
			t.Errorf("%+v: %+v, %v; want %s %s %v", test.property, got, err, test.name, test.signature, test.value)
		}
	}
	for _, bad := range []config.Property{{Name: "Nice"}, {Name: "AllowedCPUs", Words: []string{"0-9999"}}, {Name: "MemoryMax", Number: 10001, Percent: true}} {
		if got, err := convert(bad); err == nil {
			t.Errorf("%+v: %+v", bad, got)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, test := range []struct {
		path, group string
		below       bool
		want        string
	}{
		{"/system.slice/x.scope", "/system.slice/x.scope", false, "/system.slice/x.scope"},
		{"/outer/system.slice/x.scope", "/system.slice/x.scope", false, "/outer/system.slice/x.scope"},
		{"/x.scope", "/system.slice/x.scope", false, "/x.scope"},
		{"/y.scope", "/system.slice/x.scope", false, ""},
		{"/system.slice/x.scope/sub", "/system.slice/x.scope", false, ""},
		{"/system.slice/x.service/sub/sub", "/system.slice/x.service", true, "/system.slice/x.service"},
		{"/", "/system.slice/x.scope", true, ""},
		{"/system.slice", "", true, ""},
	} {
		if got, ok := within(test.path, test.group, test.below); got != test.want && ok || ok != (test.want != "") {
			t.Errorf("%+v: %q, %v", test, got, ok)
		}
	}
}

func TestTight(t *testing.T) {
	for _, test := range []struct {
		property, value string
		most            uint64
		want            bool
	}{
		{"MemoryMax", "4096", 4096, true}, {"MemoryMax", "max", 4096, false}, {"MemoryMax", "4097", 4096, false},
		{"CPUQuota", "150000 100000", 1500000, true}, {"CPUQuota", "max 100000", 1500000, false},
		{"CPUQuota", "-1 100000", 1500000, false}, {"CPUQuota", "200000 100000", 1500000, false}, {"CPUQuota", "1000 100000", 100, true},
	} {
		if got := tight(test.property, test.value, test.most); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

package nstest

import (
	"errors"
	"fmt"
	"testing"
)

// fakeT records how a test ended instead of ending one.
type fakeT struct {
	testing.TB
	failed, skipped string
	errors          []string
}

func (f *fakeT) Helper()                           {}
func (f *fakeT) Skipf(format string, args ...any)  { f.skipped = fmt.Sprintf(format, args...) }
func (f *fakeT) Fatalf(format string, args ...any) { f.failed = fmt.Sprintf(format, args...); panic(f) }
func (f *fakeT) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestRequire(t *testing.T) {
	no := NewCondition("the moon", func() error { return errors.New("it has set") })
	for _, test := range []struct{ require, skipped, failed string }{
		{"", "needs the moon: it has set", ""},
		{"1", "", "needs the moon: it has set (skips are failures here: NSLAUNCH_REQUIRE=1)"},
	} {
		t.Setenv("NSLAUNCH_REQUIRE", test.require)
		fake := &fakeT{TB: t}
		func() {
			defer func() { _ = recover() }()
			Require(fake, no)
		}()
		if fake.skipped != test.skipped || fake.failed != test.failed {
			t.Errorf("NSLAUNCH_REQUIRE=%q: skipped %q, failed %q; want %q, %q",
				test.require, fake.skipped, fake.failed, test.skipped, test.failed)
		}
	}
}

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		condition Condition
		holds     bool
	}{
		{Tools("sh", "cat"), true},
		{Tools("sh", "no-such-program"), false},
		{Kernel(2, 6), true},
		{Kernel(999, 0), false},
		{FileSystem("proc"), true},
		{FileSystem("no-such-fs"), false},
		{File("/proc/self/stat"), true},
		{File("/no-such-file"), false},
		{Namespaces("no-such-kind"), false},
	} {
		if err := test.condition.check(); (err == nil) != test.holds {
			t.Errorf("%s = %v; want it to hold: %v", test.condition.name, err, test.holds)
		}
	}
}

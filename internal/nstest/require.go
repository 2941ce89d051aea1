package nstest

import (
	"os"
	"testing"
)

// A Condition is something of the machine that a test can't do without.
type Condition struct {
	name  string
	check func() error // nil if it holds, else why not
}

// Require skips the test unless all conditions hold, and says which does not.
// With NSLAUNCH_REQUIRE=1 in the environment it fails the test instead, so that
// a run that must be complete can't skip unseen.
func Require(t testing.TB, conditions ...Condition) {
	t.Helper()
	for _, c := range conditions {
		if err := c.check(); err != nil {
			Skip(t, "needs %s: %v", c.name, err)
		}
	}
}

// Skip ends the test for a reason: skipped, or failed under NSLAUNCH_REQUIRE=1.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("NSLAUNCH_REQUIRE") == "1" {
		t.Fatalf(format+" (skips are failures here: NSLAUNCH_REQUIRE=1)", args...)
	}
	t.Skipf(format, args...)
}

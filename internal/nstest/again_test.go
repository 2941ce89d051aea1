package nstest

import (
	"os"
	"strings"
	"testing"
)

func TestAgain(t *testing.T) {
	for _, name := range []string{"passes", "is skipped", "fails (1)"} {
		t.Run(name, func(t *testing.T) {
			u := Ordinary(t)
			if Inside(t) {
				if os.Getuid() != u.UID {
					t.Errorf("uid %d; want %d", os.Getuid(), u.UID)
				}
				if name == "is skipped" {
					t.Skip("for a reason")
				}
				if name == "fails (1)" {
					t.Error("for a reason")
				}
				return
			}
			cmd := Again(t, u)
			cmd.Env = append(cmd.Env, "NSLAUNCH_REQUIRE=")
			t.Setenv("NSLAUNCH_REQUIRE", "")
			fake := &fakeT{TB: t}
			func() {
				defer func() { _ = recover() }()
				RunAgain(fake, cmd)
			}()
			if failed := strings.Contains(fake.failed, "for a reason"); failed != (name == "fails (1)") {
				t.Errorf("failed: %q", fake.failed)
			}
			if skipped := strings.Contains(fake.skipped, "for a reason"); skipped != (name == "is skipped") {
				t.Errorf("skipped: %q", fake.skipped)
			}
		})
	}
}

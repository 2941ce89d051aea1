package systest

import (
	"fmt"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Way is a profile. Ways differ in what the command's parent is and whether that is
// in the same pid namespace.
type Way struct{ Name, Profile string }

// The namespaces of profiles: all new, or the user namespace alone.
const (
	AllNew   = "namespaces = \"new\"\n"
	OnlyUser = "namespaces = { user = \"new\" }\n"
)

// Ways are those without a namespace to join.
func Ways() []Way {
	return []Way{{"init", AllNew}, {"user namespace only", OnlyUser}, {"no namespace", ""}}
}

// EachWay runs a test in every way, as every user, with the profile's text.
func EachWay(t *testing.T, test func(t *testing.T, u nstest.User, profile string)) {
	t.Helper()
	for _, w := range Ways() {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			nstest.EachUser(t, func(t *testing.T, u nstest.User) { test(t, u, w.Profile) })
		})
	}
	t.Run("joined pid namespace", func(t *testing.T) {
		t.Parallel()
		nstest.EachUser(t, func(t *testing.T, u nstest.User) {
			h := Hold(t, ProfileCommand(t, u, "version = 1\n"+AllNew, "cat"))
			test(t, u, fmt.Sprintf("namespaces = { user = \"pid:%[1]d\", mount = \"pid:%[1]d\", pid = \"pid:%[1]d\" }\n", h.PID))
		})
	})
}
